"""SLOs over many objects, composites, time slices and metrics against a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.catalogue import nats
from obs.collector import split_slos
from obs.collector.objectives import Objectives
from obs.collector.slo_history import saved
from obs.families.family import Family, RowCache, Rows
from obs.families.slo import slo_families
from obs.slis.consumers import ConsumerNumbers
from obs.snapshot.nats import NatsSnapshot
from obs.spec.slis import ConsumerSli
from obs.spec.slos import Slo
from obs.state import State, open_state
from tests.unit.collector.example_slos import (
    DELIVERY,
    KEEPS_UP,
    PAID,
    SENT,
    START,
    Rules,
    aws_snapshot,
    numbers,
)


def slo(name: str, sli: Mapping[str, Any], **fields: Any) -> Slo:
    whole = {"name": name, "service": "orders", "objective": 99.0, "sli": sli, **fields}
    return Slo.model_validate(whole)


EACH = slo(
    "each",
    {
        "nats_lag": {
            "source": "main",
            "stream": "S*",
            "consumer": "*",
            "by": "consumer",
            "max_seconds": "30s",
        }
    },
    max_objects=2,
)
BY_RULE = slo(
    "by-rule", {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["*"], "by": "rule"}}
)
ALL_RULES = slo("all", {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["*"]}})


@dataclass
class Named:
    """The tracker of a NATS source whose consumers have these lags (seconds)."""

    at: float
    lags: Mapping[str, float | None]

    @property
    def snapshot(self) -> NatsSnapshot:
        return NatsSnapshot(self.at, (), (), ())

    def named_like(self, sli: ConsumerSli) -> list[tuple[str, str]]:
        return [("S", name) for name in self.lags]

    def numbers(self, sli: ConsumerSli) -> list[ConsumerNumbers]:
        return [numbers(lag_seconds=self.lags[sli.consumer])] if sli.consumer in self.lags else []


def objectives(folder: Path, *slos: Slo) -> Objectives:
    return Objectives(slos, state_in(folder), lambda: pytest.fail("damaged"), START)


def state_in(folder: Path) -> State:
    return open_state(folder, pytest.fail)


def poll(of: Objectives, minutes: range, **lags: float | None) -> None:
    for minute in minutes:
        at = START + 60 * minute
        of.update("main", Named(at, lags), at)


def budgets(of: Objectives) -> dict[str, float | None]:
    return {
        each.of: each.evaluation.budget_remaining if each.evaluation else None for each in of.all
    }


def test_only_the_object_that_is_bad_spends_its_budget(tmp_path: Path) -> None:
    of = objectives(tmp_path, EACH)
    assert of.all == ()
    poll(of, range(20), fast=1.0, slow=99.0)
    left = budgets(of)
    assert left["S/fast"] == 1.0
    assert left["S/slow"] is not None
    assert left["S/slow"] < 1.0


def test_objects_beyond_the_most_are_counted_and_those_that_were_first_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of = objectives(tmp_path, EACH)
    poll(of, range(1), n=1.0, z=1.0)
    poll(of, range(1, 3), a=1.0, n=1.0, z=1.0)
    assert list(budgets(of)) == ["S/n", "S/z"]
    assert of.split_counts({"main"}) == [("each", "orders", 2, 1)]
    assert caplog.text.count("1 of 3 consumers have no error budget: raise max_objects (2)") == 1
    poll(of, range(3, 4), a=1.0, z=1.0)
    assert list(budgets(of)) == ["S/a", "S/z"]
    assert of.split_counts({"main"}) == [("each", "orders", 2, 0)]


def test_an_object_that_comes_back_has_the_budget_that_it_had(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    of = Objectives([EACH], state, lambda: pytest.fail("damaged"), START)
    poll(of, range(10), a=99.0)
    state.flush()
    before = budgets(of)["S/a"]
    poll(of, range(10, 12))
    assert budgets(of) == {}
    assert of.without_objects() == [("each", "orders", ("main",))]
    poll(of, range(12, 13), a=1.0)
    assert budgets(of)["S/a"] == before
    assert of.all[0].asked_since == START + 12 * 60


def test_a_restart_goes_on_with_each_object_and_the_report_knows_them(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    of = Objectives([EACH], state, lambda: pytest.fail("damaged"), START)
    poll(of, range(10), a=99.0, b=1.0)
    state.flush()
    state.close()
    state = state_in(tmp_path)
    past = {each.object: each for each in saved([EACH], state, START + 600)}
    assert past.keys() == {"S/a", "S/b"}
    assert past["S/a"].bad
    again = Objectives([EACH], state, lambda: pytest.fail("damaged"), START + 600)
    poll(again, range(10, 11), a=99.0, b=1.0)
    assert {each.of: each.events.total for each in again.all} == {
        each.of: each.events.total for each in of.all
    }


def test_what_nobody_comes_back_to_leaves_the_state_file(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    of = Objectives([EACH], state, lambda: pytest.fail("damaged"), START)
    poll(of, range(3), a=1.0, b=1.0)
    state.flush()
    assert state.entries("slo").keys() == {"orders/each/S/a", "orders/each/S/b"}
    poll(of, range(3, 4), b=1.0)
    month = 31 * 1440
    poll(of, range(month, month + 1), b=1.0)
    state.flush()
    assert state.entries("slo").keys() == {"orders/each/S/b"}
    assert state.buckets("orders/each/S/a") == []
    assert list(of._entries) == ["orders/each/S/b"]


def test_what_was_gone_before_a_restart_is_forgotten_by_when_it_was_last_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_in(tmp_path)
    of = Objectives([EACH], state, lambda: pytest.fail("damaged"), START)
    poll(of, range(2), b=1.0)
    poll(of, range(2, 4), a=1.0, d=1.0)
    state.flush()
    monkeypatch.setattr(split_slos, "_MOST_GONE", 2)
    month = 30 * 1440
    for minute, left in ((10, "ad"), (month - 5, "ad"), (month + 8, "")):
        again = Objectives([EACH], state, lambda: pytest.fail("damaged"), START + 60 * minute)
        poll(again, range(minute, minute + 1))
        state.flush()
        assert {key.rpartition("/")[2] for key in state.entries("slo")} == set(left)


@settings(max_examples=20, deadline=None)
@given(
    events=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=10,
    )
)
def test_the_parts_of_an_slo_sum_to_the_whole(
    events: list[tuple[int, int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    points: dict[Any, dict[int, float]] = {}
    for minute, (paid, failed, sent, lost) in enumerate(events):
        at = START + 60 * minute
        points.setdefault((PAID, "Invocations"), {})[at] = float(paid + failed)
        points.setdefault((PAID, "FailedInvocations"), {})[at] = float(failed)
        points.setdefault((SENT, "Invocations"), {})[at] = float(sent + lost)
        points.setdefault((SENT, "FailedInvocations"), {})[at] = float(lost)
    of = objectives(tmp_path_factory.mktemp("state"), BY_RULE, ALL_RULES)
    of.update("aws", Rules(aws_snapshot(START + 900, points)), START + 900)
    every = {each.of: each.ledger.counts(3600, START + 900) for each in of.all}
    whole = every.pop("")
    assert every.keys() == {"paid", "sent"}
    assert tuple(map(sum, zip(*every.values(), strict=True))) == whole


def test_a_composite_follows_its_parts_and_their_corrections(tmp_path: Path) -> None:
    parts = {"of": ["keeps-up", "orders/delivery"]}
    of = objectives(
        tmp_path,
        slo("both", {"composite": parts}),
        slo("outer", {"composite": {"of": ["both"]}}),
        KEEPS_UP,
        DELIVERY,
    )
    poll_lag(of, range(10), 1.0)
    points = {(PAID, "Invocations"): {START + 120: 4.0}}
    of.update("aws", Rules(aws_snapshot(START + 600, points)), START + 600)
    both, outer = of.all[:2]
    assert both.sources == outer.sources == ("main", "aws")
    assert both.minute(START + 120) == (1.0, 1.0)
    late = {**points, (PAID, "FailedInvocations"): {START + 120: 1.0}}
    of.update("aws", Rules(aws_snapshot(START + 660, late)), START + 660)
    assert both.minute(START + 120) == outer.minute(START + 120) == (0.75, 1.0)
    assert both.watermark == outer.watermark == START + 540


def poll_lag(of: Objectives, minutes: range, lag: float) -> None:
    for minute in minutes:
        at = START + 60 * minute
        of.update("main", Named(at, {"c": lag}), at)


def test_a_composite_waits_for_the_part_that_knows_least(tmp_path: Path) -> None:
    of = objectives(
        tmp_path, slo("both", {"composite": {"of": ["keeps-up", "delivery"]}}), KEEPS_UP, DELIVERY
    )
    poll_lag(of, range(10), 1.0)
    assert of.all[0].watermark is None


@settings(max_examples=20, deadline=None)
@given(lags=st.lists(st.sampled_from([1.0, 99.0, None]), min_size=2, max_size=30))
def test_a_composite_of_one_part_equals_the_part(
    lags: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("state")
    of = objectives(folder, KEEPS_UP, slo("one", {"composite": {"of": ["keeps-up"]}}))
    for second, lag in enumerate(lags):
        at = START + 20 * second
        of.update("main", Named(at, {"c": lag}), at)
    part, one = of.all
    assert one.ledger.counts(3600, START + 3600) == part.ledger.counts(3600, START + 3600)


def test_with_slices_minutes_are_counted_and_kept_over_a_restart(tmp_path: Path) -> None:
    state = state_in(tmp_path)
    sli = {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["pa*"]}}
    sliced = slo("sliced", sli, slices={"of": "5m", "good_above": "90%"})
    points: dict[Any, dict[int, float]] = {
        (PAID, "Invocations"): {START + 60 * minute: 10.0 for minute in range(7)},
        (PAID, "FailedInvocations"): {START: 6.0},
    }
    of = Objectives([sliced], state, lambda: pytest.fail("damaged"), START - 600)
    of.update("aws", Rules(aws_snapshot(START + 540, points)), START + 540)
    (each,) = of.all
    assert each.ledger.counts(900, START + 900) == (0.0, 5.0)
    assert each.watermark == START + 300
    state.flush()
    state.close()
    again = Objectives([sliced], state_in(tmp_path), lambda: pytest.fail("damaged"), START + 600)
    later = {(PAID, "Invocations"): {START + 540: 10.0}}
    again.update("aws", Rules(aws_snapshot(START + 720, later)), START + 720)
    assert again.all[0].ledger.counts(900, START + 900) == (5.0, 10.0)


@dataclass
class Sampled:
    """A tracker with samples of one metric."""

    at: float
    families: tuple[Family, ...]

    @property
    def snapshot(self) -> NatsSnapshot:
        return NatsSnapshot(self.at, (), (), ())


def test_a_metric_is_judged_against_its_limit_by_its_labels(tmp_path: Path) -> None:
    fits = slo(
        "fits",
        {
            "metric": {
                "source": "main",
                "metric": "nats_stream_bytes",
                "where": {"stream": "ORD*"},
                "below": "1KiB",
            }
        },
    )
    split = {**fits.sli.measured.model_dump(exclude_defaults=True), "by": ["account", "stream"]}
    each = slo("each", {"metric": split})
    of = objectives(tmp_path, fits, each)
    rows = Rows([("main", "A", "ORDERS"), ("main", "A", "ORDERED"), ("main", "A", "OTHER")])
    for minute, size in enumerate((1023, 1024, None, 1)):
        family = Family(nats.STREAM_BYTES, rows, [size, 5, 9999])
        of.update("main", Sampled(START + 60 * minute, (family,)), START)
    whole, *parts = of.all
    assert [whole.minute(START + 60 * minute) for minute in range(3)] == [
        (1.0, 1.0),
        (0.0, 1.0),
        (1.0, 1.0),  # of the two series one is known, and within the limit
    ]
    assert {one.of: one.minute(START + 60) for one in parts} == {
        "A/ORDERS": (0.0, 1.0),
        "A/ORDERED": (1.0, 1.0),
    }


def test_labels_are_on_the_info_series_only(tmp_path: Path) -> None:
    sli = {"nats_lag": {"source": "main", "stream": "S", "consumer": "c", "max_seconds": "30s"}}
    owned = slo("owned", sli, labels={"domain": "x"}, team="billing", owner="jane")
    of = objectives(tmp_path, owned, EACH)
    poll(of, range(3), c=1.0)
    families = slo_families([each.evaluated() for each in of.all], RowCache())
    labels = {(each.metric.name, *each.metric.labels[2:]) for each in families}
    assert ("slo_info", "sli", "objective_percent", "slo_window", "domain", "owner", "team") in (
        labels
    )
    assert ("slo_burn_rate", "window", "slo_object") in labels
    named = {label for name, *rest in labels if name != "slo_info" for label in rest}
    assert named == {"window", "slo_object"}
