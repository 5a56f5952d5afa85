"""Who has the lease, with clocks that the test moves and a store that fails when it says so."""

import contextlib
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from obs.errors import SourceError
from obs.lease.keeper import Keeper
from obs.lease.record import Record, decoded, encoded
from obs.lease.store import Conflict, Stored

TTL = 15.0


@dataclass
class Memory:
    """One place that all collectors share. `down`: it does not answer; `mute`: it does what it is
    told, and its answer is lost."""

    values: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    largest: int = 100
    seldom: float = 0.0
    where: str = "memory"
    down: bool = False
    mute: bool = False

    def read(self, key: str) -> Stored | None:
        self._answer(self.mute)
        found = self.values.get(key)
        return None if found is None else Stored(found[0], str(found[1]))

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        self._answer()
        _, known = self.values.get(key, (b"", 0))
        if str(known) != (revision or "0"):
            raise Conflict("unavailable", "another")
        self.values[key] = (value, known + 1)
        self._answer(self.mute)
        return str(known + 1)

    def put(self, key: str, value: bytes) -> None:
        self._answer()
        self.values[key] = (value, self.values.get(key, (b"", 0))[1] + 1)

    def close(self) -> None:
        return

    def _answer(self, fails: bool = False) -> None:
        if self.down or fails:
            raise SourceError("timeout", "no answer")


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def keepers(count: int, memory: Memory) -> tuple[Time, list[Keeper]]:
    clock = Time()
    made = [Keeper(memory, "k", TTL, holder=f"{n}", now=clock) for n in range(count)]
    return clock, made


def look(keeper: Keeper) -> None:
    with contextlib.suppress(SourceError):
        keeper.look()


def test_one_takes_it_and_the_other_only_after_the_time_without_a_renewal() -> None:
    clock, (one, two) = keepers(2, Memory())
    look(one)
    look(two)
    assert (one.leads, two.leads) == (True, False)
    for _ in range(10):  # renewals
        clock.now += TTL / 3
        look(one)
        look(two)
    assert (one.leads, two.leads, two.epoch, two.held_by) == (True, False, 1, "0")
    clock.now += TTL - 0.1  # the first one is stopped
    look(two)
    assert not two.leads
    assert not one.holds()  # by its clock, before it has looked at anything
    assert one.permit() is not None
    clock.now += 0.2
    look(two)
    assert (two.leads, two.epoch) == (True, 2)
    look(one)
    assert (one.leads, one.epoch, one.held_by) == (False, 2, "1")


def test_it_changes_hands_at_once_where_it_is_given_back() -> None:
    clock, (one, two) = keepers(2, Memory())
    look(one)
    look(two)
    one.stop()
    look(two)
    assert (one.leads, two.leads, two.epoch) == (False, True, 2)
    clock.now += 1


def test_a_holder_that_cannot_renew_stops_before_another_can_take_it() -> None:
    memory = Memory()
    clock, (one, two) = keepers(2, memory)
    look(one)
    look(two)
    memory.down = True
    clock.now += TTL * 0.79
    look(one)
    assert one.leads
    clock.now += TTL * 0.02
    look(one)
    assert not one.leads
    memory.down = False
    look(one)  # nobody has taken it meanwhile
    assert (one.leads, one.epoch) == (True, 1)


def test_a_write_whose_answer_is_lost_is_known_again() -> None:
    memory = Memory(mute=True)
    clock, (one, two) = keepers(2, memory)
    look(one)
    assert not one.leads
    memory.mute = False
    look(one)
    assert (one.leads, one.epoch) == (True, 1)
    memory.mute = True
    clock.now += 5
    look(one)
    memory.mute = False
    clock.now += 5
    look(one)
    clock.now += 5
    look(one)
    look(two)
    assert (one.leads, one.epoch, two.leads) == (True, 1, False)


def test_one_that_hangs_does_not_renew() -> None:
    clock, (one, two) = keepers(2, Memory())
    look(one)
    one.alive = lambda: False
    for _ in range(4):
        look(two)
        clock.now += TTL / 3
        look(one)
    look(two)
    assert (one.leads, two.leads) == (False, True)


def test_what_nobody_can_read_is_taken_after_a_while() -> None:
    memory = Memory({"k": (b"\xff", 7)})
    clock, (one,) = keepers(1, memory)
    look(one)
    assert not one.leads
    clock.now += TTL
    look(one)
    assert one.leads


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["look", "wait", "long", "down", "mute", "well", "stop"]), st.integers(0, 2)
    ),
    max_size=60,
)


@given(ACTIONS)
def test_never_do_two_hold_it_and_epochs_only_grow(actions: list[tuple[str, int]]) -> None:
    memory = Memory()
    clock, all_of = keepers(3, memory)
    epochs: dict[int, int] = {}
    for action, which in actions:
        if action == "look":
            look(all_of[which])
        elif action == "stop":
            all_of[which].stop()
        elif action in ("wait", "long"):
            clock.now += 2.0 + which if action == "wait" else TTL
        else:
            memory.down, memory.mute = action == "down", action == "mute"
        holding = [each for each in all_of if each.holds()]
        assert len(holding) <= 1
        for each in holding:
            record = decoded(memory.values["k"][0])
            assert record
            assert epochs.setdefault(each.epoch, all_of.index(each)) == all_of.index(each)
            assert each.epoch == max(epochs)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_none(value: bytes) -> None:
    found = decoded(value)
    assert found is None or decoded(encoded(found)) == found


def test_a_record_is_read_by_later_versions_too() -> None:
    later = b'{"holder":"a","epoch":3,"ttl":15,"renewals":1,"more":[1]}'
    assert decoded(later) == Record("a", 3, 15.0, 1)


def test_a_lease_is_of_the_whole_spec_or_of_a_part() -> None:
    keys = {"shop": "", "shop.aws": "aws", "shop.aws.shard-1-2": "aws.shard-1-2"}
    assert {key: Keeper(Memory(), key, TTL).part for key in keys} == keys
