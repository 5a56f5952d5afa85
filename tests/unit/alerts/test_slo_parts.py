"""Labels, owners and tiers of SLOs on their alerts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obs.alerts.alert import TunedAlert
from obs.alerts.routing import reached
from obs.alerts.targets import build, remarks
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.spec.load import Spec
from obs.spec.report import InvalidSpec
from tests.integration.promtool import judged, needs_promtool

Read = Callable[..., Spec]

SPEC = """\
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://nats:8222]}}
  aws: {cloud: {region: us-east-1, buses: [{name: b, rules: [paid]}]}}
notify:
  receivers: {all: {webhook: {url: "http://hook/"}}, billing: {webhook: {url: "http://hook/"}}}
  routes:
    critical: {to: [all]}
    warning: {to: [all]}
    labelled: [{labels: {team: billing}, to: [billing]}]
slos:
  - {name: plain, service: shop, objective: 99.9, sli: {eventbridge: {source: cloud, bus: b}}}
  - name: owned
    service: shop
    objective: 99.9
    team: billing
    owner: jane
    labels: {domain: payments}
    links: {runbook: "https://wiki/x"}
    tiers:
      - {severity: page, long: 2h, short: 10m, budget: 3%}
      - {severity: ticket, long: 1d, short: 2h, factor: 2}
    sli: {eventbridge: {source: cloud, bus: b, rules: [paid]}}
  - name: each
    service: shop
    objective: 99
    sli: {nats_lag: {source: main, stream: "*", consumer: "*", by: consumer, max_messages: 5}}
"""


def burning(spec: Spec) -> dict[tuple[str, ...], TunedAlert]:
    """The burn-rate rules by the SLO that they select, severity and long window."""
    found = {}
    for tuned in tuned_alerts(spec.system):
        if (tier := tuned.when.tier()) is not None:
            names = [text for label, _, text in tuned.among if label == "slo"]
            found[*names, str(tuned.severity), tier.long] = tuned
    return found


def test_rules_select_the_slos_that_are_alike_and_have_their_labels(spec: Read) -> None:
    found = burning(spec(instead=SPEC))
    owned = found["owned", "critical", "2h"]
    assert {("domain", "payments"), ("team", "billing")} <= set(owned.labels)
    assert owned.annotations == (("link_runbook", "https://wiki/x"), ("owner", "jane"))
    plain = found["plain", "critical", "1h"]
    assert {label for label, _ in plain.labels} == {"environment", "system", "tier"} or (
        "team" not in dict(plain.labels)
    )
    assert 'slo=~"owned"' in owned.expression
    assert 'slo_service="shop"' in owned.expression


def test_without_labels_and_tiers_of_their_own_rules_select_no_slo(spec: Read) -> None:
    assert all(not names[:-2] for names in burning(spec()))


def test_own_tiers_replace_the_usual_ones_of_their_slo_only(spec: Read) -> None:
    found = burning(spec(instead=SPEC))
    tiers = {names[0]: sorted(key[-1] for key in found if key[0] == names[0]) for names in found}
    assert tiers["owned"] == ["1d", "2h"]
    assert tiers["plain"] == ["1d", "1h", "3d", "6h"]
    tier = found["owned", "critical", "2h"].when.tier()
    assert tier is not None
    assert (tier.factor, tier.short) == (10.8, "10m")


def test_tiers_at_the_top_are_those_of_every_slo_without_own_ones(spec: Read) -> None:
    top = "tiers: [{severity: page, long: 4h, short: 20m, factor: 5}]\n"
    found = burning(spec(instead=SPEC + top))
    assert {(key[0], key[-1]) for key in found} == {
        *(("plain", "4h"), ("each", "4h")),
        *(("owned", "2h"), ("owned", "1d")),
    }


def test_an_slo_over_many_objects_has_alerts_that_name_the_object(spec: Read) -> None:
    each = burning(spec(instead=SPEC))["each", "critical", "1h"]
    assert each.identity == ("slo", "slo_service", "slo_object")
    files = build(spec(instead=SPEC).system, ["prometheus"])["prometheus"]
    assert (
        "SLO {{ $labels.slo }} for {{ $labels.slo_object }} of service"
        in (files["prometheus/slo.yaml"])
    )


def test_alerts_take_the_route_of_their_team(spec: Read) -> None:
    system = spec(instead=SPEC).system
    assert system.notify is not None
    for names, tuned in burning(spec(instead=SPEC)).items():
        labels = {**dict(tuned.labels), "severity": str(tuned.severity)}
        (leg,) = reached(system.notify, labels)
        assert leg.receiver == ("billing" if names[0] == "owned" else "all")


def test_cloudwatch_evaluates_own_tiers_and_refuses_what_it_cannot(spec: Read) -> None:
    system = spec(instead=SPEC).system
    built = build(system, ["cloudwatch"])
    alarms = "".join(built["cloudwatch"].values())
    assert "shop-owned-2h" in alarms
    assert "shop-owned-1h" not in alarms
    left_out = "\n".join(remarks(system, built).left_out)
    assert "SLO each has an SLI that CloudWatch does not measure" in left_out


@needs_promtool
def test_the_generated_tests_of_an_slo_over_many_objects_succeed(
    spec: Read, tmp_path: Path
) -> None:
    head, slos = SPEC.split("slos:\n")
    each = slos[slos.index("  - name: each") :]
    tiers = "    tiers: [{severity: page, long: 1h, short: 5m, factor: 5}]\n"
    system = spec(instead=f"{head}slos:\n{each}    team: billing\n{tiers}").system
    for files in build(system, ["prometheus", "promtool"]).values():
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    assert judged(tmp_path / "tests", ["slo_1m_test.yaml"]) == {"slo_1m_test.yaml": True}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("{tier: gold}", "obs sets this label; choose another name"),
        ("{slo_object: x}", "obs sets this label; choose another name"),
        ("{sli: x}", "obs sets this label; choose another name"),
        ("{team: x}", "write team: beside labels"),
        ("{__x: y}", "Prometheus keeps names that begin with __ to itself"),
    ],
)
def test_labels_that_are_taken_are_refused(spec: Read, labels: str, message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        check_tuning(spec(instead=SPEC.replace("{domain: payments}", labels)))
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.field.startswith("slos[1].labels.")
