"""What one leader leaves for the next, in pieces."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import SourceError
from obs.lease import handover
from obs.lease.handover import Handover
from tests.unit.lease.test_keeper import Memory


@given(st.lists(st.binary(max_size=2_000), min_size=1, max_size=4))
def test_what_was_left_last_is_found(bodies: list[bytes]) -> None:
    memory = Memory(largest=64)
    leader = Handover(memory, "k")
    assert leader.left() is None
    for number, body in enumerate(bodies):
        leader.leave(body, 3, float(number))
    found = Handover(memory, "k").left()
    assert found is not None
    assert (found.epoch, found.at, found.body) == (3, len(bodies) - 1.0, bodies[-1])


def test_one_that_leads_no_more_replaces_nothing() -> None:
    memory = Memory()
    old, new = Handover(memory, "k"), Handover(memory, "k")
    old.leave(b"old", 1, 0)
    new.leave(b"new", 2, 1)
    for _ in range(2):
        with pytest.raises(SourceError):
            old.leave(b"late", 1, 2)
    found = new.left()
    assert found
    assert found.body == b"new"


@given(st.binary(max_size=80), st.sampled_from(["k.state", "k.state.1a.0"]))
def test_what_is_damaged_counts_for_nothing(value: bytes, key: str) -> None:
    memory = Memory()
    Handover(memory, "k").leave(b"body", 1, 0)
    memory.values[key] = (value, 9)
    found = Handover(memory, "k").left()
    assert found is None or found.body == b"body"


def test_what_is_too_much_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST", 10)
    with pytest.raises(SourceError) as caught:
        Handover(Memory(), "k").leave(bytes(range(200)), 1, 0)
    assert caught.value.reason == "too_large"


def test_a_bomb_does_not_unpack(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    Handover(memory, "k").leave(b"x" * 100_000, 1, 0)
    monkeypatch.setattr(handover, "_MOST_UNPACKED", 1_000)
    assert Handover(memory, "k").left() is None


def test_a_manifest_of_too_many_pieces_is_none() -> None:
    of = {"epoch": 1, "at": 0.0, "slot": "0a", "pieces": 5_000, "digest": ""}
    memory = Memory({"k.state": (msgspec.json.encode(of), 1)})
    assert Handover(memory, "k").left() is None
