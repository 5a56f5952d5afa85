"""What answers in the place of AWS is told in a line of our own, without secrets."""

import json
import logging
import socket
import time
from pathlib import Path

import pytest
from botocore.utils import ContainerMetadataFetcher

from obs.cli.main import main
from obs.clients.aws import AwsClient
from obs.clients.aws_limits import all_within
from obs.errors import SourceError
from tests.hostile.aws_server import (
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    HostileAws,
    Request,
    answering,
    assumed_role,
    http,
    xml,
)
from tests.integration.hostile_aws import (
    HEAD,
    KEY,
    LIST,
    ROLE,
    SECRET,
    SECRETS,
    SERIES,
    TOKEN,
    Call,
    client,
    failure,
    server,
)
from tests.integration.test_aws_source import without_pauses

__all__ = ["server"]

pytestmark = pytest.mark.integration


CALLS: dict[str, Call] = {
    "ListEventBuses": AwsClient.event_buses,
    "ListRules": lambda one: one.rules("b"),
    "ListTargetsByRule": lambda one: one.targets("b", "r"),
    "ListQueues": lambda one: one.queue_urls(),
    "GetQueueUrl": lambda one: one.queue_url("q"),
    "GetQueueAttributes": lambda one: one.queue_attributes("http://127.0.0.1/q", ["All"]),
    "GetMetricData": lambda one: one.metric_data([SERIES], 0, 60, 60),
    "PutMetricData": lambda one: one.put_metric_data("n", [{"MetricName": "m", "Value": 1}]),
    "Publish": lambda one: one.publish("arn:aws:sns:us-east-1:000000000000:t", "s", "m"),
    "DescribeAlarms": lambda one: [*one.listed("cloudwatch", "DescribeAlarms", "MetricAlarms")],
    "GetCallerIdentity": lambda one: one.call("sts", "GetCallerIdentity")["Account"],
    "ListRolePolicies": lambda one: [
        *one.listed("iam", "ListRolePolicies", "PolicyNames", RoleName="r")
    ],
    "GetRolePolicy": lambda one: one.call("iam", "GetRolePolicy", RoleName="r", PolicyName="p")[
        "PolicyDocument"
    ],
    "ListRuleGroupsNamespaces": lambda one: [
        *one.listed("amp", "ListRuleGroupsNamespaces", "ruleGroupsNamespaces", workspaceId="w")
    ],
    "AssumeRole": AwsClient.event_buses,
}
SAID = f"{TEMPORARY_KEY} {TEMPORARY_SECRET} {TEMPORARY_TOKEN} {SECRET} \x1b[31m\n\x00"
LISTS = ("EventBuses", "Rules", "Targets")
RUBBISH: dict[str, bytes] = {
    "nothing": b"",
    "not HTTP": SAID.encode(),
    "a status that is none": b"HTTP/1.1 abc " + SAID.encode() + b"\r\n\r\n",
    "an empty body": http(b""),
    "a body cut short": http(assumed_role().encode()[:-150], "text/xml"),
    "text": http(SAID.encode()),
    "a number": http(b"5"),
    "a list": http(b"[]"),
    "null": http(b"null"),
    "an empty object": http(b"{}"),
    "NaN": http(b'{"MetricDataResults":[{"Id":"q0","Timestamps":[NaN],"Values":[Infinity]}]}'),
    "members of wrong types": http(
        json.dumps(
            {name: [5] for name in (*LISTS, "QueueUrls", "QueueUrl", "Attributes")}
            | {"MetricDataResults": [{"Id": {}}], "NextToken": [], "MetricAlarms": "a"}
        ).encode()
    ),
    "members without their own": http(
        json.dumps({name: [{}] for name in (*LISTS, "MetricDataResults")}).encode()
    ),
    "lists of null": http(json.dumps({name: [None] for name in (*LISTS, "QueueUrls")}).encode()),
    "text that is not UTF-8": http(b'{"a":"\xff\xfe"}' + TEMPORARY_TOKEN.encode()),
    "XML that is none": xml(f"<a>{SAID}"),
    "XML of another kind": xml(f"<a><b>{TEMPORARY_TOKEN}</b></a>"),
    "an empty XML element": xml("<a/>"),
    "XML with a wrong time": xml(assumed_role().replace("2099-01-01T00:00:00Z", TEMPORARY_TOKEN)),
    "XML without a secret": xml(assumed_role().replace("SecretAccessKey", "Other")),
    "a page of a proxy": http(f"<html>{SAID}</html>".encode(), "text/html", 502),
    "an error of wrong types": http(b'{"__type":{"a":1},"message":["x"]}', status=400),
    "an error whose code is a secret": http(
        json.dumps({"__type": TEMPORARY_TOKEN, "message": SAID}).encode(), status=400
    ),
    "an error that explains a secret": http(
        json.dumps({"__type": "ValidationException", "message": SAID * 100}).encode(), status=400
    ),
    "an XML error that explains a secret": xml(
        f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{TEMPORARY_TOKEN}</Message>"
        "</Error></ErrorResponse>",
        403,
    ),
    "CBOR": http(b"\xbf\xff", "application/cbor", smithy_protocol="rpc-v2-cbor"),
}


def failed(one: AwsClient, call: Call) -> SourceError | None:
    """What a call raises, if it does; anything but a SourceError fails the test."""
    try:
        call(one)
    except SourceError as error:
        return error
    return None


@pytest.mark.parametrize("operation", CALLS)
def test_no_malformed_answer_is_anything_but_one_line_without_secrets(
    server: HostileAws, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    role = {"role_arn": ROLE} if operation == "AssumeRole" else {}
    told = {}
    with client(server, timeout="2s", **role) as one, without_pauses():
        for what, answer in RUBBISH.items():
            server.sick["*"] = answering(answer)
            if (error := failed(one, CALLS[operation])) is not None:
                told[what] = error
    assert len(told) > 5
    for what, error in told.items():
        text = str(error)
        assert (error.__context__, error.__cause__) == (None, None)
        assert text.isprintable(), what
        assert len(text) < 400, what
        assert [secret for secret in SECRETS if secret in text] == [], what
    assert [secret for secret in SECRETS if secret in caplog.text] == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationException", 400), ("AccessDeniedException", 400), ("SignatureDoesNotMatch", 403)],
)
def test_a_server_that_echoes_the_request_does_not_bring_its_proof_to_light(
    server: HostileAws, code: str, status: int
) -> None:
    def echo(connection: socket.socket, request: Request) -> None:
        said = f"a {request.headers['Authorization']} b {request.headers['X-Amz-Security-Token']}"
        body = json.dumps({"__type": code, "message": f"\x1b[2J{said}\r\n{said}"}).encode()
        connection.sendall(http(body, status=status))

    server.sick[LIST] = echo
    text = str(failure(server))
    sent = server.requests[0].headers["Authorization"]
    for secret in (TOKEN, KEY, sent, sent.rpartition("=")[2]):
        assert secret not in text
    assert text.isprintable()


def test_a_role_whose_answer_is_cut_short_names_the_operation_and_the_host(
    server: HostileAws,
) -> None:
    server.sick["AssumeRole"] = answering(xml(assumed_role()[:-150]))
    assert str(failure(server, role_arn=ROLE)) == (
        "ListEventBuses: AssumeRole: invalid response (ResponseParserError), "
        f"from 127.0.0.1:{server.port}"
    )


CREDENTIALS = {
    "AccessKeyId": TEMPORARY_KEY,
    "SecretAccessKey": TEMPORARY_SECRET,
    "Token": TEMPORARY_TOKEN,
    "Expiration": "2099-01-01T00:00:00Z",
}
BAD_CREDENTIALS = {
    "rubbish": SAID.encode(),
    "nested 100 000 deep": b"[" * 60_000,
    "cut short": json.dumps(CREDENTIALS).encode()[:-5],
    "without a key": json.dumps(CREDENTIALS | {"AccessKeyId": None}).encode(),
    "with members missing": json.dumps({"Token": TEMPORARY_TOKEN}).encode(),
    "of wrong types": json.dumps({name: [TEMPORARY_TOKEN] for name in CREDENTIALS}).encode(),
    "with a wrong time": json.dumps(CREDENTIALS | {"Expiration": TEMPORARY_TOKEN}).encode(),
    "a list": b"[]",
    "large": json.dumps(CREDENTIALS | {"x": "x" * 100_000}).encode(),
}


@pytest.fixture(params=["container", "instance", "web identity"])
def provider(
    request: pytest.FixtureRequest,
    server: HostileAws,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Where credentials come from; the path or operation that the server sees for them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    if request.param == "container":
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET)
        return "/credentials"
    if request.param == "instance":
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        server.sick["/latest/api/token"] = answering(http(b"token"))
        folder = "/latest/meta-data/iam/security-credentials/"
        server.sick[folder] = answering(http(b"role"))
        return f"{folder}role"
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(SECRET)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    return "AssumeRoleWithWebIdentity"


def test_good_credentials_are_used(server: HostileAws, provider: str) -> None:
    if provider.startswith("/"):
        server.sick[provider] = answering(http(json.dumps(CREDENTIALS).encode()))
    with client(server, timeout="2s") as one:
        assert [*one.event_buses()] == ["oms-events"]
    assert TEMPORARY_KEY in server.requests[-1].headers["Authorization"]


def test_bad_credentials_are_one_line_without_secrets(
    server: HostileAws, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with client(server, timeout="2s") as one, without_pauses():
        for what, answer in BAD_CREDENTIALS.items():
            server.sick[provider] = answering(http(answer))
            with pytest.raises(SourceError) as caught:
                one.event_buses()
            text = str(caught.value)
            assert text.startswith("ListEventBuses"), what
            assert text.isprintable(), what
            assert len(text) < 400, what
            assert [secret for secret in SECRETS if secret in text + caplog.text] == [], what


def within_a_second(one: AwsClient) -> None:
    with all_within(1.0):
        one.event_buses()


def test_credentials_that_drip_or_never_end_are_given_up(server: HostileAws, provider: str) -> None:
    for behaviour in (server.dripping(HEAD, 0.05), server.endless(HEAD + b"\r\n", b" " * 65536)):
        server.sick[provider] = behaviour
        started = time.monotonic()
        failure(server, within_a_second)
        assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "command", [["check"], ["alerts", "apply", "--target", "cloudwatch"], ["collect", "--dry-run"]]
)
def test_commands_tell_a_role_that_is_cut_short_in_a_line(
    server: HostileAws, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.sick["AssumeRole"] = answering(xml(assumed_role()[:-150]))
    account = {"region": "us-east-1", "endpoint_url": server.url, "role_arn": ROLE}
    spec = {"version": 1, "system": "oms", "sources": {"aws": {"cloud": account}}}
    file = tmp_path / "obs.yaml"
    file.write_text(json.dumps(spec | {"state_dir": str(tmp_path)}))
    assert main([*command, "--spec", str(file)]) in {1, 3}
    said = "".join(capsys.readouterr())
    assert "AssumeRole: invalid response (ResponseParserError)" in said
    assert "Traceback" not in said
    assert [secret for secret in SECRETS if secret in said] == []
