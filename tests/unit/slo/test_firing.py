"""Which tiers fire, minute by minute."""

from collections.abc import Iterable

import pytest

from obs.slo.evaluate import evaluate
from obs.slo.expected import Expected
from obs.slo.firing import firing
from obs.slo.ledger import Ledger
from obs.slo.tiers import tiers
from obs.slo.windows import DAY, HOUR, MINUTE, window

START = 1_800_000_000 // DAY * DAY
HISTORY = 4 * DAY  # good, so that every window of a month's tiers is full of it


def changes(
    tier: str, events: dict[int, int], length: int, between: int, period: int = 30 * DAY
) -> list[int]:
    """The minutes at which a tier of 99.9 % begins to fire or ends; events are good (1) or bad."""
    ledger, expected = Ledger(period), Expected(since=START)
    for minute in range(0, HISTORY // MINUTE, between):
        ledger.set(START + minute * MINUTE, 1, 1)
    before, found = False, []
    for minute in range(length):
        begin = START + HISTORY + minute * MINUTE
        if minute in events:
            ledger.set(begin, events[minute], 1)
        evaluation = evaluate(ledger, 0.999, period, begin + MINUTE, expected)
        fires = tier in {
            window(each.long_seconds).label
            for each, _ in firing(tiers(0.999, period).kept, ledger, evaluation, expected)
        }
        if fires != before:
            found.append(minute)
        before = fires
    return found


def outage(bad: Iterable[int], good: Iterable[int]) -> dict[int, int]:
    return dict.fromkeys(good, 1) | dict.fromkeys(bad, 0)


def test_a_total_outage_with_an_event_every_six_minutes_fires_once_and_ends_with_a_good_one() -> (
    None
):
    events = outage(range(0, 120, 6), range(120, 240, 6))
    assert changes("1h", events, 240, 6) == [6, 120]
    assert changes("6h", events, 240, 6) == [6, 114 + 30]


@pytest.mark.parametrize("between", [5, 6, 7, 11, 29, 31, 40, 59])
def test_it_does_not_matter_how_rare_the_events_are_while_two_are_in_the_long_window(
    between: int,
) -> None:
    good = range(10 * between, 20 * between, between)
    events = outage(range(0, 10 * between, between), good)
    assert changes("1h", events, 20 * between, between) == [between, 10 * between]


def test_after_a_good_event_silence_does_not_bring_the_alert_back() -> None:
    assert changes("1h", outage(range(0, 120, 6), [120]), 240, 6) == [6, 120]


def test_an_outage_followed_by_silence_lasts_as_long_as_its_long_window() -> None:
    events = outage(range(0, 120, 6), [])
    assert changes("1h", events, 12 * 60, 6) == [6, 114 + 60]
    assert changes("6h", events, 12 * 60, 6) == [6, 114 + 6 * 60]


def test_one_bad_event_fires_nothing() -> None:
    for tier in ("1h", "6h", "1d", "3d"):
        assert changes(tier, outage([0], range(6, 120, 6)), 120, 6) == []


def test_events_every_hour_and_a_half_are_the_slower_tier_s() -> None:
    events = outage(range(0, 900, 90), range(900, 1800, 90))
    assert changes("1h", events, 1800, 90) == []
    assert changes("6h", events, 1800, 90) == [90, 900]


@pytest.mark.parametrize(("days", "tier"), [(1, "10m"), (7, "10m"), (7, "1h"), (14, "20m")])
def test_tiers_of_shorter_windows_do_not_flap_either(days: int, tier: str) -> None:
    events = outage(range(0, 120, 6), range(120, 240, 6))
    assert len(changes(tier, events, 240, 6, days * DAY)) == 2


def test_the_tiers_of_a_month_look_back_an_hour_at_least() -> None:
    assert {each.long_seconds >= HOUR for each in tiers(0.999, 30 * DAY).kept} == {True}
