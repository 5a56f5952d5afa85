"""Each rule: a dashboard that breaks just it, and one that comes close and does not."""

import json
from typing import Any

import pytest

from obs.catalogue.exported import exported
from obs.dashboard_lint.rules import ALL
from obs.dashboard_lint.subject import Knowledge
from tests.unit.dashboard_lint.boards import (
    LOKI,
    SELECTED,
    Json,
    board,
    broken,
    findings,
    of_panel,
    of_query,
    of_variable,
    panel,
    target,
    variable,
)


def drop(of: Json, *names: str) -> Json:
    for name in names:
        del of[name]
    return of


def add(of: Json, *panels: Json) -> Json:
    of["panels"] += panels
    return of


def below(identity: int, **changes: Any) -> Json:
    return panel(id=identity, gridPos={"x": 0, "y": 9, "w": 24, "h": 8}, **changes)


def unit(name: str) -> Json:
    return of_panel(lambda it: it["fieldConfig"]["defaults"].update(unit=name))


def renamed(name: str, new: str) -> Json:
    """The board with a variable called something else everywhere."""
    written = json.dumps(of_variable(0, name=new))
    return dict(json.loads(written.replace(f"${{{name}}}", f"${{{new}}}")))


def grid(**where: int) -> Json:
    return broken(lambda it: it["panels"][2]["gridPos"].update(where))


BREAKS: list[tuple[str, str, Json, str]] = [
    (
        "template-datasource-rule",
        "another name",
        renamed("prometheus_datasource", "ds"),
        "variable ds is a data source; name it prometheus_datasource",
    ),
    (
        "template-datasource-rule",
        "another label",
        of_variable(0, label="Source"),
        "variable prometheus_datasource should have the label Prometheus data source",
    ),
    (
        "template-job-rule",
        "All matches what has no job",
        of_variable(2, allValue=".*"),
        "variable job expands All to .*, which also matches series without job; set allValue to .+",
    ),
    (
        "template-job-rule",
        "another label",
        of_variable(2, label="Collector job"),
        "variable job should have the label Job",
    ),
    (
        "template-job-rule",
        "of logs",
        of_variable(2, datasource=LOKI),
        "variable job queries loki; use the Prometheus data source",
    ),
    (
        "template-job-rule",
        "All lists every value",
        of_variable(2, allValue=None),
        "variable job expands All to every value, which makes long queries; set allValue to .+",
    ),
    (
        "template-job-rule",
        "one value only",
        of_variable(2, multi=False),
        "variable job allows one value only; set multi",
    ),
    (
        "template-instance-rule",
        "no query",
        of_variable(3, type="custom", query="a,b"),
        "variable instance has type custom; make it a query",
    ),
    (
        "template-label-promql-rule",
        "a brace left open",
        of_variable(2, query="label_values(up{a=, job)"),
        "variable job has query label_values(up{a=, job), which is not valid PromQL: "
        "unexpected end of input inside braces",
    ),
    (
        "template-on-time-change-reload-rule",
        "asked on load only",
        of_variable(2, refresh=1),
        "variable job is not refreshed when the time range changes; set refresh to 2",
    ),
    (
        "template-unused-rule",
        "nobody uses it",
        broken(lambda it: it["templating"]["list"].append(variable("pod"))),
        "variable pod is unused; remove it",
    ),
    (
        "template-undefined-rule",
        "misspelt",
        of_query(f'rate(up_total{{{SELECTED},pod="$jobb"}}[$__rate_interval])'),
        "$jobb is not a variable of the dashboard; did you mean job?",
    ),
    (
        "panel-datasource-rule",
        "known here only",
        of_panel(lambda it: it["targets"][0].update(datasource={"uid": "P1809F7CD0C75ACF3"})),
        "data source P1809F7CD0C75ACF3 is unknown to other instances; use a variable: "
        "${datasource}",
    ),
    (
        "panel-datasource-rule",
        "an input for importing by hand",
        of_panel(
            lambda it: it["targets"][0].update(
                datasource={"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
            )
        ),
        "data source ${DS_PROMETHEUS} is not a variable of the dashboard; add one of type "
        "datasource",
    ),
    (
        "dashboard-datasource-rule",
        "an annotation's",
        broken(lambda it: it["annotations"]["list"][0].update(datasource="Prometheus")),
        "annotation Deploys: data source Prometheus is unknown to other instances; use a variable: "
        "${datasource}",
    ),
    (
        "dashboard-datasource-rule",
        "a variable's",
        of_variable(2, datasource=None, query="label_values(job)"),
        "variable job: has no data source and uses the default of each instance; use a variable: "
        "${datasource}",
    ),
    (
        "panel-title-description-rule",
        "no description",
        of_panel(lambda it: it.update(description=" ")),
        "has no description; write what it shows, and which values are bad",
    ),
    (
        "panel-description-rule",
        "the title again",
        of_panel(lambda it: it.update(description="Shows the requests.")),
        "has a description that only repeats the title",
    ),
    (
        "panel-units-rule",
        "no unit beside empty mappings",
        unit(""),
        "has no unit; use short for counts",
    ),
    (
        "panel-units-rule",
        "misspelt",
        unit("percentunits"),
        "percentunits is not a unit of Grafana; did you mean percentunit?",
    ),
    (
        "panel-units-rule",
        "made up",
        unit("orders"),
        "orders is not a unit of Grafana; for text after the number write suffix:orders",
    ),
    (
        "panel-no-targets-rule",
        "an empty list",
        of_panel(lambda it: it.update(targets=[])),
        "has no query; add one, or remove the panel",
    ),
    (
        "panel-no-data-rule",
        "no text",
        of_panel(lambda it: drop(it["fieldConfig"]["defaults"], "noValue")),
        "has no text for an empty result; set noValue",
    ),
    (
        "panel-deprecated-rule",
        "graph",
        of_panel(lambda it: it.update(type="graph")),
        "panel type graph was removed from Grafana; use timeseries",
    ),
    (
        "panel-id-rule",
        "none",
        of_panel(lambda it: drop(it, "id")),
        "has no id, so nothing can link to it; set a unique number",
    ),
    (
        "panel-layout-rule",
        "outside",
        grid(w=13),
        "is at x 12 to 25, y 1; the grid has columns 0 to 24",
    ),
    ("panel-layout-rule", "covering", grid(x=11), 'covers panel "Requests" (1)'),
    ("panel-layout-rule", "a gap", grid(y=2), "leaves a gap above it in columns 12 to 24"),
    (
        "panel-layout-rule",
        "nowhere",
        broken(lambda it: drop(it["panels"][2], "gridPos")),
        "has no position; gridPos requires whole numbers x, y, w and h",
    ),
    (
        "panel-layout-rule",
        "a gap beside a wide panel",
        broken(lambda it: (it["panels"][2]["gridPos"].update(w=8), add(it, below(3)))),
        "leaves a gap above it in columns 20 to 24",
    ),
    (
        "target-promql-rule",
        "a brace left open",
        of_query('rate(up{job="$job"'),
        "is not valid PromQL: unexpected end of input inside braces",
    ),
    (
        "target-promql-rule",
        "or between matchers",
        of_query(f'up{{{SELECTED},a="x" or b="y"}}'),
        'is not valid PromQL: "or" between the matchers of a selector; write =~ or two selectors',
    ),
    (
        "target-rate-interval-rule",
        "a fixed range by arithmetic",
        of_query(f"rate(x_total{{{SELECTED}}}[5m + 1m])"),
        "rate over a fixed range; write [$__rate_interval], which fits the step",
    ),
    (
        "template-undefined-rule",
        "an account's name in braces",
        of_query(f'sum(nats{{{SELECTED},account="${{G}}"}})'),
        "$G is not a variable of the dashboard",
    ),
    (
        "target-promql-rule",
        "nothing",
        of_query(" "),
        "has an empty query; write one, or remove the target",
    ),
    (
        "target-rate-interval-rule",
        "a fixed range",
        of_query(f"rate(x_total{{{SELECTED}}}[5m])"),
        "rate over a fixed range; write [$__rate_interval], which fits the step",
    ),
    (
        "target-rate-interval-rule",
        "the step",
        of_query(f"increase(x_total{{{SELECTED}}}[$__interval])"),
        "increase over $__interval misses increases between points; write [$__rate_interval]",
    ),
    (
        "target-job-rule",
        "one selector of two",
        of_query(f'up{{{SELECTED}}} / ready{{instance=~"$instance"}}'),
        'ready without job=~"$job"',
    ),
    (
        "target-instance-rule",
        "one value where there may be several",
        of_query('up{job=~"$job",instance="$instance"}'),
        'up without instance=~"$instance"',
    ),
    (
        "target-counter-agg-rule",
        "with matchers",
        of_query(f"sum(x_total{{{SELECTED}}})"),
        "x_total is a counter; query its rate or increase",
    ),
    (
        "target-metric-rule",
        "misspelt beside one of ours",
        of_query(f"nats_consumer_lag_mesages{{{SELECTED}}} + nats_server_up{{{SELECTED}}}"),
        "unknown metric nats_consumer_lag_mesages; did you mean nats_consumer_lag_messages?",
    ),
    (
        "target-legend-rule",
        "aggregated away",
        of_panel(lambda it: it["targets"][0].update(legendFormat="{{method}} {{path}}")),
        "the legend has {{method}}, but the result has no such label; its labels: path",
    ),
    (
        "uneditable-dashboard",
        "editable",
        broken(lambda it: drop(it, "editable")),
        "is editable in Grafana, but the file overwrites changes; set editable to false",
    ),
    (
        "dashboard-schema-rule",
        "old",
        broken(lambda it: it.update(schemaVersion=39)),
        "schemaVersion 39 is migrated each time the dashboard is opened; the current one is 42",
    ),
    (
        "dashboard-size-rule",
        "too many panels",
        broken(
            lambda it: add(
                it,
                *(
                    panel(id=100 + n, gridPos={"x": 0, "y": 9 + n, "w": 24, "h": 1})
                    for n in range(24)
                ),
            )
        ),
        "has 26 panels; split a dashboard of more than 25",
    ),
    ("unique-title-rule", "none", broken(lambda it: it.update(title="")), "has no title"),
]


def test_a_good_dashboard_has_no_findings() -> None:
    assert findings(board()) == []


@pytest.mark.parametrize(
    ("rule", "changed", "message"),
    [
        pytest.param(rule, changed, message, id=f"{rule} {how}")
        for rule, how, changed, message in BREAKS
    ],
)
def test_what_breaks_a_rule_is_told_by_that_rule_alone(
    rule: str, changed: Json, message: str
) -> None:
    assert [(each.rule, each.message) for each in findings(changed)] == [(rule, message)]


GOOD: dict[str, Json] = {
    "a counter's rate within other functions": of_query(
        f"histogram_quantile(0.9, sum by (le) (rate(x_total{{{SELECTED}}}[$__rate_interval])))"
    ),
    "the number of a counter's series": of_query(f"count(x_total{{{SELECTED}}})"),
    "a rate over the whole range at one moment": of_query(
        f"rate(x_total{{{SELECTED}}}[$__range])", instant=True
    ),
    "an increase over an hour": of_query(f"increase(x_total{{{SELECTED}}}[1h])"),
    "recorded series have the labels their rule left": of_query("job:requests:rate5m"),
    "alerts have no job": of_query('ALERTS{alertstate="firing"}'),
    "a metric that is not ours, alone": of_query(f"slo_of_somebody_else{{{SELECTED}}}"),
    "a metric that a variable names": broken(
        lambda it: (
            it["templating"]["list"].append({"name": "metric", "type": "textbox", "query": ""}),
            it["panels"][1]["targets"][0].update(
                expr=f"rate(${{metric}}{{{SELECTED}}}[$__rate_interval])"
            ),
        )
    ),
    "labels brought by group_left": of_query(
        f"sum by (pod) (up{{{SELECTED}}}) * on (pod) group_left(node) kube{{{SELECTED}}}",
        legendFormat="{{pod}} {{node}}",
    ),
    "labels made by label_replace": of_query(
        f'label_replace(sum(up{{{SELECTED}}}), "zone", "x", "", "")', legendFormat="{{zone}}"
    ),
    "a legend of labels that a variable chooses": broken(
        lambda it: (
            it["templating"]["list"].append({"name": "by", "type": "custom", "query": "a,b"}),
            it["panels"][1]["targets"][0].update(
                expr=f"sum by ($by) (up{{{SELECTED}}})", legendFormat="{{a}}{{b}}"
            ),
        )
    ),
    "words in the place of numbers": of_panel(
        lambda it: it["fieldConfig"]["defaults"].update(
            unit="", mappings=[{"type": "value", "options": {"1": {"text": "up"}}}]
        )
    ),
    "units by column": of_panel(
        lambda it: it["fieldConfig"].update(
            defaults={"noValue": "–"},
            overrides=[{"matcher": {}, "properties": [{"id": "unit", "value": "s"}]}],
        )
    ),
    "a suffix for a unit": unit("suffix: orders"),
    "a panel of the library": of_panel(
        lambda it: (drop(it, "targets", "description"), it.update(libraryPanel={"uid": "x"}))
    ),
    "a text without queries": of_panel(
        lambda it: (drop(it, "targets", "description"), it.update(type="text", title=""))
    ),
    "the last line need not be full": broken(
        lambda it: add(it, panel(id=3, gridPos={"x": 0, "y": 9, "w": 5, "h": 2}))
    ),
    "a row with its panels within": broken(
        lambda it: add(
            it,
            {
                "id": 5,
                "type": "row",
                "title": "More",
                "collapsed": True,
                "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1},
                "panels": [panel(id=6, gridPos={"x": 0, "y": 10, "w": 24, "h": 8})],
            },
        )
    ),
    "one job at a time": broken(
        lambda it: (
            it["templating"]["list"][2].update(multi=False, includeAll=False),
            it["panels"][1]["targets"][0].update(
                expr='sum by (path) (up{job="$job",instance=~"$instance"})'
            ),
        )
    ),
    "what the server itself adds up": of_panel(
        lambda it: it["targets"].append(
            {"refId": "B", "datasource": {"type": "__expr__", "uid": "__expr__"}, "type": "math"}
        )
    ),
    "filters that Grafana adds by itself": broken(
        lambda it: it["templating"]["list"].append(
            {"name": "filters", "type": "adhoc", "datasource": {"uid": "$prometheus_datasource"}}
        )
    ),
    "a variable that Grafana groups all queries by": broken(
        lambda it: it["templating"]["list"].append(
            {"name": "by", "type": "groupby", "datasource": {"uid": "$prometheus_datasource"}}
        )
    ),
    "NATS' default account": of_query(f'sum(nats{{{SELECTED},account="$G"}})'),
    "NATS' accounts and subjects": of_query(
        f'sum(nats{{{SELECTED},account=~"^($G|$SYS)$",subject=~"$JS[.]API[.].*"}})'
    ),
    "arithmetic on durations": of_query(f"sum(rate(x_total{{{SELECTED}}}[$__rate_interval + 1m]))"),
    "messages a second": unit("mps"),
    "what a panel of the library may use": broken(
        lambda it: (
            it["templating"]["list"].append(variable("pod")),
            it["panels"][1].update(libraryPanel={"uid": "x"}),
        )
    ),
    "a variable that repeats a panel": broken(
        lambda it: (
            it["templating"]["list"].append(variable("pod")),
            it["panels"][1].update(repeat="pod"),
        )
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_comes_close_is_not_told(name: str) -> None:
    told = [each for each in findings(GOOD[name]) if each.rule != "template-job-rule"]
    assert told == []


def test_panels_within_collapsed_rows_are_judged() -> None:
    hidden = panel(id=6, title="", gridPos={"x": 0, "y": 10, "w": 24, "h": 8}, targets=[])
    row = below(5, type="row", targets=[], panels=[hidden])
    row["gridPos"]["h"] = 1
    told = {each.rule for each in findings(broken(lambda it: add(it, row)))}
    assert told == {"panel-title-description-rule", "panel-no-targets-rule"}


def test_two_panels_of_one_id_are_both_told() -> None:
    told = findings(broken(lambda it: it["panels"][2].update(id=1)))
    assert [each.message for each in told] == ["2 panels have the id 1; set unique numbers"] * 2


def test_a_dashboard_without_variables_is_told_what_it_lacks_once() -> None:
    bare = broken(lambda it: it.update(templating={}, annotations={}))
    told = [each.rule for each in findings(bare)]
    assert told.count("template-job-rule") == 1
    assert "target-job-rule" not in told


def test_two_dashboards_of_one_uid_or_title_are_told_of_each_other() -> None:
    other = broken(lambda it: it["panels"].pop())
    told = [each for each in findings(board(), other) if each.rule.startswith("unique-")]
    assert [(each.file, each.rule, each.message) for each in told] == [
        (
            "0.json",
            "unique-title-rule",
            "1.json also has the title Shop; choose another",
        ),
        (
            "0.json",
            "unique-uid-rule",
            "1.json also has the uid shop; Grafana keeps only one of them",
        ),
        (
            "1.json",
            "unique-title-rule",
            "0.json also has the title Shop; choose another",
        ),
        (
            "1.json",
            "unique-uid-rule",
            "0.json also has the uid shop; Grafana keeps only one of them",
        ),
    ]


def test_dashboards_of_loki_alone_need_no_job() -> None:
    def change(it: Json) -> None:
        it["templating"]["list"] = [it["templating"]["list"][1]]
        it["panels"] = [panel(targets=[target('{app="a"}', datasource=LOKI, legendFormat="")])]
        it["annotations"] = {}

    assert findings(broken(change)) == []


@pytest.mark.parametrize("typed", [{"type": "loki", "uid": "l"}, {"uid": "${loki_datasource}"}])
def test_queries_of_other_data_sources_are_not_checked(typed: Json) -> None:
    target_of = {"expr": "counted({no promql at all", "datasource": typed, "legendFormat": "{{x}}"}
    changed = broken(lambda it: it["panels"][2]["targets"][0].update(target_of))
    assert {found.rule for found in findings(changed)} <= {"panel-datasource-rule"}


def test_a_regular_expression_that_must_not_match_is_promql() -> None:
    def rules(interval: str) -> list[str]:
        query = f'rate(http_requests_total{{{SELECTED},code!~"2.."}}[{interval}])'
        return [found.rule for found in findings(of_query(query, datasource="Prometheus"))]

    assert rules("$__rate_interval") == ["panel-datasource-rule"]
    assert rules("5m") == ["panel-datasource-rule", "target-rate-interval-rule"]


def test_a_query_for_what_the_spec_does_not_export_is_told() -> None:
    query = of_query(f"sum(nats_consumer_waiting_pulls{{{SELECTED}}})")
    assert findings(query) == [], "without a spec it may be exported"
    assert findings(query, knowledge=Knowledge(exported=exported(("nats_*",)))) == []
    for chosen, why in (
        (exported(), "which is exported only where metrics.include names it"),
        (exported(exclude=("nats_*",)), "which metrics.exclude leaves out"),
    ):
        (finding,) = findings(query, knowledge=Knowledge(exported=chosen))
        assert finding.rule == "target-exported-rule"
        assert finding.message == f"queries nats_consumer_waiting_pulls, {why}"


def test_every_rule_is_broken_by_some_test() -> None:
    elsewhere = {"panel-threshold-rule", "unique-uid-rule", "target-exported-rule"}
    assert {rule.name for rule in ALL} == {rule for rule, *_ in BREAKS} | elsewhere


def test_rules_have_names_of_their_own_and_say_what_has_to_be_so() -> None:
    assert len({rule.name for rule in ALL}) == len(ALL)
    assert [rule for rule in ALL if not rule.summary] == []
