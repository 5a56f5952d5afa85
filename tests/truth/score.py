"""What was told against what was true: a row for each consumer, and a table of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.truth.owed import ConsumerTruth, Timeline
from tests.truth.scrapes import Of, Reading, Scrapes

POLL = 0.5
UNSTATED = 1.5 * POLL
"""How far the lag may be off where the collector states no uncertainty."""
TRANSPORT = 0.15
"""Seconds for what lies between a server's answer and the collector's look at its clock."""
KEPT_AT_MOST = 60.0
"""Seconds for which values of a server that does not answer can be kept."""


@dataclass(frozen=True)
class Miss:
    """A lag that the truth lies outside of."""

    beyond: float  # seconds outside value ± uncertainty
    at: float
    told: float
    uncertainty: float | None
    least: float
    most: float
    oldest: str

    def __str__(self) -> str:
        stated = "none" if self.uncertainty is None else f"{self.uncertainty:.2f}"
        return (
            f"told {self.told:.2f} s ± {stated}, true {self.least:.2f}–{self.most:.2f} s "
            f"at {self.at:.2f}; {self.oldest}"
        )


@dataclass
class Row:
    """The score of one kind of consumer."""

    name: str
    readings: int = 0
    not_told: int = 0
    covered: int = 0
    within: int = 0
    kept: int = 0  # readings judged by the last answer of a server that is away
    uncertain: int = 0  # readings while the server itself was wrong: not judged
    messages: int = 0
    messages_right: int = 0
    messages_off: float = 0.0
    misses: list[Miss] = field(default_factory=list)
    miscounts: list[str] = field(default_factory=list)

    @property
    def worst(self) -> Miss | None:
        """The largest miss."""
        return max(self.misses, key=lambda miss: miss.beyond, default=None)

    def add(self, other: "Row") -> None:
        """Count another run's readings as well."""
        for name in ("readings", "not_told", "covered", "within", "kept", "uncertain", "messages"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.messages_right += other.messages_right
        self.messages_off = max(self.messages_off, other.messages_off)
        self.misses += other.misses


def score(
    name: str, source: str, truth: ConsumerTruth, scrapes: Scrapes, addresses: dict[str, str]
) -> Row:
    """`addresses` are those of the source's servers by name, as the metrics have them."""
    row = Row(name)
    of = (truth.stream.name, truth.name)
    timelines = [Timeline(truth, incarnation) for incarnation in truth.incarnations]
    readings = scrapes.readings.get(source, [])
    for index, reading in enumerate(readings):
        address = addresses.get(truth.leader(reading.end) or "")
        begin = _answered(readings, index, of, address)
        timeline = next((t for t in timelines if t.covers(begin, reading.end)), None)
        if timeline is None or begin < reading.end - KEPT_AT_MOST:
            continue
        if of not in reading.seconds:
            existed = timeline.covers(begin - POLL, reading.end)
            row.not_told += existed
            continue
        if timeline.is_uncertain(reading.begin, reading.end):
            row.uncertain += 1
            continue
        row.kept += begin < reading.begin
        _judge(row, of, reading, timeline, begin, lambda at: scrapes.gap(source, at))
    return row


def _answered(readings: Sequence[Reading], index: int, of: Of, leader: str | None) -> float:
    """When the poll began that told what a reading says of a consumer, which `leader` leads.

    A server that stops or recovers answers, but tells only of some consumers.
    """
    while index > 0:
        reading, before = readings[index], readings[index - 1]
        same = reading.seconds.get(of) == before.seconds.get(of)
        if reading.up.get(leader or "") != 0.0 and not (reading.missing and same):
            break
        index -= 1
    return readings[index].begin


def _judge(
    row: Row,
    of: Of,
    reading: Reading,
    timeline: Timeline,
    begin: float,
    gap: Callable[[float], float],
) -> None:
    told, uncertainty = reading.seconds[of], reading.uncertainty.get(of)
    least, most = timeline.seconds(begin, reading.end)
    off = max(least - told, told - most, 0.0)
    beyond = off - TRANSPORT - (UNSTATED if uncertainty is None else uncertainty)
    interval = max(POLL, gap(reading.end - least), gap(reading.end - most))
    row.readings += 1
    row.covered += beyond <= 0
    row.within += off <= interval + TRANSPORT
    if beyond > 0:
        oldest = timeline.oldest(reading.end)
        row.misses.append(Miss(beyond, reading.end, told, uncertainty, least, most, oldest))
    if of in reading.messages:
        fewest, greatest = timeline.messages(begin, reading.end)
        wrong = max(fewest - reading.messages[of], reading.messages[of] - greatest, 0.0)
        row.messages += 1
        row.messages_right += wrong == 0
        row.messages_off = max(row.messages_off, wrong)
        if wrong:
            row.miscounts.append(
                f"told {reading.messages[of]:g} messages, true {fewest}–{greatest} "
                f"at {reading.end:.2f} (poll of {reading.end - begin:.2f} s)"
            )


def table(rows: Iterable[Row]) -> str:
    """Markdown."""
    lines = [
        "| consumer | readings | covered | within one poll | worst miss | messages right "
        "| off by at most | not told | kept | server wrong |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = sorted(rows, key=lambda row: row.name)
    total = Row("**all**")
    for row in rows:
        total.add(row)
    lines += [_line(row) for row in (*rows, total)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    worst = f"{row.worst.beyond:.2f} s" if row.worst else "–"
    cells = (
        row.name,
        str(row.readings),
        _share(row.covered, row.readings),
        _share(row.within, row.readings),
        worst,
        _share(row.messages_right, row.messages),
        f"{row.messages_off:g}",
        _share(row.not_told, row.readings + row.not_told),
        str(row.kept),
        str(row.uncertain),
    )
    return f"| {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
