"""The table of the other NATS exporters' names is true to the catalogue."""

from collections import Counter

import pytest

from obs.catalogue import BY_NAME
from tests.bench.exporter_names import PEERS, PeerName, names


def test_what_is_called_ours_is_in_the_catalogue() -> None:
    ours = {metric for each in names() for metric in each.metrics}
    assert sorted(ours - BY_NAME.keys()) == []


def test_a_label_that_narrows_ours_is_a_label_of_it() -> None:
    for each in names():
        if each.where:
            assert {label for label, _ in each.where} <= set(BY_NAME[each.ours].labels)


def test_each_name_has_one_of_ours_or_a_reason() -> None:
    assert [each.name for each in names() if not each.ours and not each.why] == []


def test_no_name_is_told_twice_and_both_exporters_are_told_of() -> None:
    found = Counter((each.peer, each.name) for each in names())
    assert [name for name, number in found.items() if number > 1] == []
    for peer, least in zip(PEERS, (157, 98), strict=True):
        assert sum(each.peer == peer for each in names()) >= least


@pytest.mark.parametrize(
    "name", [each for each in names() if each.factor != 1], ids=lambda each: each.name
)
def test_a_factor_makes_the_unit_of_ours(name: PeerName) -> None:
    assert name.ours.endswith(("_seconds", "_cores", "_seconds_total"))
