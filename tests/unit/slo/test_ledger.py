"""The ledger against a plain dictionary of minutes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.slo.ledger import Bucket, Ledger
from obs.slo.windows import DAY, HOUR, MINUTE, windows

START = 1_800_000_000 // DAY * DAY
PERIODS = (DAY, 7 * DAY, 30 * DAY, 90 * DAY)
NEVER = (0.0, 0.0)
Steps = list[tuple[int, tuple[float, float]]]  # minutes from the newest, and (good, total)


class Minutes:
    """What the ledger ought to say, the slow way."""

    def __init__(self) -> None:
        self.counts: dict[int, tuple[float, float]] = {}

    @property
    def end(self) -> int:
        return max(self.counts) + MINUTE

    def set(self, minute: int, good: float, total: float) -> None:
        if not self.counts or minute >= self.end - 7 * HOUR:
            self.counts[minute] = (good, total)

    def window(self, seconds: int, watermark: float) -> tuple[float, float]:
        end = int(watermark) // MINUTE * MINUTE
        start = end - seconds
        age = self.end - start
        grid = MINUTE if age <= 7 * HOUR else 5 * MINUTE if age <= 3 * DAY + HOUR else 15 * MINUTE
        start = start // grid * grid
        inside = [counts for minute, counts in self.counts.items() if start <= minute < end]
        return sum(good for good, _ in inside), sum(total for _, total in inside)


def assert_same(ledger: Ledger, minutes: Minutes, period: int, watermark: float) -> None:
    for label, seconds in windows(period):
        assert ledger.counts(seconds, watermark) == minutes.window(seconds, watermark), label


whole = st.integers(0, 10**9).map(float)
sixteenths = st.integers(0, 10**6).map(lambda count: count / 16)
counts = st.one_of(whole, sixteenths).flatmap(
    lambda total: st.tuples(st.sampled_from([0.0, total / 2, total]), st.just(total))
)
# minutes from the newest: mostly the next one, often a correction, sometimes a gap
moves = st.one_of(st.just(1), st.integers(-180, 20), st.sampled_from([61, 419, 422, 4_400, 50_000]))
steps = st.lists(st.tuples(moves, counts), min_size=1, max_size=40)


def replay(period: int, moves_and_counts: Steps) -> tuple[Ledger, Minutes]:
    ledger, minutes = Ledger(period), Minutes()
    for move, (good, total) in moves_and_counts:
        minute = minutes.end - MINUTE + move * MINUTE if minutes.counts else START
        ledger.set(minute, good, total)
        minutes.set(minute, good, total)
    return ledger, minutes


@settings(deadline=None)
@given(st.sampled_from(PERIODS), steps, st.integers(-HOUR, 2 * DAY))
def test_windows_hold_exactly_the_events_of_their_minutes(
    period: int, moves_and_counts: Steps, trailing: int
) -> None:
    ledger, minutes = replay(period, moves_and_counts)
    assert_same(ledger, minutes, period, minutes.end + trailing)
    assert ledger.dropped == 0


@settings(deadline=None)
@given(st.sampled_from(PERIODS), steps, steps, st.integers(-HOUR, 0))
def test_a_restored_ledger_is_the_one_that_was_saved(
    period: int, before: Steps, after: Steps, trailing: int
) -> None:
    ledger, minutes = replay(period, before)
    stored = {(row.step, row.start): row for row in ledger.changed()}
    for move, (good, total) in after:
        minute = minutes.end - MINUTE + move * MINUTE
        ledger.set(minute, good, total)
        minutes.set(minute, good, total)
        stored |= {(row.step, row.start): row for row in ledger.changed()}
    kept = [row for row in stored.values() if row.start >= ledger.kept_from()[row.step]]
    restored = Ledger(period)
    restored.restore(kept)
    assert restored.known_until == ledger.known_until
    assert restored.changed() == []
    for each in (ledger, restored):
        assert_same(each, minutes, period, minutes.end + trailing)
        each.set(minutes.end, 1, 2)
        each.set(minutes.end - MINUTE, 3, 4)
    assert restored.changed() == ledger.changed()


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(1, 2_800), st.integers(1, 10**6), min_size=1, max_size=50),
    st.sampled_from([900, 1800, 3600]),
)
def test_history_fills_every_window_that_starts_on_its_steps(
    quarters: dict[int, int], step: int
) -> None:
    now = START
    points = {}
    for quarter, total in quarters.items():
        start = (now - quarter * 900) // step * step
        points[start] = (total / 2, float(total))
    ledger = Ledger(30 * DAY)
    assert ledger.backfill(step, points) == len(points)
    for seconds in (HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 29 * DAY):
        inside = [value for start, value in points.items() if start >= now - seconds]
        expected = (sum(good for good, _ in inside), sum(total for _, total in inside))
        assert ledger.counts(seconds, now) == expected


def test_an_empty_ledger_has_no_events() -> None:
    ledger = Ledger(30 * DAY)
    assert ledger.counts(30 * DAY, START) == NEVER
    assert ledger.known_until is None
    assert ledger.changed() == []
    restored = Ledger(30 * DAY)
    restored.restore([])
    assert restored.known_until is None


def test_setting_a_minute_again_replaces_it() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 5, 10)
    ledger.set(START, 7, 8)
    for _, seconds in windows(30 * DAY):
        assert ledger.counts(seconds, START + MINUTE) == (7, 8)


def test_minutes_after_the_watermark_do_not_count() -> None:
    ledger = Ledger(30 * DAY)
    for minute in range(10):
        ledger.set(START + minute * MINUTE, 0, 1)
    assert ledger.counts(30 * DAY, START + 4 * MINUTE + 59) == (0, 4)


def test_short_windows_move_by_the_minute() -> None:
    ledger = Ledger(30 * DAY)
    for minute in range(60):
        ledger.set(START + minute * MINUTE, 0, 2.0**minute)
    for end in range(5, 61):
        expected = sum(2.0**minute for minute in range(end - 5, end))
        assert ledger.counts(300, START + end * MINUTE) == (0, expected)


@pytest.mark.parametrize(
    ("window", "grid"), [(HOUR, 60), (6 * HOUR, 60), (DAY, 300), (3 * DAY, 300), (7 * DAY, 900)]
)
def test_a_long_window_starts_on_its_own_grid_and_is_never_short(window: int, grid: int) -> None:
    for offset in range(16):
        end = START + 30 * DAY + offset * MINUTE
        ledger = Ledger(7 * DAY)
        first = (end - window) // grid * grid
        ledger.set(first - MINUTE, 0, 1)
        ledger.set(first, 0, 10)
        ledger.set(end - MINUTE, 0, 100)
        assert ledger.counts(window, end) == (0, 110)


def test_a_watermark_far_behind_the_newest_minute_still_finds_its_events() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 2)
    ledger.set(START + 2 * DAY, 10, 20)
    assert ledger.counts(HOUR, START + 5 * MINUTE) == (1, 2)
    assert ledger.counts(30 * DAY, START + DAY) == (1, 2)


def test_events_leave_at_the_end_of_the_period() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 1)
    assert ledger.counts(30 * DAY, START + 30 * DAY) == (1, 1)
    assert ledger.counts(30 * DAY, START + 30 * DAY + 15 * MINUTE) == NEVER


def test_a_fraction_leaves_nothing_behind_when_its_window_is_empty_again() -> None:
    ledger = Ledger(30 * DAY)
    for minute in range(1_000):
        ledger.set(START + minute * MINUTE, 0.1, 0.3)
    for minute in range(1_000, 1_400):
        ledger.set(START + minute * MINUTE, 0, 0)
    assert ledger.counts(6 * HOUR, START + 1_400 * MINUTE) == NEVER


def test_a_correction_of_six_hours_ago_is_applied_on_every_level() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 1)
    ledger.set(START + 6 * HOUR, 1, 1)
    ledger.set(START, 0, 5)
    assert ledger.dropped == 0
    assert ledger.counts(30 * DAY, START + DAY) == (1, 6)
    assert [row for row in ledger.changed() if row.start == START] == [
        Bucket(step, START, 0, 5) for step in (60, 300, 900)
    ]


def test_a_minute_that_is_no_longer_kept_is_dropped_and_counted() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START + 7 * HOUR - MINUTE, 1, 1)
    ledger.set(START, 0, 5)
    ledger.set(START - MINUTE, 0, 10)
    assert ledger.dropped == 1
    assert ledger.counts(30 * DAY, START + DAY) == (1, 6)


@pytest.mark.parametrize(
    ("good", "total"), [(2, 1), (-1, 1), (float("nan"), 1), (0, float("nan")), (0, float("inf"))]
)
def test_what_is_no_count_is_refused(good: float, total: float) -> None:
    ledger = Ledger(30 * DAY)
    with pytest.raises(ValueError, match="is not a count"):
        ledger.set(START, good, total)
    with pytest.raises(ValueError, match="is not a count"):
        ledger.backfill(60, {START: (good, total)})
    with pytest.raises(ValueError, match="is not a count"):
        ledger.restore([Bucket(60, START, good, total)])
    assert ledger.known_until is None


def test_a_moment_within_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="not the start of a minute"):
        Ledger(DAY).set(START + 1, 0, 0)


def test_changes_are_given_once() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START + 900, 1, 2)
    assert ledger.changed() == [Bucket(step, START + 900, 1, 2) for step in (60, 300, 900)]
    assert ledger.changed() == []
    ledger.set(START + 900, 1, 2)
    assert ledger.changed() == []


def test_a_bucket_that_expired_before_it_was_given_is_not_given() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 2)
    ledger.set(START + DAY, 3, 4)
    rows = [row for row in ledger.changed() if row.start < START + DAY]
    assert rows == [Bucket(300, START, 1, 2), Bucket(900, START, 1, 2)]


def test_a_quiet_minute_is_a_change_because_it_says_how_far_we_know() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 0, 0)
    assert Bucket(60, START, 0, 0) in ledger.changed()
    assert ledger.known_until == START + MINUTE


def test_stored_buckets_outlive_what_a_level_keeps_only_until_deleted() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 0, 1)
    kept = ledger.kept_from()
    assert list(kept) == [60, 300, 900]
    assert START + MINUTE - kept[60] == 7 * HOUR
    assert 3 * DAY + HOUR <= START + MINUTE - kept[300] < 3 * DAY + HOUR + 300
    assert 30 * DAY + HOUR <= START + MINUTE - kept[900] < 30 * DAY + HOUR + 900


def test_a_longer_window_finds_the_days_that_only_a_finer_level_had() -> None:
    one_day = Ledger(DAY)
    for hour in range(72):
        one_day.set(START + hour * HOUR, 0, 1)
    stored = [row for row in one_day.changed() if row.start >= one_day.kept_from()[row.step]]
    month = Ledger(30 * DAY)
    month.restore(stored)
    assert month.counts(30 * DAY, START + 3 * DAY) == (0, 72)


def test_history_is_spread_evenly_over_finer_levels() -> None:
    ledger = Ledger(30 * DAY)
    ledger.backfill(900, {START: (15, 30)})
    assert ledger.counts(5 * MINUTE, START + 900) == (5, 10)
    assert ledger.counts(MINUTE, START + 900) == (1, 2)


def test_history_finer_than_its_level_is_summed() -> None:
    ledger = Ledger(30 * DAY)
    minutes = {START + minute * MINUTE: (1.0, 2.0) for minute in range(3 * 24 * 60)}
    ledger.backfill(60, minutes)
    now = START + 3 * DAY
    for _, seconds in windows(3 * DAY):
        assert ledger.counts(seconds, now) == (seconds / 60, seconds / 30)


def test_history_may_be_given_in_ever_finer_steps() -> None:
    ledger = Ledger(30 * DAY)
    now = START + 30 * DAY
    ledger.backfill(900, dict.fromkeys(range(START, now - 3 * DAY, 900), (900.0, 900.0)))
    ledger.backfill(300, dict.fromkeys(range(now - 3 * DAY, now - 6 * HOUR, 300), (300.0, 300.0)))
    ledger.backfill(60, dict.fromkeys(range(now - 6 * HOUR, now, 60), (60.0, 60.0)))
    for _, seconds in windows(30 * DAY):
        assert ledger.counts(seconds, now) == (seconds, seconds)


def test_history_never_overwrites_and_may_be_repeated() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 1)
    history = {START - 900: (2.0, 2.0), START: (50.0, 50.0), START + 900: (4.0, 4.0)}
    assert ledger.backfill(900, history) == 2
    assert ledger.backfill(900, history) == 0
    assert ledger.counts(30 * DAY, START + 1800) == (7, 7)


def test_fine_history_of_long_ago_may_be_repeated_too() -> None:
    ledger = Ledger(30 * DAY)
    minutes = {START + minute * MINUTE: (1.0, 2.0) for minute in range(5 * 24 * 60)}
    assert ledger.backfill(60, minutes) > 0
    assert ledger.backfill(60, minutes) == 0
    assert ledger.counts(30 * DAY, START + 5 * DAY) == (7_200, 14_400)


def test_quiet_history_fills_nothing_but_says_how_far_we_know() -> None:
    ledger = Ledger(30 * DAY)
    assert ledger.backfill(900, {START: (0.0, 0.0)}) == 0
    assert ledger.known_until == START + 900


def test_history_from_before_the_window_is_left_out() -> None:
    ledger = Ledger(30 * DAY)
    ledger.set(START, 1, 1)
    assert ledger.backfill(900, {START - 31 * DAY: (1.0, 1.0)}) == 0


def test_a_backfilled_minute_can_be_set_and_is_replaced() -> None:
    ledger = Ledger(30 * DAY)
    ledger.backfill(300, {START: (10.0, 10.0)})
    for minute in range(5):
        ledger.set(START + minute * MINUTE, 1, 3)
    for _, seconds in windows(30 * DAY):
        assert ledger.counts(seconds, START + 300) == (5, 15)


@settings(deadline=None)
@given(st.floats(0, 1e6), st.sampled_from([300, 900, 3600]), steps)
def test_backfilled_history_survives_being_stored(
    total: float, step: int, moves_and_counts: Steps
) -> None:
    ledger = Ledger(7 * DAY)
    ledger.backfill(step, {START - step * n: (total / n, total) for n in range(1, 200, 7)})
    for move, (good, count) in moves_and_counts:
        end = ledger.known_until
        assert end is not None
        ledger.set(end + (move - 1) * MINUTE, good, count)
    restored = Ledger(7 * DAY)
    restored.restore(ledger.changed())
    assert restored.known_until == ledger.known_until
    watermark = restored.known_until or 0
    for _, seconds in windows(7 * DAY):
        assert restored.counts(seconds, watermark) == ledger.counts(seconds, watermark)


@pytest.mark.parametrize("step", [0, -900, 30, 120, 600, 1000])
def test_history_in_steps_that_do_not_fit_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Ledger(DAY).backfill(step, {START: (1.0, 1.0)})


def test_history_off_its_own_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="not the start of a bucket"):
        Ledger(DAY).backfill(900, {START + 300: (1.0, 1.0)})


def test_no_history_is_nothing_filled() -> None:
    ledger = Ledger(DAY)
    assert ledger.backfill(900, {}) == 0
    assert ledger.known_until is None
