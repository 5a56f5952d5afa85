"""Configurations of exporters as sources of ours."""

import random
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import BadInput
from obs.imports.exporters import nats_exporter, nats_surveyor
from obs.imports.exporters.imported import ImportedSources
from obs.imports.exporters.kinds import import_configuration, import_flags
from obs.spec.load import load
from tests.unit.imports.test_any_input import changed

YACE: Final = """
apiVersion: v1alpha1
discovery:
  exportedTagsOnMetrics: {AWS/Lambda: [team], rds: [team]}
  jobs:
    - type: lambda
      regions: [eu-west-1, us-east-1]
      roles:
        - {roleArn: "arn:aws:iam::123456789012:role/p"}
        - {roleArn: "arn:aws:iam::210987654321:role/p", externalId: shared}
      searchTags: [{key: env, value: production}]
      period: 60
      length: 300
      metrics:
        - {name: Errors, statistics: [Sum]}
        - {name: Duration, statistics: [p90], nilToZero: true}
    - type: AWS/RDS
      regions: [eu-west-1]
      searchTags: [{key: env, value: "prod.*"}]
      metrics: [{name: CPUUtilization, statistics: [Maximum], period: 90}]
static:
  - name: groups
    namespace: AWS/AutoScaling
    regions: [eu-west-1]
    dimensions: [{name: AutoScalingGroupName, value: MyGroup}]
    customTags: [{key: a, value: b}]
    metrics: [{name: GroupInServiceInstances, statistics: [Minimum], period: 60}]
customNamespace:
  - name: own
    namespace: Own
    regions: [eu-west-1]
    metrics: [{name: free, statistics: [Average]}]
"""
CLOUDWATCH: Final = """
region: eu-west-1
role_arn: arn:aws:iam::123456789012:role/prom
delay_seconds: 300
metrics:
- aws_namespace: AWS/ELB
  aws_metric_name: RequestCount
  aws_dimensions: [AvailabilityZone, LoadBalancerName]
  aws_dimension_select: {LoadBalancerName: [mylb, other]}
  aws_statistics: [Sum]
- aws_namespace: AWS/SQS
  aws_metric_name: ApproximateAgeOfOldestMessage
  aws_dimensions: [QueueName]
  aws_dimension_select_regex: {QueueName: ["prod-.*"]}
  aws_statistics: [Maximum, Average]
- aws_namespace: AWS/Lambda
  aws_metric_name: Duration
  aws_dimensions: [FunctionName]
  aws_dimension_select_regex: {FunctionName: ["(a|b)[0-9]"]}
  aws_extended_statistics: [p95]
  aws_tag_select: {resource_type_selection: "lambda:function"}
"""
TEXTS: Final = {"yace": YACE, "cloudwatch-exporter": CLOUDWATCH}


def imported(name: str, folder: Path, text: str, *, keep_names: bool = False) -> ImportedSources:
    file = folder / "theirs.yml"
    file.write_text(text, encoding="utf-8")
    return import_configuration(name, [file], keep_names=keep_names)


def spec(found: ImportedSources, folder: Path) -> dict[str, Any]:
    """What was written, once it is known to be valid."""
    assert found.text is not None
    file = folder / "obs.yaml"
    file.write_text(found.text, encoding="utf-8")
    load([file], variables={"NATS_PASSWORD": "x", "NATS_TOKEN": "x"})
    read: dict[str, Any] = yaml.safe_load(found.text)
    return read


def losses(found: ImportedSources) -> str:
    return "\n".join(str(each) for each in found.findings if each.lost)


def test_yace_becomes_a_source_for_each_place(tmp_path: Path) -> None:
    found = imported("yace", tmp_path, YACE)
    sources = spec(found, tmp_path)["sources"]["aws"]
    functions, others = sources["aws1"], sources["aws2"]
    assert functions["regions"] == ["eu-west-1", "us-east-1"]
    assert [each["name"] for each in functions["accounts"]] == ["123456789012", "210987654321"]
    assert functions["functions"] == ["*"]
    assert functions["tags"] == {"env": "production"}
    assert functions["tag_labels"] == ["team"]
    assert [(m["name"], m["missing"]) for m in functions["metrics"]] == [("Duration", "heartbeat")]
    assert others["buses"] == []
    assert [(m["name"], m["dimensions"], m.get("period")) for m in others["metrics"]] == [
        ("CPUUtilization", {"DBInstanceIdentifier": "*"}, "5m"),
        ("GroupInServiceInstances", {"AutoScalingGroupName": "MyGroup"}, None),
    ]
    told = losses(found)
    for line in (
        "theirs.yml:4: discovery.exportedTagsOnMetrics.rds",
        "theirs.yml:19: discovery.jobs[1].searchTags",
        "theirs.yml:20: discovery.jobs[1].metrics[0].period",
        "theirs.yml:26: static[0].customTags",
        "customNamespace[0].metrics[0]: is left out",
    ):
        assert line in told
    assert found.summary == "4 of 5 metrics taken over, in 2 sources"


def test_cloudwatch_exporter_becomes_a_source(tmp_path: Path) -> None:
    found = imported("cloudwatch-exporter", tmp_path, CLOUDWATCH)
    source = spec(found, tmp_path)["sources"]["aws"]["aws"]
    assert (source["region"], source["delay"], source["work_queues"]) == (
        "eu-west-1",
        "5m",
        ["prod-*"],
    )
    assert [(m["name"], m["statistic"], m["dimensions"]) for m in source["metrics"]] == [
        ("RequestCount", "Sum", {"AvailabilityZone": "*", "LoadBalancerName": "mylb"}),
        ("RequestCount", "Sum", {"AvailabilityZone": "*", "LoadBalancerName": "other"}),
        ("ApproximateAgeOfOldestMessage", "Average", {"QueueName": "prod-*"}),
        ("Duration", "p95", {"FunctionName": "*"}),
    ]
    assert "aws_tag_select" in losses(found)
    assert "this regex is no glob" in losses(found)


def test_names_are_kept_on_request(tmp_path: Path) -> None:
    found = imported("cloudwatch-exporter", tmp_path, CLOUDWATCH, keep_names=True)
    metrics = spec(found, tmp_path)["sources"]["aws"]["aws"]["metrics"]
    assert [each["exported_as"] for each in metrics] == [
        "aws_elb_request_count_sum",
        "aws_elb_request_count_sum",
        "aws_sqs_approximate_age_of_oldest_message_maximum",
        "aws_sqs_approximate_age_of_oldest_message_average",
        "aws_lambda_duration_p95",
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_of_another_exporter_is_told(name: str, tmp_path: Path) -> None:
    other = next(each for each in TEXTS if each != name)
    with pytest.raises(BadInput, match=f"did you mean `obs import {other}`"):
        imported(name, tmp_path, TEXTS[other])


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_file_holds_what_is_written_is_valid_or_told(
    name: str, seed: int, tmp_path: Path
) -> None:
    document = changed(yaml.safe_load(TEXTS[name]), random.Random(seed))
    try:
        found = imported(name, tmp_path, yaml.safe_dump(document))
    except BadInput as error:
        told = str(error)
    else:
        told = ""
    if told:
        assert "\n" not in told
        return
    assert not any("\n" in str(each) for each in found.findings)
    if found.text is None or "correct sources.aws" in losses(found):
        assert found.lost
    else:
        spec(found, tmp_path)


def test_flags_of_the_nats_exporter_become_a_source_with_its_names(tmp_path: Path) -> None:
    flags = "-varz -jsz=all -connz -prefix=nats -use_internal_server_name -p 7000 -http_pass geheim"
    found = import_flags("nats-exporter", [*flags.split(), "http://u:geheim@n1:8222/"])
    assert spec(found, tmp_path) == {
        "version": 1,
        "system": "imported",
        "sources": {"nats": {"nats": {"monitor": ["http://n1:8222"]}}},
        "outputs": {
            "web": {
                "listen": "0.0.0.0:7000",
                "compat": ["nats-exporter"],
                "nats_exporter": {"prefix": "nats", "server_id": "name"},
            }
        },
    }
    told = losses(found)
    assert "-connz" in told
    assert "monitor_login" in told
    assert "geheim" not in told + (found.text or "")


def test_flags_in_a_file_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "flags.txt"
    file.write_text("prometheus-nats-exporter \\\n  -varz # of servers\n  -vraz\n http://n1:8222\n")
    found = import_flags("nats-exporter", [str(file)])
    hint = "is no flag of prometheus-nats-exporter; did you mean varz?"
    assert losses(found) == f"{file}:3: -vraz: {hint}"


def test_surveyor_becomes_a_source_of_the_system_account(tmp_path: Path) -> None:
    file = tmp_path / "surveyor.yaml"
    file.write_text(
        "servers: nats://a:4222,nats://b:4222\nuser: sys\npassword: geheim\nraftz: true\n"
        "timeout: 3s\nprefix: x\nobserve: /observe\n"
    )
    found = import_flags("nats-surveyor", [str(file)])
    source = spec(found, tmp_path)["sources"]["nats"]["nats"]
    assert source["system"] == {
        "servers": ["nats://a:4222", "nats://b:4222"],
        "user": "sys",
        "password": "${NATS_PASSWORD}",
    }
    assert source["timeout"] == "3s"
    assert "raft" in source["collect"]
    assert "geheim" not in losses(found) + (found.text or "")
    assert [line.split(":")[1] for line in losses(found).splitlines()] == ["3", "6", "7"]


@given(st.lists(st.text(max_size=12) | st.sampled_from(["-varz", "-p", "--jsz=all", "http://a:1"])))
def test_any_words_are_read_or_told(words: list[str]) -> None:
    for module, read in (
        (nats_exporter, "nats-exporter"),
        (nats_surveyor, "nats-surveyor"),
    ):
        assert module.FLAGS
        found = import_flags(read, ["-varz", *words])
        assert found.text is not None or found.lost


def test_a_command_line_in_quotes_is_one_too() -> None:
    quoted = import_flags("nats-exporter", ["-jsz=all -varz http://n1:8222"])
    assert quoted == import_flags("nats-exporter", ["-jsz=all", "-varz", "http://n1:8222"])
    with pytest.raises(BadInput, match="close the quote"):
        import_flags("nats-exporter", ["-jsz=all 'http://n1:8222"])
