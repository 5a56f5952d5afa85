"""The sections of what every collector has: its sources, and where it pushes to."""

from collections.abc import Sequence

from obs.web.page.content import (
    Ago,
    Cell,
    Column,
    KindOnPage,
    Piece,
    Section,
    Table,
    Words,
    fault,
    pill,
    state_of,
    strong,
    sub,
)
from obs.web.page.figures import duration, number, short_duration
from obs.web.status import PushStatus, SourceStatus, Status

_SOURCES = (
    Column("Source", "wide"),
    Column("State"),
    Column("Last success"),
    Column("Interval", "number"),
    Column("Duration", "number"),
    Column("Series", "number"),
)
_PUSHES = (Column("Output", "wide"), Column("State"), Column("Last success"))
_OUTPUTS = {"otlp": "OTLP", "cloudwatch": "CloudWatch", "remote_write": "Remote write"}


def every_section(status: Status, kinds: Sequence[KindOnPage]) -> list[Section]:
    """Those of the kinds of source and the collector's own, in the order of the page."""
    notes = "; ".join(kind.note for kind in kinds if kind.note)
    sections = [each for kind in kinds for each in kind.sections] + own_sections(status, notes)
    return sorted(sections, key=lambda each: each.place)


def own_sections(status: Status, note: str) -> list[Section]:
    """Sources, with a note beside the title, and push targets where there are some."""
    rows = [_source(source) for source in status.sources]
    table = Table("Sources", _SOURCES, rows) if rows else None
    empty = "No sources in the spec."
    sections = [Section("source", "Sources", 60, table, empty=empty, note=note, half=True)]
    if status.pushes:
        pushes = Table("Push targets", _PUSHES, [_push(push) for push in status.pushes])
        sections.append(Section("push", "Push targets", 61, pushes, half=True))
    return sections


def _source(source: SourceStatus) -> tuple[Cell, ...]:
    tone, word = state_of(source)
    kind = (source.words or source.kind) + ("" if source.required else ", optional")
    name: list[Piece] = [strong(source.name), sub(kind)]
    if source.error is not None and not source.up:
        name.append(fault(source.error))
    name += map(sub, source.notes)
    stale = tone == "bad" and source.last_success is not None
    success: list[Piece] = [Ago(source.last_success, "never")]
    if stale:
        success.append(sub(f"stale after {duration(source.stale_after)}"))
    return (
        name,
        pill(tone, word),
        success,
        duration(source.poll_seconds),
        short_duration(source.poll_duration_seconds),
        number(source.series),
    )


def _push(push: PushStatus) -> tuple[Cell, ...]:
    name: list[Piece] = [strong(_OUTPUTS[push.sink]), Words(push.target, "code")]
    if push.error is not None and not push.up:
        name.append(fault(push.error))
    if push.pending_points:
        name.append(sub(f"{number(push.pending_points)} samples wait"))
    if push.dropped_points:
        name.append(sub(f"{number(push.dropped_points)} samples dropped since the start"))
    if push.up:
        state = pill("good", "ok")
    else:
        state = pill("none", "not pushed yet") if push.error is None else pill("bad", "failed")
    every = sub(f"every {duration(push.every_seconds)}")
    return name, state, (Ago(push.last_success, "never"), every)
