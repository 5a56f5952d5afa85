"""The kinds of source: what each says of itself is what the rest of obs goes by."""

import pytest

from obs.catalogue import ALL
from obs.checks.catalogue import CHECKS
from obs.sources.kind import AnyKind
from obs.sources.kinds import BY_KEY, KINDS, each_source, module_of
from obs.spec.source import stale_after
from obs.spec.sources import SOURCE_KINDS, Sources, source_model
from obs.spec.system import System

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {
            "aws": {"cloud": {"region": "eu-west-1"}},
            "nats": {"main": {"monitor": ["http://nats:8222"]}},
        },
    }
)


def test_each_kind_of_the_list_is_found_in_its_order() -> None:
    assert tuple(kind.key for kind in KINDS) == SOURCE_KINDS
    assert tuple(BY_KEY) == SOURCE_KINDS == tuple(Sources.model_fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_a_kind_s_key_is_the_first_label_of_its_series(kind: AnyKind) -> None:
    labelled = [metric for metric in ALL if kind.key in metric.labels]
    assert labelled
    assert {metric.labels[0] for metric in labelled} == {kind.key}


def test_sources_come_in_the_order_of_the_kinds_whatever_the_spec_s() -> None:
    assert [(kind.key, name) for kind, name, _ in each_source(SYSTEM)] == [
        ("nats", "main"),
        ("aws", "cloud"),
    ]
    assert SYSTEM.sources.named("cloud") is SYSTEM.sources.aws["cloud"]
    with pytest.raises(KeyError):
        SYSTEM.sources.named("other")


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_every_kind_says_when_its_values_go_stale(kind: str) -> None:
    fields = source_model(kind).model_fields
    assert {"poll", "timeout", "stale_after", "required"} <= fields.keys()
    for spec in SYSTEM.sources.of(kind).values():
        assert spec.where
        assert stale_after(spec) >= max(8 * spec.poll, 120)


def test_a_kind_without_a_module_in_a_package_has_none_there() -> None:
    nats = BY_KEY["nats"]
    assert module_of(nats, "obs.iam") is None
    assert module_of(nats, "obs.checks", "catalogue") is not None


def test_status_lists_are_there_where_nothing_is_polled() -> None:
    lists = [name for kind in KINDS for name in kind.status(())]
    assert lists[:4] == ["consumers", "streams", "servers", "unheard_accounts"]
    assert lists[4:6] == ["rules", "queues"]
    assert len(lists) == len(set(lists))
    assert not any(rows for kind in KINDS for rows in kind.status(()).values())


def test_checks_are_shown_by_their_place_and_then_by_kind() -> None:
    assert [check.place for check in CHECKS] == sorted(check.place for check in CHECKS)
    assert [check.name for check in CHECKS][:4] == [
        "eventbridge-rules",
        "eventbridge-dead-letters",
        "retries",
        "jetstream-limits",
    ]
