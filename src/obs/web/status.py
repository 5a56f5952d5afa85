"""The JSON of /api/v1/status: what the status page and `obs status` show.

Times are Unix seconds, durations seconds, ratios 0 to 1 unless a field says otherwise. JSON has no
infinity: a number that is infinite or not a number is written as null, and each field says what
its null means. Within `api_version` 1 fields may be added; none goes or changes its meaning.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

import msgspec

Level = Literal["ok", "warning", "critical", "unknown"]
SloState = Literal["ok", "burning", "exhausted", "no_data", "too_few"]


class Problem(msgspec.Struct, frozen=True):
    """One thing that somebody should look at, in one sentence."""

    level: Level
    kind: str  # slo, source, push, or what a row of a kind of source is: consumer, rule, …
    name: str
    text: str


class HealthVerdict(msgspec.Struct, frozen=True):
    """Is the system healthy? `problems` are the worst first and may be cut; `found` counts all."""

    level: Level
    headline: str
    problems: tuple[Problem, ...] = ()
    found: int = 0


class SloStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One objective. The mappings are by window label: {"5m": …, "1h": …, "30d": …}."""

    name: str
    service: str
    object: str = ""  # what it is for, of an SLO over many objects
    description: str = ""
    labels: dict[str, str] = {}  # with team and owner
    links: dict[str, str] = {}  # by name
    sli: str  # in words: "invocations of oms-events/* that did not fail"
    objective_percent: float
    window: str  # 30d
    state: SloState
    urgent: bool = False  # burning at a pace that pages somebody
    reasons: tuple[str, ...] = ()  # short sentences
    budget_remaining: float | None  # 1: untouched, below 0: overspent; null: no data, or too few
    burn_rates: dict[str, float | None]  # null: no events in the window
    error_ratios: dict[str, float | None]  # null: no events in the window
    exhaustion_seconds: float | None  # null: never at the present pace, or no data
    good: float  # events in the SLO's window
    total: float
    watermark: float | None  # end of the windows; null: no data yet
    silent: bool = False  # its source is up, but no data has arrived for a long time
    resets_at: float | None = None  # end of the calendar period; null: rolling
    in_maintenance: bool = False  # at the watermark, where events do not count
    budget_history: tuple[float | None, ...] = ()  # evenly spaced, oldest first; may be empty

    @property
    def called(self) -> str:
        """Its name, with the object that it is for."""
        return f"{self.name} of {self.object}" if self.object else self.name


class RecordedSlo(msgspec.Struct, frozen=True, kw_only=True):
    """One objective that rules of another server evaluate, so that no number of it is here."""

    name: str
    service: str
    description: str = ""
    sli: str  # in words
    objective_percent: float
    window: str  # 30d
    source: str  # of the spec, whose server has its series
    url: str  # of that server, without secrets


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a source, in a list that the source's kind adds to the document."""

    def problem(self) -> Problem | None:
        """What is wrong with it, if anything."""
        return None

    def order(self) -> tuple[Any, ...]:
        """Sorts a list: what is worst comes first, equals stay as they are."""
        return ()

    def completed(self) -> Self:
        """With what follows from its other fields."""
        return self


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One system that is polled."""

    name: str
    kind: str  # a field of the spec's `sources`
    words: str = ""  # the kind's name for people
    up: bool  # the last poll succeeded
    required: bool
    last_success: float | None  # null: no successful poll yet
    age_seconds: float | None  # of the last success, at generated_at; null: no successful poll yet
    stale_after: float
    poll_seconds: float
    poll_duration_seconds: float | None = None  # of the last poll; null: none finished
    series: int = 0
    error: str | None = None  # of the last poll, without secrets; null: none
    error_reason: str | None = None  # one of obs.errors.REASONS
    withdrawn: tuple[str, ...] = ()  # what has no series though nothing says it was deleted
    notes: tuple[str, ...] = ()  # what it does differently for now, as to keep a budget
    has_no: str | None = None  # stream, rule …: what it has none of, so that nothing is monitored


class SpecObjectStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An object that the spec names and that does not exist, or does nothing; `text` says so."""

    source: str
    kind: str  # bus, rule, queue, function, stream, consumer …
    object: str
    path: str  # where the spec names it first
    level: Level
    text: str


SinkName = Literal["otlp", "cloudwatch", "remote_write"]
"""The outputs that data is pushed to."""


class PushStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One way out besides /metrics."""

    sink: SinkName
    target: str  # endpoint or namespace, without secrets
    up: bool  # the last push was accepted
    last_success: float | None  # null: never
    every_seconds: float
    next_push: float | None = None  # later than usual where a receiver asks for a pause; null: soon
    rejected_points: int = 0  # since the start
    dropped_points: int = 0  # since the start
    pending_points: int | None = None  # wait for the receiver; null: it keeps none
    error: str | None = None
    error_reason: str | None = None


class LeaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """This collector's part in the lease by which one of several leads."""

    leads: bool  # it polls what costs money, and pushes
    holder: str  # HOST:PID:DIGITS of the leader, as last seen; empty: nobody
    epoch: int  # how often the lease was taken
    error: str = ""  # why it cannot be read or renewed


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at `generated_at`; obs.web.verdict.complete fills `verdict` and the order."""

    api_version: Literal[1] = 1
    system: str
    environment: str
    description: str = ""
    version: str
    shard: str = ""  # 2/5: the part of the system that this collector watches; empty: all of it
    generated_at: float
    uptime_seconds: float
    spec_refused: str = ""  # why a changed spec is not in force; the one before it is
    lease: LeaseStatus | None = None  # null: the spec has no ha
    verdict: HealthVerdict = HealthVerdict("unknown", "")
    slos_by_rules: tuple[str, ...] = ()  # service/name of those that rules evaluate, not this
    recorded_slos: tuple[RecordedSlo, ...] = ()  # the same, with where to look
    slos: tuple[SloStatus, ...] = ()
    lists: Mapping[str, tuple[StatusRow, ...]] = {}  # of the kinds of source: consumers, rules, …
    sources: tuple[SourceStatus, ...] = ()
    pushes: tuple[PushStatus, ...] = ()
    spec_objects: tuple[SpecObjectStatus, ...] = ()  # those that are missing or idle
    figures: Mapping[str, float | None] = {}  # of the kinds of source: aws_cost_dollars_per_month

    @property
    def role(self) -> str:
        """Of several collectors: whether this one leads, after a comma; else empty."""
        if self.lease is None:
            return ""
        return ", leads" if self.lease.leads else ", stands by"


_UNFOLDED: Final = ("lists", "figures")
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What is raised for a document that is none."""
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Status)


def encode(status: Status) -> bytes:
    """The document as JSON; infinite numbers and NaN become null.

    The lists and figures of the kinds of source are fields like the others there.
    """
    document: dict[str, object] = {}
    for name in status.__struct_fields__:
        value = getattr(status, name)
        if name in _UNFOLDED:
            document.update(value)
        else:
            document[name] = value
    return _ENCODER.encode(document)


def decode(document: bytes) -> Status:
    """The status of a document, without the lists and figures of the kinds of source.

    Raises one of UNREADABLE where it is none.
    """
    return _DECODER.decode(document)


def decode_whole(document: bytes, rows: Mapping[str, type[StatusRow]]) -> Status:
    """The status of a document with the lists of these names and rows, and all figures.

    Raises one of UNREADABLE where it is none.
    """
    fields = msgspec.json.decode(document)
    status = msgspec.convert(fields, Status)
    lists = {
        name: tuple(msgspec.convert(fields.get(name, ()), list[row]))  # type: ignore[valid-type]
        for name, row in rows.items()
    }
    known = {*status.__struct_fields__, *rows}
    figures = {
        name: value
        for name, value in fields.items()
        if name not in known and isinstance(value, int | float | None)
    }
    return msgspec.structs.replace(status, lists=lists, figures=figures)
