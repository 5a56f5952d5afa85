"""Live policies against the ones that are needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from obs.checks.aws.permissions import RoleFacts, identity, judge
from obs.checks.aws.policy import like, statements
from obs.checks.aws.roles import judge_role, read_policy, subjects
from obs.checks.finding import CheckFinding, Outcome
from obs.errors import BadInput, SourceError
from obs.iam.policy import document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.spec.system import System

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {
            "aws": {
                "cloud": {
                    "region": "eu-west-1",
                    "buses": [{"name": "shop", "rules": ["orders"]}],
                    "queues": ["shop-dlq"],
                }
            }
        },
        "outputs": {"cloudwatch": {"source": "cloud", "namespace": "Shop"}},
    }
)


def found(role: str, *written: Any) -> list[CheckFinding]:
    needed = policy_for(role, SYSTEM, PolicyOptions())
    policies = {f"p{place}": statements(one) for place, one in enumerate(written)}
    return [*judge(RoleFacts("role", role, policies), needed, "do this")]


def needed_statements(role: str) -> list[dict[str, Any]]:
    listed: Any = document(policy_for(role, SYSTEM, PolicyOptions()))["Statement"]
    return list(listed)


def with_change(role: str, **changes: Any) -> dict[str, Any]:
    """The needed policy, its first statement changed; None takes away."""
    first, *others = needed_statements(role)
    changed = {name: value for name, value in (first | changes).items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [changed, *others]}


@pytest.mark.parametrize("role", ["collector", "publisher", "dlq-processor"])
def test_the_policy_that_obs_prints_is_right(role: str) -> None:
    (finding,) = found(role, document(policy_for(role, SYSTEM, PolicyOptions())))
    assert finding.outcome is Outcome.PASSED


def test_what_is_needed_may_stand_in_several_policies() -> None:
    halves = [{"Statement": one} for one in needed_statements("collector")]
    assert found("collector", *halves)[0].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Action": "*"}, "permits *: a wildcard"),
        ({"Action": "events:Put*"}, "permits events:put*: a wildcard"),
        ({"Resource": "*"}, "on every resource; needed on arn:aws:events:"),
        ({"Condition": None}, "without the condition events:source = shop"),
        ({"Action": None, "NotAction": "iam:*"}, "NotAction"),
    ],
)
def test_each_way_of_permitting_too_much_is_reported(changes: dict[str, Any], words: str) -> None:
    failed = found("publisher", with_change("publisher", **changes))
    assert any(words in one.what and one.outcome is Outcome.FAILED for one in failed), failed


def test_an_action_that_is_not_needed_is_doubtful() -> None:
    more = {"Effect": "Allow", "Action": "events:ListRules", "Resource": "*"}
    findings = found("publisher", with_change("publisher"), {"Statement": [more]})
    (finding,) = findings
    assert finding.outcome is Outcome.WARNED
    assert "policy p1" in finding.resource


def test_what_is_missing_is_reported() -> None:
    (finding,) = found("dlq-processor", {"Statement": []})
    assert finding.outcome is Outcome.FAILED
    assert "does not permit sqs:DeleteMessage, sqs:GetQueueAttributes" in finding.what


def test_a_denial_is_not_too_much() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    findings = found("publisher", with_change("publisher"), {"Statement": [deny]})
    assert [one.outcome for one in findings] == [Outcome.PASSED]


def test_the_root_user_of_the_account_is_wrong() -> None:
    needed = policy_for("collector", SYSTEM, PolicyOptions())
    (finding,) = judge(RoleFacts("root", "root", {}, "signs in as root"), needed, "")
    assert finding.outcome is Outcome.FAILED


def test_a_document_kept_as_a_file_is_compared_in_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "publisher.json"
    checks = SYSTEM.checks.model_copy(update={"policies": {"publisher": str(file)}})
    system = SYSTEM.model_copy(update={"checks": checks})
    live, kept = subjects(system)
    assert live == "collector@cloud"
    file.write_text(json.dumps(with_change("publisher", Condition=None)), encoding="utf-8")
    (finding,) = judge_role(system, kept, read_policy(str(file)))
    assert "without the condition events:source = shop" in finding.what
    assert finding.advice == f"obs iam policy --for publisher > {file}"
    file.write_text(json.dumps(with_change("publisher")), encoding="utf-8")
    (finding,) = judge_role(system, kept, read_policy(str(file)))
    assert finding.outcome is Outcome.PASSED


def test_a_file_that_is_no_policy_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_policy(str(tmp_path / "gone.json"))
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="not JSON"):
        read_policy(str(tmp_path / "bad.json"))


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:iam::1:role/path/obs", ("role", "obs")),
        ("arn:aws:sts::1:assumed-role/obs/session", ("role", "obs")),
        ("arn:aws:iam::1:user/jane", ("user", "jane")),
        ("arn:aws:iam::1:root", ("root", "root")),
        ("arn:aws:sts::1:federated-user/jane", ("other", "federated-user/jane")),
    ],
)
def test_an_arn_says_who_it_is(arn: str, who: tuple[str, str]) -> None:
    assert identity(arn) == who


def test_a_document_that_is_none_is_an_answer_that_makes_no_sense() -> None:
    for rubbish in ("{", "[1]", '{"Statement": [1]}'):
        with pytest.raises(SourceError):
            statements(rubbish)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("arn:a/b", "arn:*", True),
        ("a[1]", "a[1]", True),
        ("ab", "a?", True),
        ("a.b", "a?b", True),
        ("axb", "a.b", False),
    ],
)
def test_patterns_of_aws_have_two_wildcards_only(text: str, pattern: str, expected: bool) -> None:
    assert like(text, pattern) is expected
