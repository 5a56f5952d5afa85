"""Whether a source answers, for kinds that have no questions of their own: one poll tells."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obs.checks.check import Check
from obs.checks.finding import right
from obs.errors import SourceError
from obs.sources.kind import AnyKind
from obs.spec.source import SourceSpec
from obs.state import State


@dataclass(frozen=True, slots=True)
class _Clock:
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


def poll_check(kind: AnyKind) -> Check[Any]:
    """The question whether each source of a kind answers."""
    return Check(
        f"{kind.key}-reach",
        f"Does each source of kind {kind.words} answer?",
        lambda system: tuple(system.sources.of(kind.key)),
        f"the spec has no source of kind {kind.words}",
        read=lambda context, name: _polled(kind, name, context.system.sources.of(kind.key)[name]),
        judge=lambda system, name, nothing: [right(name, "answers")],
    )


def _polled(kind: AnyKind, name: str, spec: SourceSpec) -> None:
    """Raises SourceError where the poll fails, or tells too little to count as a success."""
    kind.require_extra(name)
    nothing_saved = State(Path(), None, lambda reason: None)
    tracker = kind.tracker(name, spec, nothing_saved, lambda: None, time.time())
    client = kind.client(spec, time.monotonic)
    try:
        tracker.update(kind.open(name, spec, tracker, client, _Clock()).poll())
    finally:
        if client is not None:
            with suppress(SourceError):
                client.close()
    if fault := tracker.fault():
        raise fault
