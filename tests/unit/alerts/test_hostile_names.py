"""Names that look like templates, quotes or wildcards come out of every writer as they went in."""

import json
import re

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from obs.alerts.targets import TARGETS, build_targets
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import grafana
from obs.alerts.writers.prometheus import alert_rule, rule_files
from obs.alerts.writers.templates import address, go_text
from obs.artifacts import yaml_text
from obs.dashboards import formats
from obs.dashboards.interpolate import referenced
from obs.spec.system import System
from tests.unit.alerts.hostile import systems

SOME = settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
KINDS = ("PutMetricAlarm", "PutCompositeAlarm")
_QUOTED = re.compile(r'\{\{"(\{+)"\}\}')


def in_template(path: str) -> bool:
    return path.startswith("amp/") or "cloudformation" in path


def by_go(template: str) -> str:
    """What Go's templates render of a text without actions other than quoted braces."""
    assert "{{" not in _QUOTED.sub("", template)
    return _QUOTED.sub(r"\1", template)


def by_grafana(text: str) -> str:
    """A text of a provisioning file; no variable of the environment is in it."""
    parts = text.split("$$")
    assert not [part for part in parts if "$" in part]
    return "$".join(parts)


@SOME
@given(systems())
def test_every_target_is_built_whatever_the_names_are(system: System) -> None:
    assert build_targets(system, list(TARGETS)).failures == {}
    assert formats.build_targets(system, list(formats.TARGETS)).failures == {}


@SOME
@given(systems())
def test_every_alarm_of_the_plan_is_in_each_format_once_with_its_dimensions(
    system: System,
) -> None:
    files = build_targets(system, ["cloudwatch"]).whole()["cloudwatch"]
    plan = json.loads(files["cloudwatch/cloud/plan.json"])
    planned = [each["AlarmName"] for kind in KINDS for each in plan[kind]]
    resources = [
        each
        for path, text in files.items()
        if "cloudformation" in path and "dashboard" not in path
        for each in json.loads(text)["Resources"].values()
    ]
    terraform = json.loads(files["cloudwatch/cloud/terraform.tf.json"])["resource"]
    assert len(set(planned)) == len(planned) > 0
    assert sorted(each["Properties"]["AlarmName"] for each in resources) == sorted(planned)
    assert sum(len(terraform[kind]) for kind in terraform if "alarm" in kind) == len(planned)


@SOME
@given(systems())
def test_labels_of_prometheus_rules_are_the_names(system: System) -> None:
    alerts = tuned_alerts(system)
    for tuned in alerts:
        labels = alert_rule(tuned, system)["labels"]
        for label, value in (*tuned.only, *tuned.labels):
            assert by_go(labels[label]) == value
    built = rule_files(alerts, system)
    rules = [rule for each in built.values() for group in each["groups"] for rule in group["rules"]]
    assert len(rules) == len(alerts)
    for document in built.values():
        assert yaml.safe_load(yaml_text(document)) == document


@SOME
@given(systems())
def test_grafana_reads_titles_and_labels_from_its_file_as_they_are(system: System) -> None:
    alerts = tuned_alerts(system)
    (text,) = build_targets(system, ["grafana"]).whole()["grafana"].values()
    groups = yaml.safe_load(text)["groups"]
    wanted = grafana.groups(alerts, system)
    assert [by_grafana(group["folder"]) for group in groups] == [x["folder"] for x in wanted]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(alerts)
    titles = [by_grafana(rule["title"]) for rule in rules]
    assert titles == [rule["title"] for group in wanted for rule in group["rules"]]
    assert len(set(titles)) == len(titles)
    assert max(len(title.encode()) for title in titles) <= grafana.LONGEST_TITLE
    assert not [x for rule in rules for x in rule["annotations"].values() if "$" in x]
    teams = {by_go(by_grafana(rule["labels"].get("team", "x"))) for rule in rules}
    assert dict(system.alerts["NatsConsumerLagHigh"].labels)["team"] in teams


@SOME
@given(systems())
def test_rules_inside_other_documents_are_those_of_prometheus(system: System) -> None:
    wanted = rule_files(tuned_alerts(system), system)
    files = build_targets(system, ["operator", "amp"]).whole()
    objects = [yaml.safe_load(text) for text in files["operator"].values()]
    groups = [group for each in objects for group in each["spec"]["groups"]]
    for document in wanted.values():
        assert [group for group in groups if group in document["groups"]] == document["groups"]
    template = json.loads(files["amp"]["amp/rules.json"])
    data = [yaml.safe_load(each["Properties"]["Data"]) for each in template["Resources"].values()]
    for document in data:
        for group in document["groups"]:
            for rule in group["rules"]:
                rule["expr"] = rule["expr"].replace(r"{\x7bresolve:", "{{resolve:")
    assert data == list(wanted.values())


@SOME
@given(systems())
def test_cloudformation_finds_nothing_to_resolve(system: System) -> None:
    files = build_targets(system, ["amp", "cloudwatch"]).whole()
    templates = [
        text for each in files.values() for path, text in each.items() if in_template(path)
    ]
    assert not [text for text in templates if "{{resolve:" in text]


@SOME
@given(systems())
def test_no_name_is_a_variable_of_a_dashboard(system: System) -> None:
    plain = system.model_copy(update={"alerts": {}})
    for one, other in zip(_boards(system), _boards(plain), strict=True):
        assert set(referenced(one)) == set(referenced(other))


def _boards(system: System) -> list[str]:
    return [
        text
        for path, text in sorted(formats.build(system, ["json"])["json"].items())
        if path.endswith(".json")
    ]


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("plain {x}", "plain {x}"),
        ("{{x}}", '{{"{{"}}x}}'),
        ("{{{", '{{"{{{"}}'),
        ("ends with {", 'ends with {{"{"}}'),
        ("}}", "}}"),
    ],
)
def test_only_what_begins_a_template_is_quoted(text: str, template: str) -> None:
    assert go_text(text) == template
    assert by_go(template) == text


def test_an_address_has_nothing_that_urls_have_encoded() -> None:
    assert address("https://x/a-b_c?d=e&f=%20#g") == "https://x/a-b_c?d=e&f=%20#g"
    assert address("https://x/{{a}}/$b/%") == "https://x/%7B%7Ba%7D%7D/%24b/%25"
