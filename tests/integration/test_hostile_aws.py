"""What answers in the place of AWS gets no more than its due: time, memory, requests, trust."""

import gzip
import itertools
import os
import socket
import time
from collections.abc import Callable

import pytest
from botocore.model import ServiceModel

from obs.clients.aws import AwsClient
from obs.clients.aws_limits import all_within
from obs.errors import SourceError
from tests.hostile.aws_server import (
    TEMPORARY_TOKEN,
    HostileAws,
    Request,
    answering,
    http,
    json_answer,
    xml,
)
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.hostile_aws import (
    HEAD,
    LIST,
    ROLE,
    SERIES,
    client,
    failure,
    server,
)
from tests.integration.test_aws_source import without_pauses

__all__ = ["server"]

pytestmark = pytest.mark.integration


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
