"""How long AWS asks to wait, and whether that is done."""

from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError

from obs.clients.aws_limits import CallLimits, Refused, limited, new_call
from obs.clients.aws_retries import ATTEMPTS, asked_pause, pause_before_retry


def answer(status: int = 429, code: str = "ThrottlingException", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    parsed = {"Error": {"Code": code}}
    return SimpleNamespace(headers=named, status_code=status), parsed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"x-amz-retry-after": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e400"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": formatdate(0, usegmt=True)}, 0.0),
    ],
)
def test_the_pause_is_in_seconds_milliseconds_or_until_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_pause(headers) == seconds


def test_a_pause_is_made_if_the_call_has_the_time_and_another_attempt() -> None:
    with limited(new_call(10)):
        assert pause_before_retry(answer(Retry_After="2"), 1, None) == 2.0
        assert pause_before_retry(answer(400, Retry_After="2"), 1, None) == 2.0
        assert pause_before_retry(answer(Retry_After="100"), 1, None) is False
        assert pause_before_retry(answer(Retry_After="2"), ATTEMPTS, None) is None
        assert pause_before_retry(answer(200, "", Retry_After="2"), 1, None) is None


def test_what_obs_gave_up_itself_and_what_is_late_is_not_tried_again() -> None:
    refused = Refused("too_large", "x")
    assert pause_before_retry(None, 1, refused) is False
    assert pause_before_retry(None, 1, HTTPClientError(error=refused)) is False
    with limited(CallLimits(seconds=1.0, ends=0.0)):
        assert pause_before_retry(answer(), 1, None) is False
