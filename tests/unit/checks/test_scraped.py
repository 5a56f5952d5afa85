"""What Prometheus scrapes and has loaded, judged from what its API answers."""

from typing import Any

from obs.checks.finding import Outcome
from obs.checks.scraped import (
    ScrapeFacts,
    ScrapeTarget,
    built,
    judge_rules,
    judge_scrape,
)
from obs.spec.quantity import parse_duration
from obs.spec.system import System
from obs.stacks.loaded_rules import LoadedRules

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
        "outputs": {"web": {"listen": "10.0.0.1:9464"}},
    }
)


def target(instance: str = "obs:9464", *, up: bool = True, error: str = "") -> ScrapeTarget:
    return ScrapeTarget("obs", instance, f"http://{instance}/metrics", up, error)


def test_a_target_that_has_shown_a_collector_is_one() -> None:
    facts = ScrapeFacts((target(), target("other:80")), frozenset({("obs", "obs:9464")}))
    (finding,) = judge_scrape(SYSTEM, facts)
    assert (finding.resource, finding.outcome) == ("target obs obs:9464", Outcome.PASSED)


def test_so_is_one_at_the_address_of_the_spec_although_it_is_down() -> None:
    down = target("10.0.0.1:9464", up=False, error="connection refused")
    (finding,) = judge_scrape(SYSTEM, ScrapeFacts((down,), frozenset()))
    assert finding.what == "is down: connection refused"


def test_a_prometheus_that_scrapes_no_collector_is_told_what_to_scrape() -> None:
    (finding,) = judge_scrape(SYSTEM, ScrapeFacts((target("other:80"),), frozenset()))
    assert finding.outcome is Outcome.FAILED
    assert '"targets": ["10.0.0.1:9464"]' in finding.advice


def groups() -> list[dict[str, Any]]:
    """As /api/v1/rules tells the rules that are built, expressions in words of its own."""
    return [
        {
            "name": group["name"],
            "file": "/rules/shop.yaml",
            "interval": 60,
            "limit": 0,
            "rules": [
                {
                    "type": "alerting",
                    "name": rule["alert"],
                    "query": f"( {rule['expr']} )",
                    "duration": parse_duration(rule.get("for", "0s")),
                    "keepFiringFor": 0,
                    "labels": rule["labels"],
                    "annotations": rule["annotations"],
                    "health": "ok",
                }
                for rule in group["rules"]
            ],
        }
        for group in built(SYSTEM)
    ]


def formatted(loaded: list[dict[str, Any]]) -> dict[str, str]:
    """Prometheus leaves out parentheses that say nothing."""
    texts = {rule["query"] for group in loaded for rule in group["rules"]}
    return {text: text.removeprefix("( ").removesuffix(" )") for text in texts}


def outcome(loaded: list[dict[str, Any]]) -> tuple[str, Outcome]:
    (finding,) = judge_rules(SYSTEM, LoadedRules(loaded, formatted(loaded), 60.0))
    return finding.what, finding.outcome


def test_rules_that_are_only_formatted_differently_are_as_built() -> None:
    assert outcome(groups())[1] is Outcome.PASSED


def test_groups_of_others_are_ignored() -> None:
    theirs = {"name": "theirs", "rules": [{"type": "alerting", "name": "X", "query": "1"}]}
    assert outcome([*groups(), theirs])[1] is Outcome.PASSED


def test_each_difference_of_a_rule_is_reported() -> None:
    loaded = groups()
    loaded[0]["rules"][0] |= {"query": "vector(1)", "duration": 7, "keepFiringFor": 60}
    assert outcome(loaded) == (
        "differs from the spec: expression, for, keep firing for",
        Outcome.FAILED,
    )


def test_a_group_that_is_evaluated_at_another_interval_is_reported() -> None:
    loaded = groups()
    loaded[0]["interval"] = 300
    assert outcome(loaded) == ("differs from the spec: interval", Outcome.FAILED)


def test_a_rule_that_is_loaded_from_two_files_is_reported() -> None:
    loaded = groups()
    copied = {**loaded[0], "file": "/old/shop.yaml", "rules": loaded[0]["rules"][:1]}
    assert outcome([*loaded, copied]) == (
        "is loaded 2 times, from several rule files",
        Outcome.FAILED,
    )


def test_groups_of_another_environment_are_ignored_whatever_their_names() -> None:
    loaded = groups()
    labels = {"system": "shop", "environment": "staging"}
    theirs = {**loaded[0], "rules": [{**loaded[0]["rules"][0], "labels": labels}]}
    assert outcome([*loaded, theirs])[1] is Outcome.PASSED


def test_a_rule_that_is_missing_is_reported() -> None:
    loaded = groups()
    del loaded[0]["rules"][0]
    assert "has not loaded it" in outcome(loaded)[0]


def test_recording_rules_are_looked_at_where_they_are_evaluated() -> None:
    slo = {"source": "main", "stream": "A", "consumer": "b", "max_messages": 1}
    document = {
        "version": 1,
        "system": "shop",
        "sources": {"nats": {"main": {"monitor": ["http://nats:8222"]}}},
        "slos": [{"name": "lag", "service": "s", "objective": 99, "sli": {"nats_lag": slo}}],
    }
    stack = {"url": "http://prometheus:9090", "rules_dir": "rules"}
    without = System.model_validate({**document, "stacks": {"prometheus": stack}})
    with_them = System.model_validate(
        {**document, "stacks": {"prometheus": {**stack, "recording": True}}}
    )
    more = built(with_them)[len(built(without)) :]
    assert more
    assert [rule for group in more for rule in group["rules"] if "record" not in rule] == []


def test_a_rule_that_cannot_be_evaluated_is_reported_with_the_reason() -> None:
    loaded = groups()
    loaded[0]["rules"][0] |= {"health": "err", "lastError": "many-to-many"}
    assert outcome(loaded) == ("cannot be evaluated: many-to-many", Outcome.FAILED)


def test_a_rule_that_is_left_over_in_a_group_of_ours_is_doubtful() -> None:
    loaded = groups()
    labels = {"system": "shop", "environment": "production"}
    old = {"type": "alerting", "name": "Old", "query": "1", "labels": labels}
    loaded[0]["rules"].append(old)
    assert outcome(loaded)[1] is Outcome.WARNED
