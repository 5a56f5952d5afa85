"""What packs on CloudWatch add to a system: metrics of its AWS sources, and nothing twice."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.dashboards.build import boards
from obs.packs.alb import metrics as alb
from obs.packs.cloudwatch import watched
from obs.snapshot.cloudwatch import AskedMetric
from obs.sources.aws.metric_counters import asked_of
from obs.sources.aws.metric_listing import selection_of
from obs.spec.load import load
from obs.spec.report import InvalidSpec
from obs.spec.system import System

ALB = {"source": "cloud", "load_balancers": ["app/shop-*", "app/admin/1"]}
ERRORS = {
    "namespace": "AWS/Lambda",
    "name": "Errors",
    "dimensions": {"FunctionName": "orders-*"},
    "statistic": "Sum",
}


def system(folder: Path, packs: dict[str, Any], *metrics: dict[str, Any]) -> System:
    sources = {"aws": {"cloud": {"region": "us-east-1", "metrics": list(metrics)}}}
    path = folder / "spec.yaml"
    path.write_text(
        yaml.safe_dump({"version": 1, "system": "shop", "sources": sources, "packs": packs})
    )
    return load([path], variables={})


def asked(of: System) -> list[AskedMetric]:
    return [asked_of(each) for each in of.sources.aws["cloud"].metrics]


def test_a_source_reads_each_combination_of_globs(tmp_path: Path) -> None:
    groups = {**ALB, "target_groups": ["targetgroup/shop-*", "targetgroup/admin/2"]}
    healthy = [
        dict(each.dimensions)
        for each in asked(system(tmp_path, {"alb": groups}))
        if each.name == "HealthyHostCount"
    ]
    assert healthy == [
        {"TargetGroup": group, "LoadBalancer": balancer}
        for group in groups["target_groups"]
        for balancer in ALB["load_balancers"]
    ]


def test_metrics_of_the_same_objects_are_listed_by_one_request(tmp_path: Path) -> None:
    selections = {selection_of(each) for each in asked(system(tmp_path, {"alb": ALB}))}
    assert {(name, len(globs)) for _, name, globs in selections} == {
        ("RequestCount", 1),
        ("HealthyHostCount", 2),
    }


def test_a_metric_is_found_by_its_own_name_where_no_other_is_given(tmp_path: Path) -> None:
    (own,) = asked(system(tmp_path, {}, ERRORS))
    assert selection_of(own)[1] == "Errors"


def test_a_declared_metric_is_the_one_that_is_exported(tmp_path: Path) -> None:
    declared = watched(
        *("AWS/RDS", "BurstBalance", ("DBInstanceIdentifier",), "Minimum", "level"),
        *("What is left.", "Burst credits"),
        unit="Percent",
        period="5m",
    )
    (read,) = declared.of(["shop"])
    exported = read.exported_metric
    assert (declared.metric.name, declared.metric.labels) == (exported.name, exported.labels)
    assert declared.metric.twin.dimensions == (("DBInstanceIdentifier", "db_instance_identifier"),)
    assert (declared.metric.help, declared.metric.title) == ("What is left.", "Burst credits")
    assert read.period == 300


def test_the_page_of_named_metrics_leaves_out_those_of_packs(tmp_path: Path) -> None:
    of_user = {**ERRORS, "namespace": "AWS/ApplicationELB", "name": "RequestCount"}
    of_user["dimensions"] = {"LoadBalancer": "app/other/3"}
    made = {each.page: each for each in boards(system(tmp_path, {"alb": ALB}, ERRORS, of_user))}
    text = json.dumps(made["cloudwatch"].json)
    assert "aws_lambda_errors_total" in text
    assert alb.REQUESTS.metric.name not in text
    assert alb.REQUESTS.metric.name in json.dumps(made["alb"].json)
    only = {each.page for each in boards(system(tmp_path, {"alb": ALB}))}
    assert "cloudwatch" not in only


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"source": "clout"}, "packs.alb.source: no AWS source 'clout'; did you mean cloud?"),
        ({"where": {"job": "x"}}, "packs.alb.where: this pack's series are chosen by source"),
        ({"load_balancers": []}, "packs.alb.load_balancers: "),
        ({"load_balancer": ["x"]}, "did you mean load_balancers?"),
    ],
)
def test_mistakes_are_told_with_their_field(
    changed: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSpec) as error:
        system(tmp_path, {"alb": {**ALB, **changed}})
    assert told in str(error.value)


def test_an_application_is_its_packs_together(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    source = "version: 1\nsystem: kb\nsources: {aws: {cloud: {region: us-east-1}}}\npacks:\n"
    parts = '{source: cloud, load_balancers: ["app/kb/1"], caches: [kb]}'
    path.write_text(f"{source}  aws-app: {parts}\n")
    together = load([path], variables={})
    path.write_text(
        f'{source}  alb: {{source: cloud, load_balancers: ["app/kb/1"]}}\n'
        "  elasticache: {source: cloud, caches: [kb]}\n"
    )
    apart = load([path], variables={})
    assert dict(together.packs.used()) == dict(apart.packs.used())
    assert together.sources.aws["cloud"].metrics == apart.sources.aws["cloud"].metrics
    assert together.sources.aws["cloud"].metrics


@pytest.mark.parametrize(
    ("packs", "said"),
    [
        ("aws-app: {source: cloud}", ":5: packs.aws-app: names nothing to watch; write some of"),
        ("aws-app: {source: cloud, domains: [kb]}", ":5: packs.aws-app.account: is missing"),
        (
            "aws-app: {source: cloud, buckets: [kb]}\n  s3: {source: cloud, buckets: [b]}",
            ":6: packs.s3: aws-app has it too; write it in one of the two",
        ),
    ],
)
def test_a_mistake_in_an_application_is_one_line(tmp_path: Path, packs: str, said: str) -> None:
    path = tmp_path / "spec.yaml"
    source = "version: 1\nsystem: kb\nsources: {aws: {cloud: {region: us-east-1}}}\npacks:\n"
    path.write_text(f"{source}  {packs}\n")
    with pytest.raises(InvalidSpec) as refused:
        load([path], variables={})
    assert said in str(refused.value)
