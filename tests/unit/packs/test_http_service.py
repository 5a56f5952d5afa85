"""The pack of HTTP services by the names that a spec gives, and the SLOs of two lines."""

from pathlib import Path

import pytest

from obs.alerts.slo_rules import slo_groups
from obs.alerts.tuning import tuned_alerts
from obs.packs.http_service.settings import HttpServicePack
from obs.packs.pack import pack_of
from obs.spec.load import read_spec
from obs.spec.report import InvalidSpec
from obs.spec.system import System

SYSTEM = """version: 1
system: shop
sources: {prometheus: {metrics: {url: "http://localhost:9090"}}}
packs:
  http-service:
"""


def system(folder: Path, *lines: str) -> System:
    path = folder / "spec.yaml"
    path.write_text(SYSTEM + "".join(f"    {line}\n" for line in lines))
    return read_spec([path]).system


def problems(folder: Path, *lines: str) -> list[str]:
    with pytest.raises(InvalidSpec) as error:
        system(folder, *lines)
    return [str(each).removeprefix(f"{folder}/") for each in error.value.problems]


def rules(of: System) -> dict[str, str]:
    return {each.name: each.expression for each in tuned_alerts(of) if "Http" in each.name}


def test_two_lines_make_two_slos_of_what_the_pack_measures(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "source: metrics",
        "where: {job: shop}",
        "ignore: [/healthz, /internal/*]",
        "availability: 99.9",
        "latency: {objective: 99, below: 500ms}",
    )
    available, fast = made.slos
    assert [(each.service, each.name) for each in made.slos] == [
        ("shop", "http-availability"),
        ("shop", "http-latency"),
    ]
    assert (available.objective, fast.objective) == (99.9, 99)
    counted = available.sli.prometheus
    assert counted
    chosen = 'job="shop",http_route!~"/healthz|/internal/.*"'
    name = "http_server_request_duration_seconds"
    assert counted.total == f'{name}_count{{{chosen},http_response_status_code!=""}}'
    assert counted.bad == f'{name}_count{{{chosen},http_response_status_code=~"5.."}}'
    latency = fast.sli.prometheus_latency
    assert latency
    assert latency.below == 0.5
    assert latency.histogram == f'{name}{{{chosen},http_response_status_code!~"5.."}}'
    assert {"SloBudgetBurnsFast"} <= {each.name for each in tuned_alerts(made)}


def test_the_slos_of_several_services_are_of_the_pack(tmp_path: Path) -> None:
    for where in ('where: {job: "shop-*"}', "where: {env: prod}", 'where: {job: "a/b"}'):
        (slo,) = system(tmp_path, where, "source: metrics", "availability: 99.9").slos
        assert slo.service == "http-service"


def test_single_services_have_slos_of_their_own_beside_those_of_all(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "source: metrics",
        "where: {env: prod}",
        "availability: 99",
        "services:",
        "  orders: {availability: 99.9}",
        "  search: {latency: {objective: 95, below: 1s}}",
    )
    assert [(each.service, each.name, each.objective) for each in made.slos] == [
        ("http-service", "http-availability", 99),
        ("orders", "http-availability", 99.9),
        ("search", "http-latency", 95),
    ]
    assert 'env="prod",job="orders"' in made.slos[1].sli.in_words()
    assert 'env="prod",job="search"' in made.slos[2].sli.in_words()
    path = tmp_path / "spec.yaml"
    path.write_text(path.read_text().replace("1s", "3s"))
    with pytest.raises(InvalidSpec, match=r":11: packs.http-service.services.search.latency.below"):
        read_spec([path])


def test_rules_evaluate_the_slos_where_no_collector_runs(tmp_path: Path) -> None:
    made = system(tmp_path, "source: metrics", "availability: 99.9", "engine: rules")
    assert not made.has_collector
    assert slo_groups(made)
    assert len(rules(made)) == 5


def test_names_of_ones_own_are_those_of_every_rule(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "service: app",
        "histogram: http_request_duration_seconds",
        "status: code",
        "route: handler",
        "ignore: [/metrics]",
        "active: http_requests_in_flight",
    )
    found = rules(made)
    every = " ".join(found.values())
    assert "http_server" not in every
    assert "http_response" not in every
    assert "job" not in every
    assert 'http_request_duration_seconds_count{handler!~"/metrics",code=~"5.."}' in every
    assert "sum by (app, instance) (http_requests_in_flight)" in found["HttpServiceRequestsPileUp"]


def test_a_counter_tells_the_status_that_a_histogram_does_not_have(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "histogram: http_request_duration_seconds",
        "requests: http_requests_total",
        "status: status",
        "source: metrics",
        "availability: 99.9",
    )
    found = rules(made)
    assert 'http_requests_total{status=~"5.."}' in found["HttpServiceErrorsHigh"]
    assert "http_request_duration_seconds_count" not in " ".join(found.values())
    counted = made.slos[0].sli.prometheus
    assert counted
    assert counted.total == 'http_requests_total{status!=""}'


def test_where_no_request_has_a_status_there_is_no_share_of_errors_and_not_none(
    tmp_path: Path,
) -> None:
    share = rules(system(tmp_path, "status: code"))["HttpServiceErrorsHigh"].partition(" > 5")[0]
    assert share.endswith('_count{code!=""}[5m])))')


def test_a_histogram_in_milliseconds_is_compared_in_seconds(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "histogram: http_server_duration_milliseconds",
        "status: http_status_code",
        "buckets: [100ms, 300ms, 1500ms]",
        "source: metrics",
        "latency: {objective: 95, below: 300ms}",
    )
    assert rules(made)["HttpServiceSlow"].startswith("(0.001 * histogram_quantile(0.95, ")
    counted = made.slos[0].sli.prometheus
    assert counted
    assert counted.good
    assert 'le=~"300(' in counted.good


BOUNDS = "5ms, 10ms, 25ms, 50ms, 75ms, 100ms, 250ms, 500ms, 750ms, 1s, 2s500ms, 5s, 7s500ms, 10s"
MISTAKES = {
    ("availability: 99.9",): "5: packs.http-service.source: is missing; availability and "
    "latency need a Prometheus source: name one of sources.prometheus",
    ("source: metrcis", "availability: 99.9"): "6: packs.http-service.source: no Prometheus source "
    "'metrcis'; did you mean metrics?",
    ("source: metrics", "latency: {objective: 99, below: 300ms}"): "7: packs.http-service.latency."
    "below: 300ms is not the bound of a bucket, so nothing counts the requests below it; write one "
    f"of {BOUNDS}, or list the histogram's own as buckets",
    ("source: metrics", "buckets: [1s]", "latency: {objective: 99, below: 300ms}"): "8: packs."
    "http-service.latency.below: 300ms is not the bound of a bucket, so nothing counts the "
    "requests below it; write one of 1s, as buckets has",
    (
        "buckets: [1s, 500ms]",
    ): "6: packs.http-service.buckets: write the bounds in ascending order, each once",
    ("histogram: http_seconds_bucket",): "6: packs.http-service.histogram: 'http_seconds_bucket' "
    "does not fit; write a histogram's own name, without _bucket, _count or _sum",
}


@pytest.mark.parametrize(("lines", "said"), MISTAKES.items())
def test_a_mistake_is_said_at_the_line_of_the_pack(
    lines: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert problems(tmp_path, *lines) == [f"spec.yaml:{said}"]


def test_an_slo_of_ones_own_with_the_name_of_one_of_the_pack_is_said_beside_other_mistakes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spec.yaml"
    own = "{name: http-availability, service: shop, objective: 99, sli: {prometheus: {source: x, "
    path.write_text(
        f"{SYSTEM}    source: metrics\n    where: {{job: shop}}\n    availability: 99.9\n"
        f"slos:\n  - {own}bad: a_total, total: b_total}}}}}}\n"
        "state_dir: [a]\n"
    )
    with pytest.raises(InvalidSpec) as error:
        read_spec([path])
    said = [str(each).removeprefix(f"{tmp_path}/") for each in error.value.problems]
    assert said == [
        "spec.yaml:5: packs.http-service: 'http-availability' of service 'shop' is given twice; it "
        "is already on line 10",
        "spec.yaml:10: slos[0].sli.prometheus.source: no Prometheus source 'x'; choose from "
        "metrics",
        "spec.yaml:11: state_dir: a list where a string is expected",
    ]


def test_settings_that_say_the_same_have_the_same_declarations() -> None:
    one, same, other = (
        HttpServicePack(where={"job": job}, status=status)
        for job, status in (("a", "code"), ("a", "code"), ("a", "status"))
    )
    assert pack_of("http-service", one) is pack_of("http-service", same)
    assert pack_of("http-service", one) != pack_of("http-service", other)
