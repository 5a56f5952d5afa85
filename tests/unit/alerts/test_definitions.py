"""Every alert is well made, and says what it means."""

import re
from collections import Counter
from importlib.resources import files
from pkgutil import iter_modules

import pytest

from obs.alerts.alert import About, Alert
from obs.alerts.conditions import Above, Increase
from obs.alerts.definitions import ALERTS, BY_NAME
from obs.alerts.runbook import template
from obs.catalogue import BY_NAME as METRICS
from obs.dashboards import pages

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)

SUMMARIES = {"overview", "slos"}
"""Pages that show what other pages show in full: alerts link to those."""


def test_no_name_is_given_twice() -> None:
    assert [name for name, n in Counter(alert.name for alert in ALERTS).items() if n > 1] == []


@each_alert
def test_a_name_is_camel_case_of_at_most_40_characters(alert: Alert) -> None:
    assert re.fullmatch(r"([A-Z][a-z]+)+", alert.name)
    assert len(alert.name) <= 40


@each_alert
def test_texts_are_sentences_and_only_the_description_has_values(alert: Alert) -> None:
    for text in (alert.summary, alert.description, alert.why):
        assert text[0].isupper() or text[0] in "{0123456789"
        assert text.endswith(".")
    assert "{" not in alert.summary + alert.why


@each_alert
def test_a_description_names_only_labels_that_the_alert_has(alert: Alert) -> None:
    known = {
        "value",
        "threshold",
        "window",
        "hold",
        "exhaustion",
        "never",
        "limit",
        *alert.about.labels,
    }
    assert set(re.findall(r"\{(\w+)\}", alert.description)) <= known


@each_alert
def test_an_alert_reads_metrics_of_the_object_it_is_about(alert: Alert) -> None:
    for metric in alert.when.metrics():
        assert METRICS[metric.name] is metric
        whole = alert.about in (About.COLLECTOR, About.TARGET)
        assert whole or set(alert.about.labels) <= set(metric.labels)


@each_alert
def test_an_alert_that_a_source_feeds_outlives_it(alert: Alert) -> None:
    of_collector = (
        *(About.SOURCE, About.COLLECTOR, About.TARGET, About.SPEC_OBJECT),
        *(About.SHARD, About.PART, About.SINK),
    )
    watches_itself = alert.about in of_collector or alert.name == "SloNoData"
    assert bool(alert.keep_firing) != watches_itself


@each_alert
def test_a_panel_key_is_a_page_and_a_panel(alert: Alert) -> None:
    page, _, panel = alert.panel.partition("/")
    assert page in {module.name for module in iter_modules(pages.__path__)} - SUMMARIES
    assert re.fullmatch(r"[a-z_]+", panel)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    there = {file.name.removesuffix(".md") for file in (files("obs.alerts") / "runbooks").iterdir()}
    assert there == set(BY_NAME)


@each_alert
def test_a_runbook_has_impact_three_commands_mitigation_and_false_positives(alert: Alert) -> None:
    text = template(alert.name)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Impact",
        "Diagnosis",
        "Mitigation",
        "False positives",
    ]
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    assert len(block[1].splitlines()) == 3


def test_the_thresholds_that_the_owners_of_the_oms_require_are_the_defaults() -> None:
    lag, failed = BY_NAME["NatsConsumerLagHigh"].when, BY_NAME["EventBridgeFailedInvocations"].when
    assert isinstance(lag, Above)
    assert lag.threshold == 1000
    assert isinstance(failed, Increase)
    assert (failed.threshold, failed.window) == (5, 300)
