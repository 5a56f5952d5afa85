"""CloudWatch metrics that a spec names: their families, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from obs import catalogue
from obs.catalogue.cloudwatch_names import RESERVED_LABELS, UNITS, derived_name, label_of
from obs.catalogue.metric import Kind
from obs.errors import BadInput
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.load import load
from obs.spec.slis import CloudWatchMinutesSli, CloudWatchSli

NAME = re.compile(r"[a-z][a-z0-9_]*")
ERRORS = {"namespace": "AWS/Lambda", "name": "Errors", "statistic": "Sum"}


def exported(**fields: Any) -> ExportedMetric:
    return ExportedMetric.model_validate(ERRORS | fields)


@pytest.mark.parametrize(
    ("namespace", "name", "statistic", "family", "per_unit"),
    [
        ("AWS/Lambda", "Errors", "Sum", "aws_lambda_errors_total", 1),
        ("AWS/Lambda", "Duration", "p99", "aws_lambda_duration_p99_seconds", 1000),
        ("AWS/Lambda", "Duration", "p99.9", "aws_lambda_duration_p99_9_seconds", 1000),
        ("AWS/Lambda", "Duration", "Sum", "aws_lambda_duration_seconds_total", 1000),
        ("AWS/Lambda", "Duration", "SampleCount", "aws_lambda_duration_samples_total", 1),
        (
            *("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
            *("aws_sqs_approximate_age_of_oldest_message_max_seconds", 1),
        ),
        (
            *("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum"),
            *("aws_application_elb_http_code_target_5xx_total", 1),
        ),
        ("AWS/EC2", "CPUUtilization", "Average", "aws_ec2_cpu_utilization_average_ratio", 100),
        (
            *("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum"),
            *("aws_kinesis_get_records_iterator_age_max_seconds", 1000),
        ),
        (
            *("AWS/Events", "IngestiontoInvocationStartLatency", "Average"),
            *("aws_events_ingestion_to_invocation_start_latency_average_seconds", 1000),
        ),
        ("Shop/Orders", "Paid", "Sum", "aws_shop_orders_paid_total", 1),
        ("AWS/DynamoDB", "ConsumedRCU", "Sum", "aws_dynamodb_consumed_rcu_total", 1),
    ],
)
def test_a_family_s_name_says_service_metric_statistic_and_base_unit(
    namespace: str, name: str, statistic: str, family: str, per_unit: float
) -> None:
    metric = exported(namespace=namespace, name=name, statistic=statistic).exported_metric
    assert (metric.name, metric.twin.per_unit) == (family, per_unit)
    assert metric.kind is (Kind.COUNTER if family.endswith("_total") else Kind.GAUGE)


words = st.text(st.sampled_from("ABCxyz019_.-/ %"), min_size=1, max_size=30)


@given(words, words, st.sampled_from(("Sum", "Maximum", "p99.9", "tm90")), st.booleans())
def test_any_metric_has_a_valid_name_that_no_metric_of_obs_has(
    namespace: str, metric: str, statistic: str, counter: bool
) -> None:
    for unit in UNITS:
        name = derived_name(namespace, metric, statistic, unit, counter=counter)
        assert NAME.fullmatch(name)
        assert "__" not in name
        assert name.endswith("_total") is counter
        assert name not in catalogue.BY_NAME
        assert not name.startswith(catalogue.PREFIXES)


@given(st.text(min_size=1, max_size=30))
def test_any_dimension_has_a_label_that_neither_obs_nor_scraping_uses(dimension: str) -> None:
    label = label_of(dimension)
    assert NAME.fullmatch(label)
    assert label not in RESERVED_LABELS


def test_what_a_gap_means_makes_it_a_counter_or_a_gauge() -> None:
    assert exported().meaning == "sparse"
    assert exported(statistic="SampleCount").exported_metric.kind is Kind.COUNTER
    assert exported(statistic="Average").meaning == "level"
    assert exported(missing="heartbeat").exported_metric.name == "aws_lambda_errors_sum"
    assert exported(missing="level").exported_metric.kind is Kind.GAUGE


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"statistic": "p99", "missing": "sparse"}, "p99 of nothing is not 0"),
        ({"statistic": "p101"}, "a percentile such as p99"),
        ({"statistic": "sum"}, "write Sum, Average"),
        ({"period": "90s"}, "whole minutes"),
        ({"period": "7m"}, "of which a day has a whole number"),
        ({"exported_as": "errors"}, "the name of a counter ends in _total"),
        ({"exported_as": "x_total", "missing": "level"}, "does not end in _total"),
        ({"exported_as": "nats_x_total"}, "may be a metric of obs itself"),
        ({"dimensions": {"FunctionName": "a", "Function.Name": "b"}}, "become the same label"),
        ({"unit": "Furlongs"}, "Input should be 'Count', 'Seconds'"),
    ],
)
def test_what_cannot_be_exported_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(told)):
        exported(**fields)


def spec(tmp_path: Path, *sources: list[dict[str, Any]]) -> Path:
    lines = ["version: 1", "system: shop", "sources:", "  aws:"]
    for number, metrics in enumerate(sources):
        lines += [f"    s{number}:", "      region: us-east-1", f"      metrics: {metrics}"]
    file = tmp_path / "spec.yaml"
    file.write_text("\n".join(lines))
    return file


@pytest.mark.parametrize("apart", [False, True])
def test_two_metrics_of_one_name_are_refused_in_one_source_and_in_two(
    tmp_path: Path, apart: bool
) -> None:
    function = ERRORS | {"dimensions": {"FunctionName": "a-*"}}
    version = ERRORS | {"dimensions": {"FunctionName": "a-*", "Resource": "*"}}
    sources = ([function], [version]) if apart else ([function, version],)
    with pytest.raises(BadInput) as refused:
        load([spec(tmp_path, *sources)], variables={})
    where = "sources.aws.s1.metrics[0]" if apart else "sources.aws.s0.metrics[1]"
    assert where in str(refused.value)
    assert "aws_lambda_errors_total is also the name of AWS/Lambda Errors" in str(refused.value)


def test_one_metric_may_be_named_with_several_globs_and_in_several_sources(tmp_path: Path) -> None:
    both = [ERRORS | {"dimensions": {"FunctionName": glob}} for glob in ("a-*", "b-*")]
    system = load([spec(tmp_path, both, both)], variables={})
    names = {m.exported_metric for aws in system.sources.aws.values() for m in aws.metrics}
    assert len(names) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "needs at_most, at_least or both"),
        ({"at_most": 1, "at_least": 2}, "no value is within the limits"),
        ({"at_most": True}, "true is not a number"),
    ],
)
def test_minutes_need_a_limit(fields: dict[str, Any], told: str) -> None:
    metric = ERRORS | {"statistic": "p99"}
    with pytest.raises(ValidationError, match=told):
        CloudWatchMinutesSli.model_validate({"source": "aws", "metric": metric} | fields)


def test_events_are_counted_by_sums_of_good_or_of_bad_ones() -> None:
    of = {"namespace": "AWS/Lambda", "name": "Errors"}
    for wrong in ({}, {"good": of, "bad": of}):
        with pytest.raises(ValidationError, match="needs good or bad, and not both"):
            CloudWatchSli.model_validate({"source": "aws", "total": of} | wrong)
    with pytest.raises(ValidationError, match="Sum"):
        CloudWatchSli.model_validate({"source": "a", "bad": of | {"statistic": "p99"}, "total": of})
