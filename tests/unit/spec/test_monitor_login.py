"""Credentials for monitoring ports behind a proxy."""

from typing import Any

import pytest
from pydantic import ValidationError

from obs.spec.nats import NatsSource

LOGIN = {"user": "obs", "password": "${MONITORING}"}


def source(url: str, **login: Any) -> NatsSource:
    return NatsSource.model_validate({"monitor": [url], "monitor_login": login})


@pytest.mark.parametrize("url", ["https://nats:8222", "http://127.0.0.1:8222"])
def test_credentials_are_sent_encrypted_or_to_this_machine(url: str) -> None:
    assert source(url, **LOGIN).monitor_login is not None


def test_credentials_in_clear_text_are_refused_unless_the_spec_allows_them() -> None:
    with pytest.raises(ValidationError, match="the password would be sent unencrypted"):
        source("http://nats:8222", **LOGIN)
    assert source("http://nats:8222", allow_plaintext=True, **LOGIN).monitor_login is not None


def test_there_is_something_to_sign_in_at() -> None:
    with pytest.raises(ValidationError, match="there is no monitor to sign in at"):
        NatsSource.model_validate(
            {"monitor_login": LOGIN, "connection": {"servers": ["nats://nats:4222"]}}
        )
