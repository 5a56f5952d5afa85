"""Which shard has an object: stable, even, and with one shard more few of them move."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import BadInput
from obs.spec.shard import WHOLE, Portion, Shard, parsed_shard

IDENTITIES = [("main", "stream", f"S{number}", "A") for number in range(2_000)]


def test_a_shard_is_written_as_its_number_of_so_many() -> None:
    assert parsed_shard(" 2/5 ", "obs-3") == Shard(2, 5)
    assert str(Shard(2, 5)) == "2/5"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2", "as 2/5"),
        ("host/5", "pod/5 in a StatefulSet"),
        ("2/", "as 2/5"),
        ("-1/5", "as 2/5"),
        ("0/5", "the first is 1/5"),
        ("6/5", "the last 5/5"),
        ("1/0", "1 to 1000 shards"),
        ("1/1001", "1 to 1000 shards"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_right(written: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parsed_shard(written, "obs-3")


@pytest.mark.parametrize(
    ("host_name", "number"),
    [("obs-0", 1), ("shop-obs-4", 5), ("obs-5", 1), ("obs-13", 4), ("obs-2.obs.shop.svc", 3)],
)
def test_a_pod_of_a_stateful_set_knows_its_shard_by_its_name(host_name: str, number: int) -> None:
    assert parsed_shard("pod/5", host_name) == Shard(number, 5)


@pytest.mark.parametrize("host_name", ["", "obs", "obs-6d4b75cb6d-x2k4z", "obs-", "10.0.0.1"])
def test_a_host_name_without_a_number_is_refused(host_name: str) -> None:
    with pytest.raises(BadInput, match="does not end with the number of a StatefulSet's pod"):
        parsed_shard("pod/5", host_name)


def test_the_hash_is_the_same_in_every_release() -> None:
    share = Portion(Shard(1, 10))
    found = [share.number_of(each) for each in IDENTITIES[:8]]
    assert found == PINNED, "collectors of two releases would watch some streams twice or never"


PINNED = [1, 2, 10, 5, 9, 8, 9, 7]


@given(st.tuples(st.text(), st.text(), st.text(), st.text()), st.integers(1, 40))
def test_one_shard_more_takes_objects_from_the_others_and_moves_nothing_else(
    identity: tuple[str, ...], shards: int
) -> None:
    before, after = (Portion(Shard(1, of)).number_of(identity) for of in (shards, shards + 1))
    assert 1 <= before <= shards
    assert after in (before, shards + 1)


def test_shards_are_even() -> None:
    share = Portion(Shard(1, 10))
    sizes = Counter(share.number_of(each) for each in IDENTITIES)
    assert set(sizes) == set(range(1, 11))
    assert max(sizes.values()) < 1.25 * 200


def test_each_object_is_in_one_share_and_without_shards_all_are() -> None:
    shares = Portion(Shard(3, 4), source="main").every()
    for identity in IDENTITIES[:50]:
        assert sum(share.has(*identity[1:]) for share in shares) == 1
        assert WHOLE.has(*identity)


def test_what_one_slo_counts_stays_together() -> None:
    share = Portion(Shard(1, 7), frozenset({("main", "rule", "orders")}))
    rules = {share.number_of(("main", "rule", "orders", f"r{number}")) for number in range(40)}
    others = {share.number_of(("main", "rule", "other", f"r{number}")) for number in range(40)}
    assert len(rules) == 1
    assert len(others) == 7
