"""Rules in Amazon Managed Prometheus: its REST API over HTTP, by boto3."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from obs.errors import SourceError
from tests.integration.applying import SPEC, Answer, Killed, Request, Server, run
from tests.unit.stacks.aws_account import AwsAccount

pytestmark = pytest.mark.integration

ARGV = ("alerts", "apply", "--target", "amp")
WORKSPACE = "ws-1a2b3c4d"
PATH = re.compile(rf"/workspaces/{WORKSPACE}/rulegroupsnamespaces(?:/([^/]+))?")
OPERATIONS = {
    ("GET", False): "ListRuleGroupsNamespaces",
    ("POST", False): "CreateRuleGroupsNamespace",
    ("GET", True): "DescribeRuleGroupsNamespace",
    ("PUT", True): "PutRuleGroupsNamespace",
    ("DELETE", True): "DeleteRuleGroupsNamespace",
}


def encoded(value: Any) -> Any:
    """The value as JSON has it: bytes in base 64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: encoded(below) for key, below in value.items()}
    return [encoded(each) for each in value] if isinstance(value, list) else value


class Amp:
    """The workspace's REST API."""

    def __init__(self) -> None:
        self.account = AwsAccount()
        self.permitted = True

    def __call__(self, request: Request) -> Answer:
        found = PATH.fullmatch(urlsplit(request.path).path)
        if found is None:
            return 404, b'{"message": "no such path"}'
        if not self.permitted:
            said = {"message": "User is not authorized", "__type": "AccessDeniedException"}
            return 403, json.dumps(said).encode()
        parameters = json.loads(request.body) if request.body else {}
        parameters.pop("clientToken", None)
        if "data" in parameters:
            parameters["data"] = base64.b64decode(parameters["data"])
        if found.group(1):
            parameters["name"] = unquote(found.group(1))
        operation = OPERATIONS[request.method, bool(found.group(1))]
        try:
            answer = self.account.call("amp", operation, workspaceId=WORKSPACE, **parameters)
        except SourceError as error:
            return 400, json.dumps({"message": str(error), "__type": "Refused"}).encode()
        return (200 if request.method == "GET" else 202), json.dumps(encoded(answer)).encode()


@pytest.fixture
def amp() -> Amp:
    return Amp()


@pytest.fixture
def server(amp: Amp) -> Iterator[Server]:
    with Server(amp, headers={"x-amzn-RequestId": "1"}) as running:
        yield running


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setattr("obs.stacks.amp.time.sleep", lambda seconds: None)
    path = tmp_path / "obs.yaml"
    stack = f"{{workspace: {WORKSPACE}, region: us-east-1, endpoint_url: '{server.url}'}}"
    path.write_text(f"{SPEC}stacks: {{amp: {stack}}}\n")
    return path


def test_an_apply_that_was_killed_is_finished_by_the_next_and_then_nothing_changes(
    server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = Killed(nth=2)
    server.before = killed
    assert killed.run(*ARGV, "--yes", cwd=spec.parent) == -9
    server.before = lambda request: None
    outcome = run(capsys, *ARGV, "--yes", "--format", "json")
    assert outcome.code == 0, outcome.err
    assert outcome.verdicts() == {
        "shop-production-nats": "keep",
        "shop-production-collector": "create",
    }
    server.requests.clear()
    assert run(capsys, *ARGV, "--yes").code == 0
    assert server.writes() == []
    assert run(capsys, *ARGV, "--check").code == 0


def test_missing_permissions_are_reported_in_one_line(
    amp: Amp, capsys: pytest.CaptureFixture[str]
) -> None:
    amp.permitted = False
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert outcome.err == "ListRuleGroupsNamespaces: not permitted: User is not authorized\n"
