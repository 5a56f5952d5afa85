from collections.abc import Mapping
from pathlib import Path

from obs.catalogue import aws, nats
from obs.collector import counter_starts
from obs.collector.counter_starts import CounterStarts
from obs.families.family import Family, Rows, Value
from obs.state import State, open_state

SINCE = 1_790_000_000.0
Totals = Mapping[tuple[str, ...], Value]
A, B, C = (("main", "$G", "S", name) for name in "abc")


def state(folder: Path) -> State:
    return open_state(folder, lambda reason: None)


def damaged() -> None:
    raise AssertionError


def family(totals: Totals, since: float | None = SINCE) -> Family:
    return Family(nats.DELIVERED, Rows(totals), [*totals.values()], since)


def starts(known: CounterStarts, at: float, given: Family) -> dict[tuple[str, ...], float]:
    (found,) = known.of("main", [given], at)
    return {given.rows.values[i]: start for i, start in found.restarts.items()}


def test_a_total_that_fell_began_at_the_poll_before(tmp_path: Path) -> None:
    known = CounterStarts(state(tmp_path), damaged)
    same = family({A: 5, B: None, C: 7})
    assert starts(known, SINCE + 10, same) == {}
    assert starts(known, SINCE + 20, Family(same.metric, same.rows, [6, 1, 7], SINCE)) == {}
    fell = Family(same.metric, same.rows, [2, 1, None], SINCE)
    assert starts(known, SINCE + 30, fell) == {A: SINCE + 20}
    assert starts(known, SINCE + 40, fell) == {A: SINCE + 20}
    assert starts(known, SINCE + 50, family({B: 0, A: 2})) == {A: SINCE + 20, B: SINCE + 40}


def test_one_that_was_gone_for_a_while_is_known_again(tmp_path: Path) -> None:
    known = CounterStarts(state(tmp_path), damaged)
    there: list[Totals] = [{A: 5, B: 9}, {A: 5}, {A: 5, B: 9}]
    for at, totals in enumerate(there):
        assert starts(known, SINCE + at, family(totals)) == {}
    anew: list[Totals] = [{A: 5}, {A: 5, B: 1}]
    for at, totals in enumerate(anew, start=3):
        found = starts(known, SINCE + at, family(totals))
    assert found == {B: SINCE + 3}


def test_starts_stay_through_a_restart_and_go_with_their_series(tmp_path: Path) -> None:
    file = state(tmp_path)
    known = CounterStarts(file, damaged)
    starts(known, SINCE + 10, family({A: 5}))
    assert starts(known, SINCE + 20, family({A: 1})) == {A: SINCE + 10}
    file.close()
    file = state(tmp_path)
    known = CounterStarts(file, damaged)
    assert starts(known, SINCE + 99, family({A: 3, B: 1})) == {A: SINCE + 10}
    begun_later = family({A: 3, B: 1}, since=SINCE + 50)  # the state of its source was lost
    assert starts(known, SINCE + 99, begun_later) == {}
    file.flush()
    assert file.entries("counter_starts") == {}


def test_gauges_have_no_start_and_damage_is_told(tmp_path: Path) -> None:
    file = state(tmp_path)
    file.put("counter_starts", "main", b"\xc1")
    file.flush()
    told: list[None] = []
    known = CounterStarts(file, lambda: told.append(None))
    assert told == [None]
    for total in (5, 1):
        gauge = Family(nats.LAG_MESSAGES, Rows([A]), [total])
        assert known.of("main", [gauge], SINCE) == [gauge]


def test_totals_of_series_that_are_gone_are_bounded(tmp_path: Path) -> None:
    known = CounterStarts(state(tmp_path), damaged)
    rules = (Rows([("main", "bus", f"rule-{n}")]) for n in range(2 * counter_starts.GONE))
    for at, rows in enumerate(rules):
        known.of("main", [Family(aws.INVOCATIONS, rows, [1], SINCE)], SINCE + at)
    (kept,) = known._known["main"].values()
    assert len(kept.gone) == counter_starts.GONE
