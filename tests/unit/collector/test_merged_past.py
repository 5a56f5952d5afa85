"""The past of an objective that was one shard's and then another's."""

from hypothesis import given
from hypothesis import strategies as st

from obs.collector.merged_past import merged
from obs.slo_report.told import measured
from obs.web.slo_history import SloPast

STEP = 900


def past(start: int, events: list[tuple[int, int]], name: str = "lag") -> SloPast:
    """So many (total, bad) events in the steps from `start` on, counted in steps."""
    return SloPast(
        name=name,
        service="shop",
        sli="x",
        objective_percent=99.0,
        window="30d",
        minutes=False,
        known_from=float(start * STEP) if events else None,
        known_until=float((start + len(events)) * STEP) if events else None,
        step=STEP,
        start=start * STEP if events else 0,
        total=tuple(float(total) for total, _ in events),
        bad=tuple((at, float(bad)) for at, (_, bad) in enumerate(events) if bad),
    )


EVENTS = st.lists(st.tuples(st.integers(5, 9), st.integers(0, 5)), max_size=6)
PARTS = st.lists(st.builds(past, st.integers(1, 12), EVENTS), min_size=1, max_size=4)


def steps(of: SloPast) -> dict[int, tuple[float, float]]:
    bad = dict(of.bad)
    return {
        of.start + at * STEP: (total, bad.get(at, 0.0))
        for at, total in enumerate(of.total)
        if total
    }


@given(PARTS)
def test_every_step_has_the_events_of_the_shard_that_saw_most(parts: list[SloPast]) -> None:
    expected: dict[int, tuple[float, float]] = {}
    for part in parts:
        for step, events in steps(part).items():
            expected[step] = max(expected.get(step, (0.0, 0.0)), events)
    (found,) = merged(parts)
    assert steps(found) == expected
    known = [part for part in parts if part.known_from is not None]
    assert found.known_from == min(
        (part.known_from for part in known if part.known_from), default=None
    )
    assert found.known_until == max(
        (part.known_until for part in known if part.known_until), default=None
    )
    measured(found)  # is a history that a report takes


def test_other_objectives_stay_apart_in_their_order() -> None:
    found = merged([past(0, [], "b"), past(0, [], "a"), past(3, [(5, 1)], "b")])
    assert [(each.name, each.total) for each in found] == [("b", (5.0,)), ("a", ())]
