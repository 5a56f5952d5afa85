"""The pack of Cloud Run: whose names its metrics have, and the SLO that a line makes."""

from pathlib import Path

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.errors import BadInput
from obs.packs.pack import pack_of
from obs.spec.load import read_spec
from obs.spec.system import System

SPEC = """version: 1
system: ion
sources: {prometheus: {google: {url: "http://localhost:9090"}}}
"""


def system(folder: Path, settings: str) -> System:
    path = folder / "spec.yaml"
    path.write_text(f"{SPEC}packs: {{cloud-run: {settings}}}\n")
    return read_spec([path]).system


def expressions(of: System) -> dict[str, str]:
    return {tuned.name: tuned.expression for tuned in tuned_alerts(of)}


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ("stackdriver", "stackdriver_cloud_run_revision_run_googleapis_com_request_count"),
        ("managed", "run_googleapis_com:request_count"),
    ],
)
def test_all_metrics_have_the_names_that_the_spec_says(
    tmp_path: Path, names: str, count: str
) -> None:
    of = system(tmp_path, f"{{names: {names}}}")
    ((name, settings),) = of.packs.used()
    metrics = {metric.name for metric in pack_of(name, settings).metrics}
    prefix = count.removesuffix("request_count")
    assert count in metrics
    assert all(each.startswith((prefix, "stackdriver_monitoring_")) for each in metrics)


def test_every_query_of_googles_own_promql_names_the_kind_of_resource(tmp_path: Path) -> None:
    of = expressions(system(tmp_path, "{names: managed}"))
    for name, text in of.items():
        if name.startswith("CloudRun"):
            now = text.partition("\nor (")[0]
            assert now.count('{monitored_resource="cloud_run_revision"') + now.count(
                ',monitored_resource="cloud_run_revision"'
            ) >= now.count("run_googleapis_com:"), now


def test_instances_are_compared_with_four_fifths_of_the_most(tmp_path: Path) -> None:
    of = expressions(system(tmp_path, "{max_instances: 50}"))
    assert "> 40" in of["CloudRunInstancesHigh"]


def test_the_exporters_own_state_is_watched_where_its_series_can_be_chosen(tmp_path: Path) -> None:
    assert "CloudRunMetricsUnread" in expressions(system(tmp_path, "{where: {project_id: ion}}"))
    one = system(tmp_path, "{where: {service_name: ion}}")
    assert "CloudRunMetricsUnread" not in expressions(one)
    assert "CloudRunMetricsUnread" not in expressions(system(tmp_path, "{names: managed}"))


def test_a_line_makes_an_slo_of_availability(tmp_path: Path) -> None:
    of = system(
        tmp_path,
        "{names: managed, service: mentoring, where: {service_name: ion}, availability: 99.9, "
        "source: google}",
    )
    (slo,) = of.slos
    assert (slo.service, slo.name, slo.objective) == ("mentoring", "availability", 99.9)
    sli = slo.sli.prometheus
    assert sli is not None
    assert sli.source == "google"
    assert sli.total == 'run_googleapis_com:request_count{service_name="ion"}'
    assert sli.bad == (
        'run_googleapis_com:request_count{response_code_class="5xx",service_name="ion"}'
    )


def test_without_the_line_there_is_no_slo(tmp_path: Path) -> None:
    assert system(tmp_path, "{}").slos == ()


@pytest.mark.parametrize(
    ("settings", "field", "why"),
    [
        ("{availability: 99.9}", "source", "needs the Prometheus source to query"),
        ("{availability: 100, source: google}", "availability", "no error budget"),
        ("{availability: 99.9, source: gogle}", "source", "did you mean google?"),
        ("{names: prometheus}", "names", "managed"),
        ("{max_instances: 1}", "max_instances", "2"),
    ],
)
def test_a_wrong_setting_is_told_with_its_field(
    tmp_path: Path, settings: str, field: str, why: str
) -> None:
    with pytest.raises(BadInput) as raised:
        system(tmp_path, settings)
    assert f"packs.cloud-run.{field}" in str(raised.value)
    assert why in str(raised.value)
