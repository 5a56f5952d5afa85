"""Which metrics are exported."""

import pytest

from obs import catalogue
from obs.alerts.definitions import ALERTS
from obs.alerts.runbook import template
from obs.catalogue import cost, nats, own
from obs.catalogue.exported import ALWAYS, exported, names_in

USUAL = exported()


def test_a_consumer_has_at_most_12_series_by_default() -> None:
    """A metric of each consumer beyond these is `on_request`, or `rare`."""
    assert cost.of_consumer(USUAL, connected=False) == 11
    assert cost.of_consumer(USUAL, connected=True) == 12


def test_a_metric_on_request_is_exported_where_it_is_included() -> None:
    assert nats.WAITING_PULLS not in USUAL
    assert nats.WAITING_PULLS in exported(include=("nats_consumer_waiting_*",))
    assert cost.of_consumer(exported(include=("nats_consumer_waiting_*",)), connected=True) == 13


def test_what_is_excluded_is_not_exported_although_it_is_included() -> None:
    both = exported(include=("nats_consumer_*",), exclude=("*_sequence",))
    assert nats.ACK_FLOOR_SEQUENCE not in both
    assert nats.RESETS in both


def test_what_every_rule_needs_is_exported_always() -> None:
    none = exported(exclude=("*",))
    assert {each.name for each in catalogue.ALL if each in none} == ALWAYS
    assert own.UP in none, "it is not ours to leave out"


def test_the_reason_tells_what_the_spec_excludes_from_what_it_does_not_include() -> None:
    few = exported(exclude=("nats_consumer_status",))
    assert list(few.lacking((nats.STATUS, nats.LAG_MESSAGES, nats.RESETS))) == [
        "nats_consumer_status, which metrics.exclude leaves out",
        "nats_consumer_resets_total, which is exported only where metrics.include names it",
    ]


def test_names_within_labels_are_no_metrics_of_an_expression() -> None:
    text = 'sum by (job) (up{a="nats_consumer_resets_total",b="say \\" x"}) or nats_server_up'
    assert "nats_server_up" in names_in(text)
    assert "nats_consumer_resets_total" not in names_in(text)
    assert USUAL.suffices(text)
    assert not USUAL.suffices("rate(nats_consumer_resets_total[5m])")


@pytest.mark.parametrize("name", [alert.name for alert in ALERTS])
def test_a_runbook_names_only_metrics_that_are_exported_by_default(name: str) -> None:
    assert USUAL.suffices(template(name))
