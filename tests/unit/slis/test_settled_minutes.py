import random

import pytest

from obs.slis.consumers import ConsumerNumbers
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.slis.settled_minutes import SettledMinutes
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from tests.unit.lag.jetstream import Work
from tests.unit.slis.consumer_sli import delivered

KINDS = pytest.mark.parametrize("filtered", [False, True])
LIMITS = pytest.mark.parametrize("max_deliver", [1, 3, 7])


def never(seq: int, count: int) -> float | None:
    """Times out."""
    return None


def refused(seq: int, count: int) -> float | None:
    """Is acknowledged negatively, at once."""
    return -0.5


def mixed(poison: float, flaky: float = 0.0) -> Work:
    """Some messages always fail, some the first time."""
    chance, kinds = random.Random(3), dict[int, str]()

    def work(seq: int, count: int) -> float | None:
        if seq not in kinds:
            at = chance.random()
            kinds[seq] = "poison" if at < poison else "flaky" if at < poison + flaky else "good"
        if kinds[seq] == "poison" or (kinds[seq] == "flaky" and count == 1):
            return -0.5
        return chance.choice((0.2, 1.0, 3.0))

    return work


@KINDS
@LIMITS
@pytest.mark.parametrize("work", [never, refused])
def test_in_a_total_outage_no_event_is_good_however_often_messages_are_tried(
    work: Work, max_deliver: int, filtered: bool
) -> None:
    found = delivered(work, max_deliver=max_deliver, filtered=filtered, until=1200)
    assert found.good == 0
    assert found.bad == len(found.js.dead) > 500


@KINDS
@LIMITS
def test_a_message_is_one_event_however_often_it_was_tried(
    max_deliver: int, filtered: bool
) -> None:
    found = delivered(mixed(poison=0.1), max_deliver=max_deliver, filtered=filtered)
    assert found.bad == len(found.js.dead)
    assert found.good == pytest.approx(found.acknowledged, abs=0.02 * found.acknowledged)


def test_without_a_filter_retried_messages_count_exactly_once() -> None:
    found = delivered(mixed(poison=0.1, flaky=0.4))
    assert (found.good, found.bad) == (found.acknowledged, len(found.js.dead))


def test_with_a_filter_retries_that_succeed_never_hide_the_dead_letters() -> None:
    found = delivered(mixed(poison=0.3, flaky=0.3), filtered=True)
    true_ratio = len(found.js.dead) / (found.acknowledged + len(found.js.dead))
    assert found.bad / (found.good + found.bad) > 0.75 * true_ratio


def test_in_flight_across_minutes_and_restarts_nothing_counts_twice_and_nothing_is_lost() -> None:
    work = mixed(poison=0.2, flaky=0.2)
    through = delivered(work, max_deliver=3)
    restarted = delivered(
        mixed(poison=0.2, flaky=0.2), max_deliver=3, restarts=lambda at: at % 45 < 15
    )
    assert (restarted.good, restarted.bad) == (through.good, through.bad)
    assert restarted.good == restarted.acknowledged


def test_minutes_with_a_gap_have_no_events_neither_good_nor_bad() -> None:
    found = delivered(never, max_deliver=1, hears=lambda at: not 130 <= at < 205)
    assert [minute for minute in (60, 120, 180, 240) if minute in found.minutes] == [60, 240]
    assert found.good == 0
    healthy = delivered(mixed(poison=0.0), hears=lambda at: not 130 <= at < 205)
    assert healthy.bad == 0
    assert not {120, 180} & healthy.minutes.keys()


def test_an_outage_that_begins_in_a_gap_does_not_look_good_after_it() -> None:
    chance = mixed(poison=0.0)

    def work(seq: int, count: int) -> float | None:
        return None if seq > 280 else chance(seq, count)  # from about 140 s on

    found = delivered(work, max_deliver=2, hears=lambda at: not 130 <= at < 250)
    after = [counts for minute, counts in found.minutes.items() if minute >= 240]
    assert after
    assert sum(good for good, _ in after) == 0


def test_what_no_connection_hears_has_no_events() -> None:
    assert delivered(never, max_deliver=1, hears=lambda at: False).minutes == {}


CONFIG = ConsumerConfig(max_deliver=3)


def numbers(
    done: int,
    *,
    dead: DeadLetterCounts,
    heard: tuple[HeardSpan, ...],
    leader: bool = True,
    created: str = "first",
) -> ConsumerNumbers:
    """A consumer that has acknowledged or given up `done` messages, and has nothing in flight."""
    consumer = Consumer(
        *("A", "S", "c", created, CONFIG, done, done, done, 0, 0, 0, 1), leader=leader
    )
    stream = Stream("A", "S", "then", StreamConfig(), done, 0, 1, done, None, None, 1)
    return ConsumerNumbers("A", "S", "c", 0, 0.0, consumer, stream, dead, heard)


def test_a_minute_waits_until_its_dead_letters_are_known() -> None:
    settled, dead = SettledMinutes(), DeadLetterCounts()
    settled.observe(numbers(0, dead=dead, heard=(HeardSpan(60, 60),)), 61)
    assert settled.observe(numbers(10, dead=dead, heard=(HeardSpan(60, 90),)), 110) == {}
    assert settled.observe(numbers(10, dead=dead, heard=(HeardSpan(60, 90),)), 130) == {}
    for _ in range(4):
        dead.add(100, 3)
    caught_up = settled.observe(numbers(10, dead=dead, heard=(HeardSpan(60, 140),)), 140)
    assert caught_up == {60: (6, 10)}, "its own minute, not the one in which it became known"


def test_downtime_that_an_advisory_stream_covers_is_counted_in_its_own_minutes() -> None:
    dead = DeadLetterCounts()
    settled = SettledMinutes()
    heard = (HeardSpan(60, 400),)
    settled.observe(numbers(0, dead=dead, heard=heard), 61)
    assert settled.observe(numbers(10, dead=dead, heard=heard), 121) == {60: (0, 0)}
    again = SettledMinutes(settled.to_state())
    for at in (130, 131, 250):
        dead.add(at, 3)
    found = again.observe(numbers(43, dead=dead, heard=heard), 310)
    found |= again.observe(numbers(43, dead=dead, heard=heard), 361)
    assert sum(good for good, _ in found.values()) == 40
    assert {minute: total - good for minute, (good, total) in found.items()} == {
        **{120: 2, 180: 0, 240: 1, 300: 0}
    }


def test_without_a_leader_nothing_is_concluded_and_nothing_is_lost() -> None:
    dead, settled, found = DeadLetterCounts(), SettledMinutes(), dict[int, tuple[float, float]]()
    heard = (HeardSpan(60, 400),)
    for at, done in ((61, 0), (121, 0), (181, None), (241, None), (301, 30), (361, 30)):
        consumer = numbers(done or 0, dead=dead, heard=heard, leader=done is not None)
        found |= settled.observe(consumer, at)
    assert found == {60: (0, 0), 120: (0, 0), 180: (10, 10), 240: (10, 10), 300: (10, 10)}


@pytest.mark.parametrize("step", [-3600, -90, 90, 3600])
def test_a_clock_that_steps_loses_and_doubles_nothing(step: int) -> None:
    dead, settled, minutes, done = DeadLetterCounts(), SettledMinutes(), dict[int, float](), 0
    for poll in range(40):
        at = 100_000 + 15 * poll + (step if poll >= 20 else 0)
        done += 5 if 0 < poll < 30 else 0
        heard = (HeardSpan(min(100_000, at), at),)
        for minute, (_, total) in settled.observe(
            numbers(done, dead=dead, heard=heard), at
        ).items():
            minutes[minute] = minutes.get(minute, 0.0) + total
    assert sum(minutes.values()) == pytest.approx(done)


def test_a_consumer_created_again_counts_from_its_creation_on() -> None:
    dead, settled, total = DeadLetterCounts(), SettledMinutes(), 0.0
    polls = ((61, 100, "first"), (91, 110, "first"), (121, 7, "second"), (181, 9, "second"))
    for at, done, created in polls:
        heard = (HeardSpan(60, at),)
        found = settled.observe(numbers(done, dead=dead, heard=heard, created=created), at)
        total += sum(total for _, total in found.values())
    assert total == 10 + 7
