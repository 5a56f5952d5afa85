"""What the state file keeps of sources and SLOs that left the spec, and for how long."""

from pathlib import Path

import pytest

from obs.collector.leftovers import KEPT, forget_sources
from obs.collector.objectives import Objectives
from obs.slo.windows import DAY, HOUR
from obs.spec.slos import Slo
from obs.spec.system import System
from obs.state import State, open_state
from tests.unit.collector.example_slos import KEEPS_UP, START, Consumers, numbers

NOW = float(START)
SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "s",
        "sources": {"nats": {"main": {"monitor": ["http://n:8222"], "discover": False}}},
    }
)
ENTRIES = (
    ("nats_history", "main"),
    ("nats_history", "gone"),
    ("cloudwatch_total", "gone\x1fbus\x1frule\x1fInvocations"),
    ("probe_target", "gone/home"),
    ("aws_spending", "gone"),
    ("lease", "epoch"),
    ("slo", "gone/slo"),
)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state file."""
    return open_state(tmp_path, pytest.fail)


def kept(state: State) -> set[tuple[str, str]]:
    state.flush()
    return {each for each in state.entry_keys() if each[0] != "left_spec"}


def test_what_is_known_of_a_source_stays_for_hours_after_it_left_the_spec(state: State) -> None:
    for kind, key in ENTRIES:
        state.put(kind, key, b"x")
    state.flush()
    for hours in (0, 1, KEPT / HOUR):
        forget_sources(state, SYSTEM, NOW + hours * HOUR)
        assert kept(state) == set(ENTRIES)
    forget_sources(state, SYSTEM, NOW + KEPT + 1)
    # What it has spent this month counts also if it is put back.
    stays = {("nats_history", "main"), ("aws_spending", "gone"), ("lease", "epoch")}
    assert kept(state) == {*stays, ("slo", "gone/slo")}
    assert state.entries("left_spec") == {}


def test_the_hours_begin_anew_for_a_source_that_was_put_back(state: State) -> None:
    state.put("nats_history", "main", b"x")
    state.flush()
    without = SYSTEM.model_copy(update={"sources": type(SYSTEM.sources)()})
    for at, system in ((0, without), (HOUR, SYSTEM), (KEPT + 1, without), (2 * KEPT, without)):
        forget_sources(state, system, NOW + at)
        assert kept(state) == {("nats_history", "main")}
    forget_sources(state, without, NOW + 2 * KEPT + 2)
    assert kept(state) == set()


def test_a_damaged_note_of_when_a_source_left_begins_anew(state: State) -> None:
    state.put("nats_history", "gone", b"x")
    state.put("left_spec", "gone", b"\xc1")
    state.flush()
    forget_sources(state, SYSTEM, NOW)
    assert kept(state) == {("nats_history", "gone")}
    forget_sources(state, SYSTEM, NOW + KEPT + 1)
    assert kept(state) == set()


def test_an_slo_that_left_the_spec_is_forgotten_once_its_window_is_over(state: State) -> None:
    def slos(*them: Slo, now: float) -> Objectives:
        return Objectives(them, state, lambda: pytest.fail("damaged"), now)

    first = slos(KEEPS_UP, now=NOW)
    for second in (0, 60, 120):
        first.update("main", Consumers(START + second, numbers(lag_seconds=5.0)))
    state.flush()
    measured = first.all[0].watermark
    assert measured is not None
    slos(now=measured + 30 * DAY)
    state.flush()
    assert slos(KEEPS_UP, now=measured).all[0].watermark == measured  # it has come back
    slos(now=measured + 30 * DAY + 900 + DAY)
    state.flush()
    assert state.entry_keys() == []
    assert state.ledgers() == []
