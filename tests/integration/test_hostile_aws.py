"""What answers in the place of AWS, and never gets more than its due: time, memory, a line."""

import gzip
import itertools
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.utils import ContainerMetadataFetcher

from obs.clients.aws import AwsClient
from obs.clients.aws_limits import all_within
from obs.clients.metric_data import MetricSeries
from obs.errors import SourceError
from obs.spec.aws import AwsSource
from tests.hostile.aws_server import (
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    HostileAws,
    Request,
    answering,
    assumed_role,
    http,
    json_answer,
    xml,
)
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.test_aws_source import without_pauses

pytestmark = pytest.mark.integration

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY0"
TOKEN = "SESSIONtoken0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
SECRETS = (KEY, SECRET, TOKEN, TEMPORARY_KEY, TEMPORARY_SECRET, TEMPORARY_TOKEN)
ROLE = "arn:aws:iam::000000000000:role/obs"
LIST = "ListEventBuses"
HEAD = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\nContent-Type: application/x-amz-json-1.1\r\n"
SERIES = MetricSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "r"),))

Call = Callable[[AwsClient], object]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileAws]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with HostileAws() as running:
        yield running


@contextmanager
def client(server: HostileAws, **fields: Any) -> Iterator[AwsClient]:
    given = {"region": "us-east-1", "endpoint_url": server.url, "timeout": "300ms"} | fields
    one = AwsClient(AwsSource.model_validate(given), time.monotonic)
    try:
        yield one
    finally:
        one.close()


def failure(server: HostileAws, call: Call = AwsClient.event_buses, **fields: Any) -> SourceError:
    """What a call raises, which never waits for the pauses between attempts."""
    with client(server, **fields) as one, without_pauses(), pytest.raises(SourceError) as caught:
        call(one)
    error = caught.value
    assert (error.__context__, error.__cause__) == (None, None)
    return error


ENDLESS = {
    "body": (HEAD + b"\r\n", b" " * 65536),
    "line of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "header": (HEAD + b"X: ", b"a" * 65536),
    "headers": (HEAD, b"X-a: bbbbbb\r\n" * 1000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


def test_an_answer_without_end_takes_tens_of_megabytes_and_seconds(server: HostileAws) -> None:
    pid = os.getpid()
    with client(server) as one, without_pauses():
        one.event_buses()
        for what, endless in ENDLESS.items():
            server.sick[LIST] = server.endless(*endless)
            forget_peak(pid)
            before, started = resident_mb(pid), time.monotonic()
            with pytest.raises(SourceError) as caught:
                one.event_buses()
            assert caught.value.reason in {"too_large", "connection", "timeout"}, what
            assert peak_mb(pid) - before < 60, what
            assert time.monotonic() - started < 8, what


def test_an_answer_that_is_too_large_says_what_to_look_at(server: HostileAws) -> None:
    server.sick[LIST] = server.endless(HEAD + b"\r\n", b" " * 65536)
    assert str(failure(server)) == (
        "ListEventBuses: the answer is too large (more than 16 MB); verify what answers there, "
        f"from 127.0.0.1:{server.port}"
    )
    assert server.seen[LIST] == 1


DRIPPED = {
    "headers": HEAD,
    "body": HEAD + b"\r\n",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 100,
}


@pytest.mark.parametrize(
    ("operation", "what"), [*((LIST, what) for what in DRIPPED), ("AssumeRole", "body")]
)
def test_an_answer_that_drips_is_late_as_a_whole(
    server: HostileAws, what: str, operation: str
) -> None:
    server.sick[operation] = server.dripping(DRIPPED[what], 0.05)
    started = time.monotonic()
    error = failure(server, role_arn=ROLE)
    assert error.reason == "timeout"
    assert time.monotonic() - started < 5
    assert server.seen[operation] == 3


def test_a_poll_has_one_deadline_over_all_of_its_calls(server: HostileAws) -> None:
    server.sick[LIST] = server.dripping(HEAD, 0.05)

    def calls(one: AwsClient) -> None:
        with all_within(0.5):
            one.event_buses()

    started = time.monotonic()
    error = failure(server, calls, timeout="10s")
    assert error.reason == "timeout"
    assert "retries and pages included" in str(error)
    assert time.monotonic() - started < 3


BOMBS = {  # those of STS first: credentials, once there, are kept
    "XML nested 100 000 deep": ("AssumeRole", xml("<a>" * 100_000 + "</a>" * 100_000)),
    "XML of millions of elements": ("AssumeRole", xml("<a>" + "<a/>" * 3_000_000 + "</a>")),
    "XML of millions of attributes": (
        "AssumeRole",
        xml("<a " + " ".join(f"a{number}=''" for number in range(1_000_000)) + "/>"),
    ),
    "XML entities": (
        "AssumeRole",
        xml(
            f'<!DOCTYPE a [<!ENTITY a "{"a" * 1000}"><!ENTITY b "{"&a;" * 1000}">]>'
            f"<a>{'&b;' * 1000}</a>"
        ),
    ),
    "XML namespaces of megabytes": (
        "AssumeRole",
        xml(f'<a xmlns="{"u" * 4_000_000}">{"".join(f"<b{n}/>" for n in range(1000))}</a>'),
    ),
    "JSON nested 100 000 deep": (LIST, http(b'{"EventBuses":' + b"[" * 100_000)),
    "JSON of millions of lists": (LIST, http(b'{"EventBuses":[' + b"[]," * 4_000_000 + b"[]]}")),
    "JSON that is compressed a thousandfold": (
        LIST,
        http(gzip.compress(b" " * 100_000_000, 1), Content_Encoding="gzip"),
    ),
}


def test_an_answer_that_grows_when_it_is_parsed_is_refused_before(server: HostileAws) -> None:
    pid = os.getpid()
    with client(server, role_arn=ROLE, timeout="5s") as one:
        for what, (operation, bomb) in BOMBS.items():
            server.sick = {operation: answering(bomb)}
            server.seen.clear()
            forget_peak(pid)
            before = resident_mb(pid)
            with pytest.raises(SourceError) as caught:
                one.event_buses()
            assert caught.value.reason in {"too_large", "decode"}, what
            assert peak_mb(pid) - before < 100, what
            assert server.seen[operation] == 1, what


PROTOCOLS = {
    # botocore has spoken all three to CloudWatch; which one depends on its version.
    "smithy-rpc-v2-cbor": {
        "nested 100 000 deep": b"\x81" * 100_000,
        "nested maps": b"\xa1\x61a" * 100_000,
        "millions of lists": b"\x9f" + b"\x80" * 5_000_000 + b"\xff",
        "a list longer than the answer": b"\x9b" + b"\xff" * 8,
        "a text longer than the answer": b"\x7b" + b"\xff" * 8,
        "cut short": b"\xa1\x71MetricDataResults\x81\xa1\x62Id",
        "tags": b"\xc1" * 100_000 + b"\x00",
        "an unknown tag with a secret": b"\xc6\x78\x3c" + TEMPORARY_TOKEN.encode()[:60],
    },
    "query": {
        "nested 100 000 deep": b"<a>" * 100_000 + b"</a>" * 100_000,
        "millions of elements": b"<a>" + b"<a/>" * 3_000_000 + b"</a>",
        "cut short": b"<GetMetricDataResponse><GetMetricDataResult><MetricDataResults>",
    },
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_of_cloudwatch_is_held_to_the_limits(
    server: HostileAws, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServiceModel, "resolved_protocol", protocol)
    pid = os.getpid()
    with client(server, timeout="5s") as one, without_pauses():
        for what, body in PROTOCOLS[protocol].items():
            whole = http(body, "application/cbor", smithy_protocol="rpc-v2-cbor")
            if protocol == "query":
                whole = http(body, "text/xml")
            server.sick["GetMetricData"] = answering(whole)
            forget_peak(pid)
            before = resident_mb(pid)
            with pytest.raises(SourceError) as caught:
                one.metric_data([SERIES], 0, 60, 60)
            assert caught.value.reason in {"too_large", "decode"}, what
            assert TEMPORARY_TOKEN[:60] not in str(caught.value), what
            assert peak_mb(pid) - before < 100, what


def test_pages_without_end_are_few_and_their_cost_is_counted(server: HostileAws) -> None:
    counter = itertools.count()

    def page(connection: socket.socket, request: Request) -> object:
        results = [{"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": "PartialData"}]
        token = f"page {next(counter)}"
        return answering(json_answer({"MetricDataResults": results, "NextToken": token}))(
            connection, request
        )

    server.sick["GetMetricData"] = page
    with client(server, timeout="5s") as one:
        with pytest.raises(SourceError, match="does not end") as caught:
            one.metric_data([SERIES], 0, 60, 60)
        assert caught.value.reason == "too_large"
        assert one.requests["GetMetricData"] == 50
        assert one.dollars == pytest.approx(50 * 0.01 / 1000)


@pytest.mark.parametrize(
    ("pages", "requests", "why"),
    [
        (lambda number: {"EventBuses": [], "NextToken": "same"}, 2, "refers to itself"),
        (lambda number: {"EventBuses": [], "NextToken": f"{number % 2}"}, 3, "refers to itself"),
        (lambda number: {"EventBuses": [], "NextToken": f"{number}"}, 21, "20 empty pages"),
    ],
)
def test_a_list_that_leads_in_a_circle_or_nowhere_ends(
    server: HostileAws, pages: Callable[[int], object], requests: int, why: str
) -> None:
    counter = itertools.count()

    def page(connection: socket.socket, request: Request) -> object:
        return answering(json_answer(pages(next(counter))))(connection, request)

    server.sick[LIST] = page
    error = failure(server, timeout="5s")
    assert (error.reason, server.seen[LIST]) == ("too_large", requests)
    assert why in str(error)


# Every service that obs calls, in each of the protocols that botocore speaks to them.
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


@pytest.mark.parametrize("header", ["Retry-After", "x-amz-retry-after"])
def test_a_pause_that_aws_asks_for_is_kept_if_the_call_has_the_time(
    server: HostileAws, header: str
) -> None:
    refusal = http(
        b'{"__type":"ThrottlingException"}',
        status=429,
        **{header.replace("-", "_"): "0.4" if header == "Retry-After" else "400"},
    )
    server.sick[LIST] = answering(refusal)
    started = time.monotonic()
    with client(server, timeout="2s") as one, pytest.raises(SourceError) as caught:
        one.event_buses()
    assert caught.value.reason == "throttled"
    assert server.seen[LIST] == 3
    assert 0.8 <= time.monotonic() - started < 5


def test_a_pause_longer_than_the_call_ends_it_at_once(server: HostileAws) -> None:
    server.sick[LIST] = answering(
        http(b'{"__type":"ThrottlingException"}', status=503, Retry_After="900")
    )
    started = time.monotonic()
    error = failure(server)
    assert (error.reason, server.seen[LIST]) == ("throttled", 1)
    assert "asks to wait 900 s" in str(error)
    assert time.monotonic() - started < 2


def test_a_redirect_carries_no_signature_anywhere(server: HostileAws) -> None:
    with HostileAws() as elsewhere:
        for status in (301, 302, 307, 308):
            server.sick[LIST] = answering(http(b"", status=status, Location=elsewhere.url))
            assert f"AWS answered {status}" in str(failure(server))
        assert elsewhere.requests == []


def test_credentials_for_another_machine_are_not_sent_unencrypted(
    server: HostileAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:4566")
    for role in (None, ROLE):
        error = failure(server, endpoint_url=None, role_arn=role)
        assert error.reason == "connection"
        assert "unencrypted to http://192.0.2.1:4566; use https, or set allow_plaintext" in str(
            error
        )


def test_a_proxy_never_reads_a_request_without_tls(
    server: HostileAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileAws() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert "or name 127.0.0.1 in NO_PROXY" in str(failure(server))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with client(server, timeout="2s") as one:
            one.event_buses()
        assert proxy.requests == []


def test_https_passes_a_proxy_in_a_tunnel_whose_answer_is_limited_too(
    server: HostileAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileAws() as proxy:
        proxy.sick["*"] = proxy.dripping(b"HTTP/1.1 200 OK\r\nX: ", 0.05)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        started = time.monotonic()
        error = failure(server, endpoint_url="https://events.example.com")
        assert error.reason in {"timeout", "connection"}
        assert time.monotonic() - started < 6
        (asked, *_) = proxy.requests
        assert "Authorization" not in asked.headers


def test_healthy_answers_pass_all_limits(server: HostileAws) -> None:
    def page(connection: socket.socket, request: Request) -> None:
        points = [*range(100_800)]
        times = [60 * point for point in points]
        whole = {"Id": "q0", "Timestamps": times, "Values": points, "StatusCode": "Complete"}
        connection.sendall(json_answer({"MetricDataResults": [whole]}))

    server.sick["GetMetricData"] = page
    with client(server, timeout="10s") as one:
        found = one.metric_data([SERIES], 0, 60 * 100_800, 60)
    assert len(found[SERIES]) == 100_800
