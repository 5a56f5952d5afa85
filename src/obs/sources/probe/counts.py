"""What is counted of each target, and goes on over a restart."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from obs.catalogue import probe
from obs.snapshot.probe import Probed
from obs.spec.probe_targets import ProbeTarget
from obs.state import State, decoded

_COUNTS: Final = "probe_target"
_SEPARATOR: Final = "/"  # in no name

_OF_ALL: Final = ("address", "connection", "dns", "refused", "timeout")


class TargetCounts(msgspec.Struct, frozen=True, array_like=True):
    """Probes, failures by reason and in a row, and the last success (Unix seconds; 0 for none)."""

    probes: int = 0
    failed: dict[str, int] = {}
    in_a_row: int = 0
    last_success: float = 0.0

    def after(self, each: Probed, at: float) -> "TargetCounts":
        """With one more probe, which began at `at`; as they are where it could not be sent."""
        if each.up is None:
            return self
        if each.up:
            return TargetCounts(self.probes + 1, self.failed, 0, at)
        failed = {**self.failed, each.failure: self.failed.get(each.failure, 0) + 1}
        return TargetCounts(self.probes + 1, failed, self.in_a_row + 1, self.last_success)

    @property
    def failures(self) -> int:
        """For whatever reason."""
        return sum(self.failed.values())


def reasons_of(target: ProbeTarget) -> tuple[str, ...]:
    """The reasons for which its probes can fail."""
    if target.http:
        return probe.FAILURES if target.encrypted or target.redirects else _WITHOUT_TLS
    return (*_OF_ALL, "tls") if target.tls else _OF_ALL


_WITHOUT_TLS: Final = tuple(reason for reason in probe.FAILURES if reason != "tls")


def restored(
    source: str, targets: tuple[ProbeTarget, ...], state: State, on_damage: Callable[[], None]
) -> dict[str, TargetCounts]:
    """Counts of each target by its name, from the state file; forgets those of other targets."""
    names = {target.name for target in targets}
    found = dict.fromkeys(names, TargetCounts())
    for key, value in state.entries(_COUNTS).items():
        of, _, name = key.partition(_SEPARATOR)
        if of != source:
            continue
        if name not in names:
            state.remove(_COUNTS, key)
            continue
        try:
            found[name] = decoded(value, TargetCounts)
        except ValueError:
            on_damage()
    return found


def save(source: str, counts: Mapping[str, TargetCounts], state: State) -> None:
    """Queue all for the state file."""
    for name, each in counts.items():
        state.put(_COUNTS, f"{source}{_SEPARATOR}{name}", msgspec.msgpack.encode(each))
