import base64
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from obs.clients.otlp_answer import json_response, retry_delay, status_text
from obs.clients.receiver_text import LONGEST, quoted, retry_after

NOW = 1_790_000_000.0
ORDER = "Bearer c2VjcmV0LXRva2Vu"


def date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 0 ", 0),
        (date(90), 90),
        (date(90).replace("GMT", "-0000"), 90),
        (date(-90), 0),
        ("999999999", 999_999_999),
        ("9" * 5000, 1e9),
        ("-5", None),
        ("1e9", None),
        ("nan", None),
        ("soon", None),
        ("Mon, 99 Foo 99999 99:99:99 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9959", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    found = retry_after(header, NOW)
    assert found == seconds or (header or "").startswith("Fri, 31 Dec 9999")
    assert found is None or 0 <= found <= 1e9


def details(*messages: RetryInfo | BadRequest) -> bytes:
    packed = []
    for each in messages:
        packed.append(Any())
        packed[-1].Pack(each)
    return bytes(Status(code=8, details=packed).SerializeToString())


def test_the_pause_of_a_grpc_status_is_in_its_retry_info() -> None:
    info = RetryInfo(retry_delay=Duration(seconds=7, nanos=500_000_000))
    assert retry_delay(details(BadRequest(), info)) == 7.5
    assert retry_delay(details(RetryInfo(retry_delay=Duration(seconds=-7)))) == 0
    assert retry_delay(details(RetryInfo(retry_delay=Duration(seconds=2**60)))) == 1e9
    assert retry_delay(details(BadRequest())) is None
    assert retry_delay(b"\xff\xff") is None
    assert retry_delay(None) is None


def test_a_receiver_s_text_becomes_one_line_without_control_characters() -> None:
    assert quoted("too\r\nold\t \x1b[31mred\x00", {}) == "too old �[31mred�"
    assert quoted("x" * 1000, {}) == "x" * (LONGEST - 1) + "…"
    assert quoted("", {}) == ""
    assert len(quoted("a \n" * 10_000_000, {})) == LONGEST


@pytest.mark.parametrize(
    "echo",
    [
        "your header was Bearer c2VjcmV0LXRva2Vu",
        "token c2VjcmV0L\n XRva2Vu",
        "token secret-token",
        "token c2VjcmV0LXRva2Vu".replace("c", "%63"),
        base64.b64encode(b"c2VjcmV0LXRva2Vu").decode(),
        "x" * 1000 + " secret-token",
    ],
)
def test_text_that_repeats_a_header_is_left_out(echo: str) -> None:
    found = quoted(echo, {"authorization": ORDER, "x-scope-orgid": "team-a"})
    assert found == "its text repeats a header of the request and is left out"


def test_the_password_of_basic_credentials_is_a_header_too() -> None:
    headers = {"authorization": f"Basic {base64.b64encode(b'obs:open sesame').decode()}"}
    assert "sesame" not in quoted("user obs with open sesame", headers)


def test_a_tenant_is_not_a_secret() -> None:
    headers = {"authorization": ORDER, "x-scope-orgid": "team-a"}
    text = "per-user series limit of 150000 exceeded for team-a"
    assert quoted(text, headers) == text


def test_the_text_of_a_refusal_is_that_of_its_status_message() -> None:
    body = Status(message="no room").SerializeToString()
    assert status_text(body, "application/x-protobuf") == "no room"
    assert status_text(b"\xff\xff\xff", "application/x-protobuf") == ""
    assert status_text(b"no \xff room", "text/plain") == "no � room"


def test_a_partial_success_in_json_is_read_and_rubbish_is_none() -> None:
    answer = b'{"partialSuccess": {"rejectedDataPoints": "7", "errorMessage": "old"}, "new": 1}'
    assert json_response(answer).partial_success.rejected_data_points == 7
    for rubbish in (b"", b"[]", b"\xff", b"[" * 100_000, b'{"partialSuccess": 1}'):
        assert json_response(rubbish).partial_success.rejected_data_points == 0
