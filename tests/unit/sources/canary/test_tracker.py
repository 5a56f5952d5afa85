"""What becomes of a canary's events, over polls and restarts."""

from pathlib import Path

import pytest

from obs.errors import SourceError
from obs.snapshot.canary import Accepted, Arrival, CanarySnapshot, Seen
from obs.sources.canary.status import canary_row
from obs.sources.canary.tracker import CanaryTracker
from obs.spec.canary import CanarySource
from obs.state import State, open_state

AT = 1_800_000_000.0
SPEC = CanarySource.model_validate(
    {"nats": {"source": "main", "stream": "S", "subject": "s.canary"}}
)
NOTHING = Seen()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def tracker(state: State) -> CanaryTracker:
    return CanaryTracker("orders", SPEC, state, pytest.fail, AT)


def published(of: CanaryTracker, slot: int, seen: Seen = NOTHING) -> dict[str, float | None]:
    """The event of a minute, and what was seen at once."""
    at = AT + 60 * slot
    event = Accepted(f"e{slot}", at, slot + 1)
    return polled(of, CanarySnapshot(at, slot=at, accepted=event, seen=seen))


def polled(of: CanaryTracker, snapshot: CanarySnapshot) -> dict[str, float | None]:
    return {
        family.metric.name.removeprefix("canary_"): family.values[0]
        for family in of.update(snapshot)
    }


def arrival(slot: int, after: float) -> Seen:
    return Seen((Arrival(f"e{slot}", AT + 60 * slot, AT + 60 * slot + after),))


def test_an_event_that_arrives_in_time_is_measured(state: State) -> None:
    of = tracker(state)
    found = published(of, 0, arrival(0, 0.25))
    assert (found["last_latency_seconds"], found["unarrived_seconds"]) == (0.25, 0)
    assert (found["latency_seconds"], found["published_total"], found["stage"]) == (1, 1, 0)
    assert of.outcomes == ((AT, 0.25),)


def test_one_that_does_not_is_lost_once_and_says_where_it_stopped(state: State) -> None:
    of = tracker(state)
    published(of, 0)
    assert of.undecided_since == AT
    assert polled(of, CanarySnapshot(AT + 29, seen=NOTHING))["lost_total"] == 0
    for _ in range(2):
        found = polled(of, CanarySnapshot(AT + 30, seen=Seen(stages={"e0": 1})))
        assert (found["lost_total"], found["stage"], found["unarrived_seconds"]) == (1, 1, 30)
    assert of.undecided_since is None
    row = canary_row(of)
    problem = row.problem()
    assert problem is not None
    assert problem.text == "Canary orders: the last event was not acknowledged"


def test_one_that_arrives_after_all_stays_lost_and_ends_the_gap(state: State) -> None:
    of = tracker(state)
    published(of, 0)
    polled(of, CanarySnapshot(AT + 30, seen=NOTHING))
    assert of.outcomes == ((AT, None),)
    found = polled(of, CanarySnapshot(AT + 45, seen=arrival(0, 40)))
    assert (found["lost_total"], found["late_total"], found["unarrived_seconds"]) == (1, 1, 0)
    assert found["last_latency_seconds"] == 40
    assert not of.outcomes


def test_nothing_arriving_is_counted_from_the_first_event_after_the_last_arrival(
    state: State,
) -> None:
    of = tracker(state)
    published(of, 0, arrival(0, 1))
    published(of, 1)
    assert published(of, 2)["unarrived_seconds"] == 60
    found = polled(of, CanarySnapshot(AT + 125, seen=arrival(1, 64)))
    assert found["unarrived_seconds"] == 5  # the event after it has not arrived


def test_a_second_arrival_is_a_duplicate_also_after_a_restart(state: State) -> None:
    published(tracker(state), 0, arrival(0, 1))
    state.flush()
    found = polled(tracker(state), CanarySnapshot(AT + 5, seen=arrival(0, 4)))
    assert (found["duplicates_total"], found["latency_seconds"]) == (1, 1)


def test_an_event_of_somebody_else_is_ignored(state: State) -> None:
    of = tracker(state)
    found = polled(of, CanarySnapshot(AT, seen=arrival(7, 1)))
    assert (found["latency_seconds"], found["duplicates_total"]) == (0, 0)
    assert found["unarrived_seconds"] is None


def test_what_another_collector_saw_arrive_is_neither_lost_nor_timed(state: State) -> None:
    of = tracker(state)
    published(of, 0)
    found = polled(of, CanarySnapshot(AT + 30, seen=Seen(taken=frozenset({"e0"}))))
    assert (found["lost_total"], found["latency_seconds"], found["stage"]) == (0, 0, 0)


def test_what_arrived_while_nobody_listened_is_given_time_again(state: State) -> None:
    of = tracker(state)
    published(of, 0)
    later = AT + 600
    found = polled(of, CanarySnapshot(later, seen=NOTHING, resumed=later))
    assert (found["lost_total"], found["unarrived_seconds"]) == (0, 0)
    heard = Seen((Arrival("e0", AT, later + 1),))
    found = polled(of, CanarySnapshot(later + 1, seen=heard, resumed=later))
    assert (found["latency_seconds"], found["late_total"]) == (0, 0)
    assert found["last_arrival_timestamp_seconds"] == later + 1


def test_a_poll_that_could_not_look_loses_nothing_and_is_a_fault(state: State) -> None:
    of = tracker(state)
    published(of, 0)
    error = SourceError("timeout", "no answer")
    found = polled(of, CanarySnapshot(AT + 40, look_error=error))
    assert (found["lost_total"], found["unarrived_seconds"]) == (0, 40)
    assert of.fault() is error


def test_a_slot_whose_event_could_not_be_published_is_bad_once_it_has_ended(state: State) -> None:
    of = tracker(state)
    error = SourceError("connection", "no stream")
    for at in (AT + 60, AT + 65):
        found = polled(of, CanarySnapshot(at, slot=AT + 60, publish_error=error))
    assert (found["publish_failures_total"], found["stage"]) == (2, 3)
    assert found["unarrived_seconds"] == 5
    assert not of.outcomes
    published(of, 2, arrival(2, 1))
    assert list(of.outcomes) == [(AT + 60, None), (AT + 120, 1.0)]


def test_credentials_that_are_refused_say_nothing_about_the_path(state: State) -> None:
    of = tracker(state)
    found = polled(of, CanarySnapshot(AT, slot=AT, publish_error=SourceError("auth", "no")))
    assert (found["publish_failures_total"], found["stage"]) == (1, None)
    published(of, 1, arrival(1, 1))
    assert of.outcomes == ((AT + 60, 1.0),)
