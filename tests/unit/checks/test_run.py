"""What becomes of checks: outcomes, exit codes, reports."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from obs.checks.accepted import verify
from obs.checks.applied import judge as judge_applied
from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.emitted import judge_labels, label_pairs, texts_of
from obs.checks.finding import CheckFinding, CheckResult, Outcome, doubtful, right, skipped, wrong
from obs.checks.report import junit
from obs.checks.run import exit_code, outcomes, part_of, run
from obs.errors import DONE, FOUND, UNAVAILABLE, BadInput, Reason, SourceError
from obs.spec.system import System
from obs.stacks.plan import Action, PlanStep

SYSTEM = System.model_validate({"version": 1, "system": "shop"})


def check(
    *findings: CheckFinding, error: Exception | None = None, subjects: int = 1
) -> Check[None]:
    def read(asking: CheckContext, subject: str) -> None:
        if error is not None and subject == "0":
            raise error

    def judge(system: System, subject: str, facts: None) -> Iterator[CheckFinding]:
        yield from findings

    names = tuple(map(str, range(subjects)))
    return Check("one", "Is it?", lambda system: names, "nothing there", read, judge)


def result(*findings: CheckFinding, **fields: Any) -> CheckResult:
    return CheckResult("one", "Is it?", findings, **fields)


RIGHT, WRONG, DOUBTFUL = right("a", "fine"), wrong("b", "bad", "do"), doubtful("c", "hm", "look")


def test_the_worst_finding_is_the_outcome() -> None:
    assert result(RIGHT).outcome is Outcome.PASSED
    assert result(RIGHT, DOUBTFUL, RIGHT).outcome is Outcome.WARNED
    assert result(DOUBTFUL, WRONG, RIGHT).outcome is Outcome.FAILED
    assert result(skipped("d", "none")).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("results", "strict", "code"),
    [
        ([result(RIGHT)], False, DONE),
        ([result(RIGHT), result(skipped("d", "none"))], True, DONE),
        ([result(DOUBTFUL)], False, DONE),
        ([result(DOUBTFUL)], True, FOUND),
        ([result(RIGHT), result(WRONG)], False, FOUND),
        ([result(WRONG, unanswered=True)], False, UNAVAILABLE),
        ([result(WRONG, unanswered=True), result(skipped("d", "none"))], False, UNAVAILABLE),
        ([result(WRONG, unanswered=True), result(RIGHT)], False, FOUND),
        ([], False, DONE),
    ],
)
def test_the_exit_code_is_of_the_most_severe(
    results: list[CheckResult], strict: bool, code: int
) -> None:
    assert exit_code(results, strict=strict) == code


def test_a_check_without_subjects_is_skipped_and_says_why() -> None:
    (found,) = run(SYSTEM, [check(RIGHT, subjects=0)])
    assert found.outcome is Outcome.SKIPPED
    assert found.findings[0].what == "nothing there"


@pytest.mark.parametrize("reason", ["auth", "connection", "timeout", "throttled"])
def test_what_cannot_be_read_is_a_failure_that_says_what_to_do(reason: Reason) -> None:
    (found,) = run(SYSTEM, [check(RIGHT, error=SourceError(reason, "x: no"), subjects=2)])
    assert not found.unanswered
    failed, passed = found.findings
    assert failed.what == "could not be read: x: no"
    assert failed.advice
    assert passed == RIGHT


def test_a_secret_that_is_missing_is_a_failure_of_its_check_alone() -> None:
    (found,) = run(SYSTEM, [check(RIGHT, error=BadInput("TOKEN is not set"))])
    assert found.findings[0].what == "TOKEN is not set"


def test_outcomes_are_what_metrics_show_and_leave_out_what_was_skipped() -> None:
    named = [
        CheckResult("a", "", (DOUBTFUL,)),
        CheckResult("b", "", (WRONG,)),
        CheckResult("c", "", (skipped("d", "none"),)),
    ]
    assert outcomes(named) == {"a": True, "b": False}


def test_a_collector_of_one_kind_of_source_checks_that_kind() -> None:
    whole = System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {
                "nats": {"main": {"monitor": ["http://nats:8222"]}},
                "aws": {"cloud": {"region": "eu-west-1"}},
            },
            "slos": [
                {
                    "name": name,
                    "service": "shop",
                    "objective": 99.9,
                    "sli": sli,
                }
                for name, sli in (
                    ("delivery", {"eventbridge": {"source": "cloud", "bus": "shop"}}),
                    (
                        "lag",
                        {
                            "nats_lag": {
                                "source": "main",
                                "stream": "A",
                                "consumer": "b",
                                "max_messages": 1,
                            }
                        },
                    ),
                )
            ],
        }
    )
    part = part_of(whole, ("nats",))
    assert (list(part.sources.nats), list(part.sources.aws)) == (["main"], [])
    assert [slo.name for slo in part.slos] == ["lag"]
    assert part_of(whole, ("nats", "aws")) == whole


def test_junit_counts_and_has_a_case_a_finding() -> None:
    text = junit("shop", [result(RIGHT, WRONG, DOUBTFUL), result(skipped("d", "none"))])
    root = Xml.fromstring(text)
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("4", "1", "1")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases["b"].find("failure")
    assert failure is not None
    assert failure.text == "bad\ndo"
    assert cases["d"].find("skipped") is not None
    assert cases["c"].find("failure") is None


def test_junit_takes_characters_that_xml_does_not_have() -> None:
    Xml.fromstring(junit("shop", [result(wrong("a\x00", "b\x1b[31m & <c>", "d\n\te"))]))


def step(verdict: Action, **fields: Any) -> PlanStep:
    return PlanStep(verdict, "dashboard", "oms-slos", **fields)


def test_a_stack_that_is_as_built_is_right() -> None:
    (finding,) = judge_applied("grafana", [step(Action.KEEP)])
    assert finding.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("made", "outcome", "words"),
    [
        (step(Action.CREATE), Outcome.FAILED, "is missing"),
        (step(Action.FOREIGN, why="no tag of ours"), Outcome.FAILED, "no tag of ours"),
        (step(Action.DELETE), Outcome.WARNED, "obsolete"),
        (
            step(Action.CHANGE, diff=("--- a", "+++ b", "@@", " x", '-  "title": "B"', "+ y")),
            Outcome.FAILED,
            '- "title": "B" + y',
        ),
    ],
)
def test_what_would_have_to_be_done_to_a_stack_is_reported(
    made: PlanStep, outcome: Outcome, words: str
) -> None:
    findings = [*judge_applied("grafana", [step(Action.KEEP), made])]
    assert [one.outcome for one in findings] == [outcome]
    assert words in findings[0].what
    assert "obs dashboards apply --target grafana" in findings[0].advice


EXPOSITION = """# HELP x about jane@example.com
x{consumer="a",stream="S"} 1
x{consumer="123-45-6789",stream="S\\"T"} 2
y{client_ip="x",server="10.0.0.7:8222",version="2.10.1.4"} 3
"""


def test_every_label_is_read_once_and_help_texts_are_not() -> None:
    assert ("stream", 'S\\"T') in label_pairs(EXPOSITION)
    assert ("consumer", "a") in label_pairs(EXPOSITION)
    assert [pair for pair in label_pairs(EXPOSITION) if "jane" in pair[1]] == []


def test_labels_are_judged_by_name_and_value_and_servers_have_addresses() -> None:
    reported: Mapping[str, str] = {
        one.resource: one.what for one in judge_labels(label_pairs(EXPOSITION), "collector")
    }
    assert reported == {
        "label client_ip, x… of 1 characters": "its name suggests an IP address",
        "label consumer, 1… of 11 characters": "contains a social security number",
    }


def test_what_the_spec_makes_others_see_is_all_looked_at() -> None:
    system = System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "description": "of shop@example.com",
            "sources": {"aws": {"cloud": {"region": "eu-west-1"}}},
            "outputs": {
                "otlp": {"endpoint": "http://otel:4318", "resource": {"owner": "o@example.com"}}
            },
        }
    )
    texts = [text for _, _, text in texts_of(system)]
    assert {"of shop@example.com", "o@example.com"} <= set(texts)
    assert any(where.startswith("alert ") for where, _, _ in texts_of(system))


def accepting(check: str = "one", resource: str = "*") -> System:
    accept = [{"check": check, "resource": resource, "reason": "by design"}]
    return System.model_validate({"version": 1, "system": "shop", "checks": {"accept": accept}})


def test_an_accepted_finding_neither_fails_nor_warns_and_shows_the_reason() -> None:
    (found,) = run(accepting(), [check(RIGHT, WRONG, DOUBTFUL)])
    assert [(each.outcome, each.what) for each in found.findings] == [
        (Outcome.PASSED, "fine"),
        (Outcome.ACCEPTED, "bad (accepted: by design)"),
        (Outcome.ACCEPTED, "hm (accepted: by design)"),
    ]
    assert exit_code([found], strict=True) == DONE
    assert outcomes([found]) == {"one": True}


def test_only_the_named_check_and_resource_are_accepted() -> None:
    for system in (accepting(check="other"), accepting(resource="c")):
        (found,) = run(system, [check(WRONG, DOUBTFUL)])
        assert found.outcome is Outcome.FAILED


def test_a_system_that_cannot_be_read_is_never_accepted() -> None:
    (found,) = run(accepting(), [check(error=SourceError("timeout", "no answer"))])
    assert found.outcome is Outcome.FAILED


def test_an_accepted_check_that_does_not_exist_is_an_error_with_the_near_name() -> None:
    with pytest.raises(BadInput, match=r"checks\.accept\[0\]\.check: .*ones.*one"):
        verify(accepting(check="ones"), ["one", "two"])
    verify(accepting(), ["one"])
