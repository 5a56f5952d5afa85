"""What a counter grew by, as promtool evaluates it: what was counted between two scrapes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from obs.artifacts import yaml_text
from obs.catalogue import aws
from obs.catalogue.growth import growth, recalled_growth
from obs.catalogue.query import duration
from tests.integration.promtool import judged, needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

WINDOW = 300
STEP = 15
METRIC = aws.FAILED_INVOCATIONS
GROWTH = growth(METRIC, aws.RULE, (), WINDOW)
RECALL = recalled_growth(METRIC, aws.RULE, (), WINDOW)


def series(rule: str, collector: str = "a") -> str:
    return f'{METRIC.name}{{aws="x",bus="b",rule="{rule}",instance="{collector}"}}'


def expectation(at: int, expr: str, rule: str, value: float | None) -> dict[str, object]:
    of_rule = f'({expr}) and on (rule) label_replace(vector(1), "rule", "{rule}", "", "")'
    labels = f'{{aws="x", bus="b", rule="{rule}"}}'
    samples = [] if value is None else [{"labels": labels, "value": value}]
    return {"eval_time": duration(at), "expr": of_rule, "exp_samples": samples}


def judge(
    folder: Path, interval: int, given: Mapping[str, str], expected: Iterable[dict[str, object]]
) -> bool:
    test = {
        "interval": duration(interval),
        "input_series": [{"series": name, "values": values} for name, values in given.items()],
        "promql_expr_test": list(expected),
    }
    (folder / "rules.yaml").write_text(yaml_text({"groups": []}))
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "15s", "tests": [test]}
    (folder / "test.yaml").write_text(yaml_text(document))
    return judged(folder, ["test.yaml"])["test.yaml"]


@pytest.mark.parametrize("interval", [15, 30, 60])
def test_a_count_is_exact_wherever_the_counter_begins_and_whenever_it_is_scraped(
    tmp_path: Path, interval: int
) -> None:
    random = Random(interval)
    totals = {}
    for rule, begin, burst in (("five", 0, 5), ("six", 4, 6), ("19", 10**6, 19), ("many", 1, 1)):
        total, values = begin, []
        for scrape in range(1800 // interval):
            left = burst if scrape * interval == 600 else 0
            total += left or (random.randrange(3) if rule == "many" else 0)
            values.append(total)
        totals[rule] = values
    expected = []
    for at in range(WINDOW, 1740, 7):  # 7 s: every phase of every interval
        for rule, values in totals.items():
            grown = values[at // interval] - values[(at - WINDOW) // interval]
            expected.append(expectation(at, GROWTH, rule, grown))
            expected.append(expectation(at, f"({GROWTH}) > 5", rule, grown if grown > 5 else None))
    given = {series(rule): " ".join(map(str, values)) for rule, values in totals.items()}
    assert judge(tmp_path, interval, given, expected)


@dataclass(frozen=True)
class Story:
    """What the collectors of one object export, each from when on, and what is counted when.

    Seconds; None where nothing is exported, or counted.
    """

    collectors: tuple[Mapping[int, float | None], ...]
    counted: Mapping[int, float | None]
    end: int = 2100

    @property
    def series(self) -> dict[str, str]:
        return {series("r", str(i)): self._values(each) for i, each in enumerate(self.collectors)}

    def _values(self, exported: Mapping[int, float | None]) -> str:
        words, last = [], None
        for at in range(0, self.end, STEP):
            value = exported[max(begin for begin in exported if begin <= at)]
            gone = "stale" if last is not None else "_"
            words.append(gone if value is None else str(value))
            last = value
        return " ".join(words)


STORIES = {
    "failures while a collector is replaced by one at another address": Story(
        ({0: 1000, 600: None}, {0: None, 780: 1050}),
        {585: 0, 600: None, 780: 50, 1065: 50, 1079: 50, 1080: 0},
    ),
    "failures while a collector at the same address is replaced": Story(
        ({0: 3, 600: None, 705: 6},), {585: 0, 690: None, 705: 3, 1004: 3, 1005: 0}
    ),
    "a gap that is longer than the window": Story(
        ({0: 3, 600: None}, {0: None, 1200: 6}), {1200: 3, 1499: 3, 1500: 0}
    ),
    "an object that is seen for the first time with a history": Story(
        ({0: None, 600: 1000, 720: 1003},), {600: 0, 719: 0, 720: 3, 1019: 3, 1020: 0}
    ),
    "of two collectors the one that counted more dies": Story(
        ({0: 1000, 600: None}, {0: 10, 900: 12}), {585: 0, 600: 0, 900: 2, 1199: 2, 1200: 0}
    ),
    "of two collectors the one that counted more was away for long": Story(
        ({0: 1000, 600: None, 5400: 2000}, {0: 10}),
        {600: 0, 4800: 0, 5400: 0, 5699: 0, 5700: 0},
        end=6000,
    ),
    "both of two collectors are replaced": Story(
        (
            {0: 1000, 600: None},
            {0: 10, 600: None},
            {0: None, 720: 1004},
            {0: None, 720: 14},
        ),
        {720: 4, 1019: 4, 1020: 0},
    ),
    "a state that moves to another host and back": Story(
        ({0: 100, 600: None, 1200: 200}, {0: None, 600: 100, 900: 198, 1200: None}),
        {600: 0, 899: 0, 900: 98, 1199: 98, 1200: 2, 1499: 2, 1500: 0},
    ),
    "a counter that begins anew": Story(({0: 100, 600: 7},), {585: 0, 600: 7, 899: 7, 900: 0}),
    "a low counter that begins anew and soon has more": Story(
        ({0: 3, 600: 0, 660: 6},), {600: 0, 660: 6, 899: 6}
    ),
    "a collector that goes on from what it had last saved": Story(
        ({0: 1000, 600: 998, 660: 999},), {600: 0, 659: 0, 660: 1, 959: 1, 960: 0}
    ),
    "a replacement without its predecessor's state": Story(
        ({0: 1000, 600: None}, {0: None, 660: 0, 720: 7}), {660: 0, 720: 7, 1019: 7, 1020: 0}
    ),
    "Prometheus itself was away": Story(
        ({0: 5, 600: None, 1500: 9},), {585: 0, 1500: 4, 1799: 4, 1800: 0}
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_exactly_what_happened_is_counted(tmp_path: Path, name: str) -> None:
    story = STORIES[name]
    expected = [expectation(at, GROWTH, "r", counted) for at, counted in story.counted.items()]
    assert judge(tmp_path, STEP, story.series, expected)


def test_what_is_recalled_of_a_replaced_collector_is_exact_too(tmp_path: Path) -> None:
    story = STORIES["failures while a collector is replaced by one at another address"]
    expected = [expectation(at, RECALL, "r", counted) for at, counted in story.counted.items()]
    assert judge(tmp_path, STEP, story.series, expected)
