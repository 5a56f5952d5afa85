"""The catalogue keeps Prometheus' conventions and the names users rely on."""

import re
from collections import Counter
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

from obs import catalogue, families, sources
from obs.catalogue import nats
from obs.catalogue.metric import Kind, Metric
from obs.catalogue.published import MOST_DIMENSIONS, published, why_unpublished
from obs.lag.status import Status

ADDED_BY_SCRAPING = {"job", "instance", "namespace", "pod", "container", "endpoint", "service"}

FIXED_NAMES = """
nats_consumer_lag_messages nats_consumer_pending_messages nats_consumer_ack_pending_messages
nats_consumer_redelivered_messages nats_consumer_waiting_pulls nats_consumer_lag_seconds
nats_consumer_status nats_consumer_status_reason nats_consumer_delivered_total
nats_consumer_delivered_sequence nats_consumer_ack_floor_sequence nats_consumer_dead_letters_total
nats_consumer_resets_total nats_consumer_drain_seconds nats_consumer_eviction_seconds
nats_consumer_max_ack_pending_messages nats_stream_messages nats_stream_bytes
nats_stream_last_sequence nats_server_up eventbridge_invocations_total
eventbridge_failed_invocations_total eventbridge_triggered_rules_total
eventbridge_throttled_rules_total eventbridge_retries_total eventbridge_dead_lettered_total
eventbridge_dead_letter_failures_total eventbridge_delivery_latency_average_seconds
eventbridge_delivery_latency_max_seconds sqs_queue_visible_messages
sqs_queue_oldest_message_age_seconds slo_objective_ratio slo_events_total slo_good_events_total
slo_error_ratio slo_burn_rate slo_error_budget_remaining_ratio slo_error_budget_exhaustion_seconds
slo_data_watermark_timestamp_seconds slo_info obs_source_up
obs_source_last_success_timestamp_seconds obs_source_poll_duration_seconds obs_source_errors_total
obs_source_series obs_series_dropped_total obs_aws_requests_total obs_aws_cost_dollars_per_month
obs_build_info obs_check_ok
""".split()  # noqa: SIM905

each_metric = pytest.mark.parametrize("metric", catalogue.ALL, ids=lambda metric: metric.name)


def test_a_name_that_users_rely_on_does_not_go_away() -> None:
    """New metrics need no line above: these are the names that no release may rename."""
    assert set(FIXED_NAMES) - set(catalogue.BY_NAME) == set()


def test_no_name_is_declared_twice() -> None:
    exported_and_recorded = [metric.name for metric in catalogue.ALL] + [*catalogue.RECORDED]
    assert [name for name, count in Counter(exported_and_recorded).items() if count > 1] == []


@each_metric
def test_a_name_has_a_known_prefix_and_only_plain_characters(metric: Metric) -> None:
    assert metric.name.startswith(catalogue.PREFIXES)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)


@each_metric
def test_counters_and_only_they_end_in_total_and_infos_in_info(metric: Metric) -> None:
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind is Kind.INFO)


@each_metric
def test_a_unit_is_the_name_s_suffix(metric: Metric) -> None:
    assert metric.family.endswith(metric.unit)


@each_metric
def test_help_is_a_sentence(metric: Metric) -> None:
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


@each_metric
def test_no_label_is_one_that_scraping_adds(metric: Metric) -> None:
    assert not ADDED_BY_SCRAPING & set(metric.labels)


def test_two_metrics_never_publish_under_one_cloudwatch_name() -> None:
    names = [published(each).metric for each in catalogue.ALL if not why_unpublished(each)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "metric", [m for m in catalogue.ALL if not why_unpublished(m)], ids=attrgetter("name")
)
def test_each_metric_is_published_with_a_unit_and_dimensions_that_aws_takes(metric: Metric) -> None:
    twin = published(metric)
    names = [name for name, _ in twin.dimensions]
    assert twin.unit in ("Seconds", "Bytes", "Count", "Percent", "None")
    assert len(names) == len(set(names)) <= MOST_DIMENSIONS
    assert all(name.isalnum() and name.isascii() for name in (twin.metric, *names))


@pytest.mark.parametrize("name", sorted(catalogue.RECORDED))
def test_a_recorded_name_has_a_known_prefix_too(name: str) -> None:
    assert name.startswith(catalogue.PREFIXES)


def test_prefixes_are_not_those_of_other_exporters() -> None:
    others = ("nats_varz_connections", "aws_sqs_messages", "process_cpu_seconds_total", "up")
    assert [name for name in others if name.startswith(catalogue.PREFIXES)] == []


def series_source() -> str:
    """The modules that make families: those of `families`, and the rooms of source kinds."""
    folders = (Path(families.__file__).parent, Path(sources.__file__).parent)
    files = [file for folder in folders for file in folder.rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def modules() -> list[ModuleType]:
    """The modules that declare exported metrics."""
    found = [
        import_module(f"obs.catalogue.{each.name}") for each in iter_modules(catalogue.__path__)
    ]
    return [module for module in found if declared_in(module)]


def declared_in(module: ModuleType) -> dict[str, Metric]:
    """The exported metrics of a module by the names of its constants."""
    exported = set(catalogue.ALL)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Metric) and value in exported
    }


SERVICES = ("aws_put_events", "aws_functions", "aws_topics", "aws_pipes", "aws_schedules")


def test_every_metric_is_a_constant_of_a_module() -> None:
    assert {each for it in modules() for each in declared_in(it).values()} == set(catalogue.ALL)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_every_metric_is_made_by_something(module: ModuleType) -> None:
    source = series_source()
    alias = module.__name__.rpartition(".")[2]
    services = dict.fromkeys(SERVICES, "METRICS")
    lists = {"aws": "RULE_METRICS", "nats_server": "FACTS", "sqs": "QUEUE_COUNTERS", **services}
    name_of_list = lists.get(alias, "")
    looped = getattr(module, name_of_list, ()) if f"{alias}.{name_of_list}" in source else ()
    unmade = [
        name
        for name, value in declared_in(module).items()
        if value not in looped and not re.search(rf"\b{alias}\.{name}\b", source)
    ]
    assert unmade == []


def test_statuses_are_those_that_consumers_are_judged_by() -> None:
    assert tuple(status.name.lower() for status in Status) == nats.STATUSES
