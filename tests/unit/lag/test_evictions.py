"""How many messages left the stream before the consumer got them, against a model that knows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.lag.evictions import Evictions, EvictionsState
from obs.lag.history import BEHIND_POLLS
from obs.lag.progress import PollCounters
from obs.snapshot.assets import ConsumerConfig, StreamConfig

PLAIN = StreamConfig(discard_new=False)
PER_SUBJECT = StreamConfig(discard_new=False, max_per_subject=1)
ALL = ConsumerConfig()
SOME = ConsumerConfig(filters=("a",))


@dataclass
class Model:
    """A stream and one consumer; `lost` is the truth.

    `stored` has the subject of each stored sequence; the consumer wants subject 0 if `filtered`,
    else all.
    """

    filtered: bool = False
    per_subject: bool = False
    stored: dict[int, int] = field(default_factory=dict)
    last: int = 0
    first: int = 1
    delivered: int = 0
    deliveries: int = 0
    in_flight: int = 0
    lost: int = 0

    def wants(self, seq: int) -> bool:
        return not self.filtered or self.stored[seq] == 0

    def pending(self) -> int:
        return sum(1 for seq in self.stored if seq > self.delivered and self.wants(seq))

    def publish(self, subject: int = 0) -> None:
        self.last += 1
        if self.per_subject:
            for seq in [seq for seq, of in self.stored.items() if of == subject]:
                self._remove(seq)
        self.stored[self.last] = subject
        self._move_first()

    def deliver(self) -> None:
        """The next message, if there is one."""
        wanted = [seq for seq in self.stored if seq > self.delivered and self.wants(seq)]
        if wanted:
            self.delivered = min(wanted)
            self.deliveries += 1
            self.in_flight += 1

    def redeliver(self) -> None:
        self.deliveries += self.in_flight > 0

    def acknowledge(self, *, remove: bool) -> None:
        """`remove`: from the stream, as with workqueue retention."""
        self.in_flight = max(self.in_flight - 1, 0)
        if remove:
            for seq in [seq for seq in self.stored if seq <= self.delivered][:1]:
                self._remove(seq)
            self._move_first()

    def leave(self, seq: int) -> None:
        """The message leaves the stream unprocessed, or long after it was delivered."""
        if seq in self.stored:
            self.lost += seq > self.delivered and self.wants(seq)
            self._remove(seq)
            self._move_first()

    def evict(self) -> None:
        self.leave(min(self.stored, default=0))

    def purge(self) -> None:
        for seq in list(self.stored):
            self.leave(seq)
        self.delivered = max(self.delivered, self.last)  # as the server does

    def _remove(self, seq: int) -> None:
        del self.stored[seq]

    def _move_first(self) -> None:
        self.first = min(self.stored, default=self.last + 1)

    def stream_read(self) -> tuple[int, int, int]:
        span = self.last - self.first + 1
        return self.last, self.first, span - len(self.stored) if self.stored else 0

    def consumer_read(self) -> tuple[int, int, int, int]:
        return self.deliveries, self.delivered, self.pending(), self.in_flight


class Polls:
    """Counts from polls of a model."""

    def __init__(
        self, model: Model, consumer: ConsumerConfig = ALL, stream: StreamConfig = PLAIN
    ) -> None:
        self.model, self.consumer, self.stream = model, consumer, stream
        self.evictions = Evictions()
        self.last: PollCounters | None = None

    def poll(self, between: Callable[[], None] = lambda: None, *, stream_first: bool = True) -> int:
        """The count; `between` happens after the first of the two is read."""
        if stream_first:
            last, first, holes = self.model.stream_read()
            between()
            deliveries, delivered, pending, in_flight = self.model.consumer_read()
        else:
            deliveries, delivered, pending, in_flight = self.model.consumer_read()
            between()
            last, first, holes = self.model.stream_read()
        now = PollCounters(deliveries, delivered, 0, pending, in_flight, 0, last, first, holes)
        self.evictions.observe(self.last, now, self.consumer, self.stream)
        self.last = now
        return self.evictions.total or 0

    def settle(self) -> int:
        """The count once nothing has happened for some polls."""
        for _ in range(2 * BEHIND_POLLS + 1):
            count = self.poll()
        return count


def filled(count: int, *, filtered: bool = False) -> Model:
    model = Model(filtered)
    for _ in range(count):
        model.publish()
    return model


@pytest.mark.parametrize(("consumer", "filtered"), [(ALL, False), (SOME, True)])
def test_a_purge_of_what_was_pending_is_counted(consumer: ConsumerConfig, filtered: bool) -> None:
    model = filled(20, filtered=filtered)
    polls = Polls(model, consumer)
    for _ in range(5):
        model.deliver()
    polls.settle()
    model.purge()
    assert polls.settle() == 15


def test_steady_eviction_under_a_stopped_consumer_is_counted_exactly() -> None:
    model = filled(10)
    polls = Polls(model)
    polls.poll()
    for _ in range(40):
        for _ in range(3):
            model.publish()
            model.evict()
        polls.poll()
    assert polls.settle() == model.lost == 120


def test_with_a_filter_steady_eviction_is_counted_in_part_and_never_too_high() -> None:
    model = filled(10, filtered=True)
    polls = Polls(model, SOME)
    for step in range(120):
        model.publish(subject=step % 2)
        model.evict()
        assert polls.poll() <= model.lost
    assert polls.settle() > 0.5 * model.lost


def test_what_was_delivered_before_it_left_is_no_loss() -> None:
    model = filled(10)
    polls = Polls(model)
    for _ in range(40):
        model.publish()
        model.deliver()
        model.evict()
        polls.poll()
    assert polls.settle() == model.lost == 0


@pytest.mark.parametrize("filtered", [False, True])
def test_acknowledged_messages_that_leave_a_work_queue_are_no_loss(filtered: bool) -> None:
    model = filled(10, filtered=filtered)
    polls = Polls(
        model, SOME if filtered else ALL, StreamConfig(discard_new=False, retention="workqueue")
    )

    def work() -> None:
        for _ in range(3):
            model.publish()
            model.deliver()
            model.acknowledge(remove=True)

    for number in range(40):
        work()
        assert polls.poll(work, stream_first=number % 2 == 0) == 0


def test_values_replaced_by_newer_ones_are_no_loss_and_a_purge_of_them_is() -> None:
    model = Model(per_subject=True)
    polls = Polls(model, ALL, PER_SUBJECT)
    for step in range(60):
        model.publish(subject=step % 7)
        assert polls.poll() == 0
    model.purge()
    assert polls.settle() == 7


@pytest.mark.parametrize(
    ("consumer", "stream"),
    [
        (ALL, StreamConfig(discard_new=False, rolls_up=True)),
        (ALL, StreamConfig()),  # its limits are not known yet
        (ConsumerConfig(deliver_policy="last_per_subject"), PLAIN),
    ],
)
def test_where_it_cannot_be_told_there_is_no_number(
    consumer: ConsumerConfig, stream: StreamConfig
) -> None:
    model = filled(10)
    polls = Polls(model, consumer, stream)
    polls.settle()
    model.purge()
    polls.settle()
    assert polls.evictions.total is None


def test_zero_is_told_before_anything_is_lost() -> None:
    polls = Polls(filled(3))
    polls.poll()
    assert polls.evictions.total == 0


def test_a_consumer_created_again_goes_on_counting() -> None:
    model = filled(10)
    polls = Polls(model)
    polls.settle()
    model.purge()
    assert polls.settle() == 10
    polls.evictions.restart()
    polls.last = None
    polls.poll()
    assert polls.evictions.total == 10


def test_gaps_from_before_the_first_poll_are_no_losses() -> None:
    model = filled(50)
    for seq in range(11, 40, 2):
        model.leave(seq)
    model.lost = 0
    polls = Polls(model)
    polls.settle()
    for _ in range(50):
        model.deliver()
        assert polls.poll() == 0


def test_a_mirror_has_the_gaps_of_its_origin() -> None:
    model = filled(5)
    polls = Polls(model, ALL, StreamConfig(discard_new=False, mirrors=True))
    for _ in range(20):
        model.last += 3  # skipped
        model.publish()
        model.deliver()
        assert polls.poll() == 0
    model.purge()
    assert polls.settle() == model.lost == 5


def test_a_new_leader_that_has_not_counted_yet_loses_nothing() -> None:
    polls = Polls(filled(30, filtered=True), SOME)
    polls.settle()
    known = polls.last
    assert known is not None
    for _ in range(BEHIND_POLLS - 1):
        counting = msgspec.structs.replace(known, pending=0)
        polls.evictions.observe(polls.last or known, counting, SOME, PLAIN)
        polls.last = counting
    assert polls.settle() == 0


def test_losses_while_the_collector_was_down_are_counted_once() -> None:
    model = filled(30)
    polls = Polls(model)
    polls.settle()
    model.evict()
    polls.settle()
    state = msgspec.msgpack.encode(polls.evictions.to_state())
    polls.evictions = Evictions(msgspec.msgpack.decode(state, type=EvictionsState))
    for _ in range(9):
        model.evict()
    assert polls.settle() == model.lost == 10


def test_another_filter_starts_a_new_comparison_and_keeps_the_count() -> None:
    model = filled(30, filtered=True)
    polls = Polls(model, SOME)
    polls.settle()
    for _ in range(10):
        model.evict()
    assert polls.settle() == 10
    polls.consumer = ConsumerConfig(filters=("b",))
    model.stored = dict.fromkeys(model.stored, 1)
    assert polls.settle() == 10


ACTIONS: dict[str, Callable[[Model, int], None]] = {
    "publish": lambda model, number: model.publish(number % 3),
    "deliver": lambda model, number: model.deliver(),
    "redeliver": lambda model, number: model.redeliver(),
    "acknowledge": lambda model, number: model.acknowledge(remove=False),
    "evict": lambda model, number: model.evict(),
    "delete": lambda model, number: model.leave(model.first + number),
    "purge": lambda model, number: model.purge(),
}
actions = st.tuples(st.sampled_from([*ACTIONS, "publish", "deliver", "evict"]), st.integers(0, 9))
rounds = st.tuples(st.lists(actions, max_size=12), st.lists(actions, max_size=3), st.booleans())


@given(st.lists(rounds, max_size=30), st.sampled_from(["all", "filtered", "per subject", "both"]))
def test_no_loss_is_claimed_that_was_not(
    history: list[tuple[list[tuple[str, int]], list[tuple[str, int]], bool]], kind: str
) -> None:
    filtered, per_subject = kind in {"filtered", "both"}, kind in {"per subject", "both"}
    model = Model(filtered=filtered, per_subject=per_subject)
    consumer, stream = SOME if filtered else ALL, PER_SUBJECT if per_subject else PLAIN
    polls, count = Polls(model, consumer, stream), 0

    def act(chosen: list[tuple[str, int]]) -> None:
        for name, number in chosen:
            ACTIONS[name](model, number)

    for before, between, stream_first in history:
        act(before)
        lost = model.lost
        now = polls.poll(partial(act, between), stream_first=stream_first)
        assert count <= now <= max(lost, model.lost)
        count = now
    assert count <= polls.settle() <= model.lost


steady = st.lists(
    st.lists(st.sampled_from(["publish", "deliver", "acknowledge", "evict"]), max_size=12),
    max_size=30,
)


@given(steady)
def test_without_a_filter_the_count_is_exact(history: list[list[str]]) -> None:
    model = filled(5)
    polls = Polls(model)
    polls.poll()
    for chosen in history:
        for name in chosen:
            ACTIONS[name](model, 0)
        polls.poll()
    assert polls.settle() == model.lost
