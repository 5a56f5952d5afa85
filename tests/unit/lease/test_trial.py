"""A place is tried without a change to it."""

import pytest

from obs.errors import SourceError
from obs.lease.keeper import Keeper
from obs.lease.store import Stored
from obs.lease.trial import Tried, tried
from tests.unit.lease.test_keeper import TTL, Memory


class Forgetful(Memory):
    """Replaces a value whatever its revision is."""

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        self.put(key, value)
        return "1"

    def put(self, key: str, value: bytes) -> None:
        self.values[key] = (value, 1)


def test_a_trial_tells_who_leads_and_changes_nothing() -> None:
    place = Memory()
    assert tried(place, "shop") == Tried("", 0)
    assert place.values == {}
    Keeper(place, "shop", TTL, holder="a").look()
    before = dict(place.values)
    assert tried(place, "shop") == Tried("a", 1)
    assert place.values == before


def test_a_value_that_is_no_lease_is_no_holder() -> None:
    place = Memory({"shop": (b"\xff", 1)})
    assert place.read("shop") == Stored(b"\xff", "1")
    assert tried(place, "shop") == Tried("", 0)


def test_a_place_that_does_not_compare_revisions_is_none_for_a_lease() -> None:
    with pytest.raises(SourceError, match="ignores the revision"):
        tried(Forgetful(), "shop")
