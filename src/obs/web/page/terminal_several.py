"""What several collectors say of their health, together, for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obs.web.page.columns import cut
from obs.web.page.document import TONES
from obs.web.page.figures import duration
from obs.web.page.terminal import MARKS, Paint, Shown, block
from obs.web.status import Level, Problem, Status
from obs.web.verdict import by_level


@dataclass(frozen=True, slots=True)
class Answer:
    """Of the collector at an address: its complete status, or why there is none."""

    address: str
    status: Status | None = None
    error: str = ""

    @property
    def level(self) -> Level:
        """Its verdict's; of one that does not answer nothing is known."""
        return self.status.verdict.level if self.status else "unknown"

    @property
    def called(self) -> str:
        """Its shard, or its address."""
        shard = self.status.shard if self.status else ""
        return f"shard {shard}" if shard else self.address


def lines_of_several(answers: Sequence[Answer], width: int, paint: Paint) -> Iterator[str]:
    """A row for each collector, then what needs attention, in lines of at most `width`."""
    heads = ("Collector", "Shard", "System", "Sources", "Objectives", "Running", "State")
    rows = [[Shown(each) for each in heads], *map(_row, answers)]
    _, *table = block("Collectors", "", rows, width, paint)
    yield from table
    problems = list(_problems(answers))
    if problems:
        yield from ("", "PROBLEMS")
    for called, problem in problems:
        line = f"{problem.level:9}{called}: {problem.text}"
        yield paint(cut(line, width), TONES[problem.level])
    if missing := missing_shards(answers):
        yield ""
        yield paint(cut(f"Not among these: {', '.join(missing)}", width), "warn")


def missing_shards(answers: Sequence[Answer]) -> list[str]:
    """The shards, as `4/5`, of which none of the collectors is."""
    known = {each.status.shard for each in answers if each.status and each.status.shard}
    counts = {shard.partition("/")[2] for shard in known}
    every = [f"{number}/{of}" for of in sorted(counts) for number in range(1, int(of) + 1)]
    return [each for each in every if each not in known]


def _row(answer: Answer) -> list[Shown]:
    status = answer.status
    if status is None:
        nothing = [Shown("")] * 5
        return [Shown(answer.address), *nothing, Shown(f"? {answer.error}", "bad")]
    up = sum(source.up for source in status.sources)
    met = sum(slo.state == "ok" for slo in status.slos)
    return [
        Shown(answer.address),
        Shown(status.shard),
        Shown(f"{status.system} · {status.environment}"),
        Shown(f"{up} of {len(status.sources)} up"),
        Shown(f"{met} of {len(status.slos)} met" if status.slos else ""),
        Shown(f"{duration(status.uptime_seconds)}{status.role}"),
        Shown(f"{MARKS[answer.level]} {status.verdict.headline}", TONES[answer.level]),
    ]


def _problems(answers: Sequence[Answer]) -> list[tuple[str, Problem]]:
    found = [
        (answer.called, problem)
        for answer in answers
        if answer.status
        for problem in answer.status.verdict.problems
    ]
    return sorted(found, key=lambda each: by_level(each[1]))
