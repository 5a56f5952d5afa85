"""obs import, obs export."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.cli.main import main
from obs.spec.load import read_spec

SLOTH = """\
version: prometheus/v1
service: shop
labels: {owner: checkout-team}
slos:
  - name: availability
    objective: 99.9
    description: Checkouts that succeed.
    labels: {area: checkout}
    sli:
      events:
        error_query: sum(rate(shop_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(shop_requests_total[{{.window}}]))
    alerting:
      page_alert: {labels: {severity: critical, room: red}}
      ticket_alert: {disable: true}
  - name: steady
    objective: 99
    sli:
      raw:
        error_ratio_query: |
          1 - (
            sum(rate(shop_good_total[{{.window}}])) / sum(rate(shop_requests_total[{{.window}}]))
          )
    alerting:
      page_alert: {disable: true}
      ticket_alert: {disable: true}
"""
KUBERNETES = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: shop, namespace: monitoring}
spec:
  service: shop
  slos:
    - name: availability
      objective: 99.5
      sli:
        events:
          errorQuery: sum(rate(shop_requests_total{code="500"}[{{.window}}]))
          totalQuery: sum(rate(shop_requests_total[{{.window}}]))
      alerting:
        pageAlert: {labels: {room: red}}
        ticketAlert: {disable: true}
"""
PARTLY = """\
version: prometheus/v1
service: shop
labels: {tier: "2", team: shop}
slo_plugins: {chain: [{id: acme/debug/v1}]}
slos:
  - name: quick answers
    objectiv: 99
    objective: 95
    sli:
      events:
        error_query: sum(irate(slow_total[{{.window}}]))
        total_query: sum(irate(all_total[{{.window}}]))
    alerting:
      name: ShopSlow
      annotations: {summary: "${slow}"}
      page_alert: {labels: {severity: pageteam, note: "${room}"}}
  - name: pods
    objective: 99
    sli:
      events:
        error_query: sum by (pod) (rate(slow_total[{{.window}}]))
        total_query: sum by (pod) (rate(all_total[{{.window}}]))
  - {name: plugin, objective: 99, sli: {plugin: {id: acme}}}
  - {name: all, objective: 100, sli: {raw: {error_ratio_query: shop:errors:ratio}}}
  - {name: pods, objective: 99, sli: {raw: {error_ratio_query: shop:errors:ratio}}}
"""
OPENSLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: availability, displayName: Checkouts, labels: {team: shop}}
spec:
  service: shop
  indicatorRef: ok
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: fine, target: 0.999}, {displayName: at least, targetPercent: 95}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: ok}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: main, spec: {query: 'sum(ok_total{code="200"})'}}}
    total: {metricSource: {metricSourceRef: main, spec: {query: sum(ok_total)}}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: main}
spec: {type: Prometheus, connectionDetails: {url: "https://prometheus:9090"}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop, displayName: The shop}
spec: {description: Sells.}
"""
SLICES = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: SLICES}
spec:
  service: shop
  indicator: {metadata: {name: i}, spec: INDICATOR}
  timeWindow: [{duration: 1w, isRolling: true}]
  budgetingMethod: METHOD
  objectives: [{target: 0.99, OBJECTIVE timeSliceWindow: 1m}]
"""
ALPHA = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  budgetingMethod: Occurrences
  objectives:
    - target: 0.995
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(ok_total[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(all_total[{{.window}}]))'}
  timeWindows: [{count: 7, unit: Day}]
"""


class Imports:
    """Imports texts and reads the spec that is written."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.out = folder, folder / "obs.yaml"
        self._capsys = capsys

    def run(self, form: str, text: str, *options: str) -> tuple[int, dict[str, Any], list[str]]:
        """Exit code, the spec as plain values, and the lines that are told."""
        file = self.folder / "theirs.yaml"
        file.write_text(text, encoding="utf-8")
        words = ["import", form, str(file), "--out", str(self.out), "--force", *options]
        code = main(words)
        told = self._capsys.readouterr().err.replace(f"{self.folder}/", "").splitlines()
        if not self.out.exists():
            return code, {}, told
        assert main(["validate", "--spec", str(self.out)]) == 0, self.out.read_text()
        self._capsys.readouterr()
        return code, yaml.safe_load(self.out.read_text(encoding="utf-8")), told


@pytest.fixture
def imports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Imports:
    return Imports(tmp_path, capsys)


URL = ("--url", "https://prometheus:9090")


def test_a_sloth_file_that_says_nothing_else_is_taken_over_wholly(imports: Imports) -> None:
    code, spec, told = imports.run("sloth", SLOTH, "--source", "metrics", *URL)
    assert code == 0, told
    assert told[-1] == "2 SLOs wholly taken over, 0 partly, 0 not"
    assert spec["sources"] == {"prometheus": {"metrics": {"url": "https://prometheus:9090"}}}
    first, second = spec["slos"]
    assert (first.pop("owner"), first.pop("labels")) == ("checkout-team", {"area": "checkout"})
    assert first == {
        "name": "availability",
        "service": "shop",
        "description": "Checkouts that succeed.",
        "objective": 99.9,
        "window": "30d",
        "sli": {
            "prometheus": {
                "source": "metrics",
                "bad": 'sum(increase(shop_requests_total{code=~"5.."}[$window]))',
                "total": "sum(increase(shop_requests_total[$window]))",
            }
        },
    }
    assert second["sli"]["prometheus"]["good"] == "sum(increase(shop_good_total[$window]))"
    tuned = {name: each["overrides"] for name, each in spec["alerts"].items()}
    paged, not_paged = tuned["SloBudgetBurnsFast"]
    labels = {"owner": "checkout-team", "room": "red"}
    assert (paged["severity"], paged["labels"]) == ("critical", labels)
    assert (not_paged["slo"], not_paged["enabled"]) == ("steady", False)
    assert [each["enabled"] for each in tuned["SloBudgetBurnsSlowly"]] == [False, False]
    assert [each["slo"] for each in tuned["SloBudgetExhausted"]] == ["steady"]


def test_the_kubernetes_form_is_the_same_and_selectors_count_where_they_mean_the_same(
    imports: Imports,
) -> None:
    code, spec, told = imports.run("sloth", KUBERNETES, "--selectors", *URL)
    assert code == 0, told
    counted = {"bad": 'shop_requests_total{code="500"}', "total": "shop_requests_total"}
    assert spec["slos"][0]["sli"]["prometheus"] == {"source": "prometheus", **counted}


def test_what_sloth_says_and_obs_cannot_is_told_line_by_line(imports: Imports) -> None:
    code, spec, told = imports.run("sloth", PARTLY, *URL)
    assert code == 1
    assert [each["name"] for each in spec["slos"]] == ["quick-answers", "pods"]
    minutes = spec["slos"][0]["sli"]["prometheus_minutes"]["error_ratio"]
    assert minutes == "(sum(irate(slow_total[5m])))\n/\n(sum(irate(all_total[5m])))"
    text = "\n".join(told)
    for line, field, words in (
        (3, "labels.tier", "obs sets this label"),
        (4, "slo_plugins", "acme/debug/v1: obs has no plugins"),
        (6, "slos[0].name", "'quick answers' is no name in obs; it is quick-answers now"),
        (7, "slos[0].objectiv", "is no field of this format; did you mean objective?"),
        (11, "slos[0].sli.events", "irate(…), which does not count events"),
        (14, "slos[0].alerting.name", "not ShopSlow; route by slo"),
        (15, "slos[0].alerting.annotations", "summary: obs writes the annotations"),
        (16, "slos[0].alerting.page_alert.labels.severity", "'pageteam' is none of"),
        (21, "slos[1].sli.events", "measures each series"),
        (23, "slos[2].sli.plugin.id", "run `sloth generate`"),
        (24, "slos[3]", "100 leaves no error budget"),
        (25, "slos[4]", "shop/pods is also at"),
    ):
        assert any(
            each.startswith(f"theirs.yaml:{line}: {field}: ") and words in each for each in told
        ), f"{line} {field}\n{text}"
    assert told[-1] == "0 SLOs wholly taken over, 2 partly, 3 not"
    (label,) = (
        each["labels"]["note"]
        for each in spec["alerts"]["SloBudgetBurnsFast"]["overrides"]
        if "note" in each["labels"]
    )
    assert label == "$${room}"  # no variable of ours


def test_openslo_documents_refer_to_each_other(imports: Imports) -> None:
    code, spec, told = imports.run("openslo", OPENSLO)
    assert code == 0, told
    assert spec["sources"] == {"prometheus": {"main": {"url": "https://prometheus:9090"}}}
    facts = [(slo["name"], slo["objective"], slo["window"]) for slo in spec["slos"]]
    assert facts == [("availability-1", 99.9, "28d"), ("availability-2", 95.0, "28d")]
    counted = {"good": 'ok_total{code="200"}', "total": "ok_total"}
    assert spec["slos"][0]["sli"]["prometheus"] == {"source": "main", **counted}
    assert [slo["team"] for slo in spec["slos"]] == ["shop", "shop"]
    assert "# Checkouts: fine" in imports.out.read_text(encoding="utf-8")


def test_openslo_v1alpha_has_its_queries_in_the_objective(imports: Imports) -> None:
    code, spec, told = imports.run("openslo", ALPHA, *URL)
    assert code == 0, told
    (slo,) = spec["slos"]
    assert (slo["name"], slo["window"], slo["objective"]) == ("availability", "7d", 99.5)
    assert slo["sli"]["prometheus"]["good"] == "sum(increase(ok_total[$window]))"


def metric(query: str) -> str:
    return f"{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}"


RATIO = (
    f"{{ratioMetric: {{counter: true, bad: {metric('b_total')}, total: {metric('sum(a_total)')}}}}}"
)
ERROR_RATIO = "(sum(increase(b_total[1m]))) / (sum(increase(a_total[1m])))"


@pytest.mark.parametrize(
    ("method", "indicator", "objective", "sli"),
    [
        ("RatioTimeslices", RATIO, "", ERROR_RATIO),
        (
            "Timeslices",
            RATIO.replace("counter: true", "counter: false"),
            "timeSliceTarget: 0.95,",
            "1 - (b_total) / (sum(a_total)) >= bool 0.95",
        ),
        (
            "RatioTimeslices",
            RATIO.replace("counter: true", "counter: false"),
            "",
            "(b_total) / (sum(a_total))",
        ),
        (
            "Timeslices",
            f"{{thresholdMetric: {metric('max(lag)')}}}",
            "op: lte, value: 10, timeSliceTarget: 1,",
            "(max(lag)) <= bool 10",
        ),
        (
            "RatioTimeslices",
            f"{{ratioMetric: {{rawType: success, raw: {metric('shop:ok:ratio')}}}}}",
            "",
            "1 - (shop:ok:ratio)",
        ),
    ],
)
def test_time_slices_are_minutes(
    imports: Imports, method: str, indicator: str, objective: str, sli: str
) -> None:
    text = SLICES.replace("INDICATOR", indicator).replace("METHOD", method)
    code, spec, told = imports.run("openslo", text.replace("OBJECTIVE", objective), *URL)
    assert code == 0, told
    minutes = spec["slos"][0]["sli"]["prometheus_minutes"]
    assert sli in (minutes.get("holds"), minutes.get("error_ratio"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "indicatorRef: ok",
            "indicatorRef: okay",
            "6: spec.indicatorRef: there is no SLI okay; did",
        ),
        ("type: Prometheus", "type: Datadog", "obs reads no metrics of Datadog"),
        (
            "duration: 4w, isRolling: true",
            "duration: 2Q, calendar: {}",
            "7: spec.timeWindow[0]: obs has no calendar periods of 2Q",
        ),
        ("duration: 4w", "duration: 2Y", "2Y is 400d now"),
        ("kind: Service", "kind: Servise", "did you mean Service?"),
        ("counter: true", "counter: maybe", "'maybe' is neither true nor false"),
        ("url: ", "key: secret, url: ", "key of data source main: write credentials"),
    ],
)
def test_what_is_wrong_in_openslo_is_told_at_its_line(
    imports: Imports, before: str, after: str, told: str
) -> None:
    code, _, lines = imports.run("openslo", OPENSLO.replace(before, after))
    assert code == 1
    assert any(told in line and line.startswith("theirs.yaml:") for line in lines), lines


def test_a_calendar_window_of_openslo_is_one_of_obs(imports: Imports) -> None:
    calendar = "calendar: {startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin}"
    months = f"duration: 1M, isRolling: false, {calendar}"
    text = OPENSLO.replace("duration: 4w, isRolling: true", months)
    _, spec, told = imports.run("openslo", text)
    slo = spec["slos"][0]
    assert (slo["calendar"], slo["timezone"], "window" in slo) == ("month", "Europe/Berlin", False)
    assert not [line for line in told if "timeWindow" in line]


def test_time_slices_of_events_are_those_of_obs_where_it_has_their_length(imports: Imports) -> None:
    text = SLICES.replace("INDICATOR", RATIO).replace("METHOD", "Timeslices")
    text = text.replace("OBJECTIVE", "timeSliceTarget: 0.95,")
    code, spec, told = imports.run("openslo", text.replace("Window: 1m", "Window: 15m"), *URL)
    assert code == 0, told
    (slo,) = spec["slos"]
    assert slo["slices"] == {"of": "15m", "good_above": "95%"}
    assert slo["sli"] == {
        "prometheus": {"source": "prometheus", "bad": "b_total", "total": "a_total"}
    }
    code, spec, told = imports.run("openslo", text.replace("Window: 1m", "Window: 10m"), *URL)
    assert code == 1
    assert "prometheus_minutes" in spec["slos"][0]["sli"]
    assert any("obs judges each minute, here by the 10m before its end" in each for each in told)


OWNED = """\
metadata:
  name: availability
  labels: {team: shop, owner: Jo, severity: page, instance: a, domain: payments}
  annotations: {acme.com/link_run-book: "https://wiki.example/pay", owner: Jo Miller, note: hi,
    "2": "http://127.0.0.1/{{ $labels.pod }}"}
"""


def test_labels_and_annotations_become_labels_team_owner_and_links(imports: Imports) -> None:
    before = "metadata: {name: availability, displayName: Checkouts, labels: {team: shop}}\n"
    code, spec, told = imports.run("openslo", OPENSLO.replace(before, OWNED))
    assert code == 1
    slo = spec["slos"][0]
    assert (slo["team"], slo["owner"], slo["labels"]) == (
        "shop",
        "Jo Miller",
        {"domain": "payments"},
    )
    assert slo["links"] == {"run_book": "https://wiki.example/pay"}
    assert spec["alerts"]["SloBudgetBurnsSlowly"]["overrides"][0]["labels"]["owner"] == "Jo"
    assert any(
        "note, 2: of annotations an SLO has an owner and links only" in each for each in told
    )


WINDOWS = """\
---
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
metadata: {name: mine}
spec:
  sloPeriod: 28d
  page:
    quick: {errorBudgetPercent: 2, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 10, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 12.5, shortWindow: 6h, longWindow: 3d}
"""


def test_sloth_s_own_alert_windows_are_tiers_of_each_slo(imports: Imports) -> None:
    code, spec, told = imports.run("sloth", SLOTH + WINDOWS, *URL)
    assert code == 0, told
    for slo in spec["slos"]:
        assert slo["window"] == "28d"
        assert [(each["severity"], each["long"], each["budget"]) for each in slo["tiers"]] == [
            ("page", "1h", "2%"),
            ("page", "6h", "5%"),
            ("ticket", "1d", "10%"),
            ("ticket", "3d", "12.5%"),
        ]
    code, spec, told = imports.run("sloth", SLOTH + WINDOWS.replace("5m", "2m"), *URL)
    assert (code, spec["slos"][0]["tiers"][0]["short"]) == (1, "5m")
    assert any("shortWindow: obs has windows of multiples of 5m; it is 5m now" in e for e in told)
    code, spec, told = imports.run("sloth", SLOTH + WINDOWS.replace("longWindow: 1h", ""), *URL)
    assert (code, spec["slos"][0]["window"], "tiers" in spec["slos"][0]) == (1, "28d", False)
    assert any("obs keeps its own tiers: 0" in each for each in told)


def test_addresses_in_sloth_s_annotations_are_links(imports: Imports) -> None:
    annotations = '{runbook: "https://wiki.example/pay", summary: Slow.}'
    text = SLOTH.replace("alerting:\n", f"alerting:\n      annotations: {annotations}\n", 1)
    code, spec, told = imports.run("sloth", text, *URL)
    assert code == 1
    assert spec["slos"][0]["links"] == {"runbook": "https://wiki.example/pay"}
    assert any("summary: obs writes the annotations" in each for each in told)


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no SLO of sloth"),
        ("version: prometheus/v2\n", "holds no SLO of sloth; write `version: prometheus/v1`"),
        (OPENSLO, "did you mean `obs import openslo`?"),
        ("version: [\n", "theirs.yaml:"),
        (BOMB, "holds more than 200 000 values"),
    ],
)
def test_what_is_no_such_file_is_bad_input_in_one_line(
    imports: Imports, text: str, told: str
) -> None:
    code, spec, lines = imports.run("sloth", text)
    assert (code, spec, len(lines)) == (2, {}, 1)
    assert told in lines[0]


def test_nothing_is_overwritten_without_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, out = tmp_path / "theirs.yaml", tmp_path / "obs.yaml"
    theirs.write_text(SLOTH, encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    words = ["import", "sloth", str(theirs), "--out", str(out), *URL]
    assert main(words) == 2
    assert "give --force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*words, "--force"]) == 0
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    assert main(["import", "sloth", str(theirs), "--url", "prometheus"]) == 2


OURS = """\
version: 1
system: shop
sources:
  prometheus: {metrics: {url: "https://prometheus:9090"}}
  nats: {main: {monitor: ["http://nats:8222"]}}
slos:
- {name: counted, service: shop, objective: 99.9, description: Promise.,
   sli: {prometheus: {source: metrics, bad: 'x_total{code="500"}', total: x_total}}}
- {name: expressed, service: shop, objective: 99, window: 7d, sli: {prometheus: {source: metrics,
   range: 10m, good: 'sum(increase(x_total{code="200"}[$window]))',
   total: 'sum(increase(x_total[$window]))'}}}
- {name: holding, service: shop, objective: 99.5,
   sli: {prometheus_minutes: {source: metrics, holds: min(up)}}}
- {name: ratio, service: shop, objective: 99.5,
   sli: {prometheus_minutes: {source: metrics, error_ratio: 'shop:errors:ratio'}}}
- {name: lag, service: shop, objective: 99,
   sli: {nats_lag: {source: main, stream: S, consumer: C, max_messages: 3}}}
- {name: sliced, service: shop, objective: 99, calendar: month, timezone: Europe/Berlin,
   slices: {of: 5m, good_above: 99.5%}, labels: {domain: payments}, team: shop, owner: Jo,
   links: {runbook: "https://wiki.example/pay", board: "https://grafana.example/d/1"},
   sli: {prometheus: {source: metrics, bad: 'x_total{code="500"}', total: x_total}}}
- {name: sliced-queries, service: shop, objective: 99, slices: {of: 1m, good_above: 100%},
   sli: {prometheus: {source: metrics, good: 'sum(increase(x_total{code="200"}[$window]))',
   total: 'sum(increase(x_total[$window]))'}}}
"""


def test_what_is_exported_as_openslo_is_read_back_and_the_rest_is_told(
    imports: Imports, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, exported = tmp_path / "ours.yaml", tmp_path / "slos.yaml"
    ours.write_text(OURS, encoding="utf-8")
    assert main(["export", "openslo", "--spec", str(ours), "--out", str(exported)]) == 1
    assert ":16: slos[4]: is left out: OpenSLO refers to queries" in capsys.readouterr().err
    code, _, told = imports.run("openslo", exported.read_text(encoding="utf-8"))
    assert code == 0, told
    before, after = (read_spec([path]).system for path in (ours, imports.out))
    assert after.sources.prometheus == before.sources.prometheus
    same = {slo.name: slo for slo in before.slos if slo.name not in ("lag", "holding")}
    found = {slo.name: slo for slo in after.slos}
    assert {name: found[name] for name in same} == same
    holding = found["holding"].sli.prometheus_minutes
    assert holding
    assert holding.holds == "(min((min(up)) != bool 0)) >= bool 1"
