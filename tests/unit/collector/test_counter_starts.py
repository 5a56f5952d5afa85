from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from obs.catalogue import nats
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
    known = CounterStarts(state(tmp_path), damaged, SINCE)
    same = family({A: 5, B: None, C: 7})
    assert starts(known, SINCE + 10, same) == {}
    assert starts(known, SINCE + 20, Family(same.metric, same.rows, [6, 1, 7], SINCE)) == {}
    fell = Family(same.metric, same.rows, [2, 1, None], SINCE)
    assert starts(known, SINCE + 30, fell) == {A: SINCE + 20}
    assert starts(known, SINCE + 40, fell) == {A: SINCE + 20}
    assert starts(known, SINCE + 50, family({B: 0, A: 2})) == {A: SINCE + 20, B: SINCE + 40}


def test_one_that_was_gone_for_a_while_is_known_again(tmp_path: Path) -> None:
    known = CounterStarts(state(tmp_path), damaged, SINCE)
    there: list[Totals] = [{A: 5, B: 9}, {A: 5}, {A: 5, B: 9}]
    for at, totals in enumerate(there):
        assert starts(known, SINCE + at, family(totals)) == {}
    anew: list[Totals] = [{A: 5}, {A: 5, B: 1}]
    for at, totals in enumerate(anew, start=3):
        found = starts(known, SINCE + at, family(totals))
    assert found == {B: SINCE + 3}


def test_starts_stay_through_a_restart_and_go_with_their_series(tmp_path: Path) -> None:
    file = state(tmp_path)
    known = CounterStarts(file, damaged, SINCE)
    starts(known, SINCE + 10, family({A: 5}))
    assert starts(known, SINCE + 20, family({A: 1})) == {A: SINCE + 10}
    file.close()
    file = state(tmp_path)
    known = CounterStarts(file, damaged, SINCE)
    assert starts(known, SINCE + 99, family({A: 3, B: 1})) == {A: SINCE + 10}
    begun_later = family({A: 3, B: 1}, since=SINCE + 50)  # the state of its source was lost
    assert starts(known, SINCE + 99, begun_later) == {}
    file.flush()
    assert file.entries("counter_starts") == {}


def restarted(file: State, at: float) -> CounterStarts:
    """As it was saved a moment ago."""
    file.flush()
    return CounterStarts(file, damaged, at)


def test_what_began_anew_while_the_collector_was_down_began_with_the_collector(
    tmp_path: Path,
) -> None:
    file = state(tmp_path)
    starts(restarted(file, SINCE), SINCE + 10, family({A: 5, B: 9}))
    known = restarted(file, SINCE + 100)
    assert starts(known, SINCE + 101, family({B: 2, A: 6})) == {B: SINCE + 100}
    assert starts(known, SINCE + 102, family({A: 1, B: 3})) == {A: SINCE + 101, B: SINCE + 100}
    known.save()
    known = restarted(file, SINCE + 200)
    assert starts(known, SINCE + 201, family({A: 1, B: 2})) == {A: SINCE + 101, B: SINCE + 200}


def test_totals_are_written_once_a_minute_and_with_everything_else(tmp_path: Path) -> None:
    file = state(tmp_path)
    known = restarted(file, SINCE)
    for second, total in ((0, 5), (30, 9)):
        starts(known, SINCE + second, family({A: total}))
    assert starts(restarted(file, SINCE + 40), SINCE + 41, family({A: 8})) == {}
    known.save()
    assert starts(restarted(file, SINCE + 40), SINCE + 41, family({A: 8})) == {A: SINCE + 40}
    starts(known, SINCE + 90, family({A: 20}))
    assert starts(restarted(file, SINCE + 95), SINCE + 96, family({A: 19})) == {A: SINCE + 95}


def test_totals_of_the_process_itself_are_not_kept(tmp_path: Path) -> None:
    file = state(tmp_path)
    known = restarted(file, SINCE)
    known.of("main", [family({A: 5})], SINCE + 1, lasting=False)
    known.save()
    file.flush()
    assert file.entries("counter_totals") == {}


@pytest.mark.parametrize(
    "content",
    [b"\xc1", msgspec.msgpack.encode([([A], [[nats.DELIVERED.name, nats.DELIVERED.labels, []]])])],
    ids=["no message", "a row without a total"],
)
def test_damaged_totals_are_told_and_nothing_began_anew(tmp_path: Path, content: bytes) -> None:
    file = state(tmp_path)
    file.put("counter_totals", "main", content)
    file.flush()
    told: list[None] = []
    known = CounterStarts(file, lambda: told.append(None), SINCE)
    assert told == [None]
    assert starts(known, SINCE + 1, family({A: 1})) == {}
