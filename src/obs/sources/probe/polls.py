"""A round of probes: each target in a thread of its own, so that a slow one delays no other."""

import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Final

from obs.snapshot.probe import Probed, ProbeSnapshot
from obs.sources.probe.probing import probed
from obs.spec.probe import ProbeSource
from obs.spec.probe_targets import ProbeTarget

_APART: Final = 0.005
"""Seconds between two that start: many handshakes at once would measure each other."""
_GRACE: Final = 0.5  # seconds after its deadline until a probe is given up

Probe = Callable[[ProbeTarget], Probed]


def longest_round(spec: ProbeSource) -> float:
    """Seconds after which a round has ended, whatever happens."""
    longest = max(map(spec.timeout_of, spec.targets))
    return longest + _APART * len(spec.targets) + _GRACE


class ProbeRounds:
    """All targets of one source. The threads are daemons, and at most one a target."""

    def __init__(
        self,
        spec: ProbeSource,
        wall: Callable[[], float],
        probe: Probe | None = None,
    ) -> None:
        """`wall` gives Unix seconds."""
        self._spec = spec
        self._wall = wall
        self._probe = probe or (
            lambda target: probed(target, spec.allowed, spec.timeout_of(target))
        )

    def poll(self) -> ProbeSnapshot:
        """Probe every target. Blocks for at most as long as the slowest may take."""
        at = self._wall()
        found: dict[str, Probed] = {}
        ends = time.monotonic() + longest_round(self._spec)
        threads = [self._started(target, found) for target in self._spec.targets]
        for thread in threads:
            thread.join(max(ends - time.monotonic(), 0.0))
        return ProbeSnapshot(at, tuple(_of(target, found) for target in self._spec.targets))

    def _started(self, target: ProbeTarget, found: dict[str, Probed]) -> threading.Thread:
        def run() -> None:
            found[target.name] = self._probe(target)

        name, work = f"probe {target.name}", copy_context().run
        thread = threading.Thread(target=work, args=(run,), name=name, daemon=True)
        thread.start()
        time.sleep(_APART)
        return thread


def _of(target: ProbeTarget, found: Mapping[str, Probed]) -> Probed:
    return found.get(target.name) or Probed(target.name, failure="timeout", why="timed out")
