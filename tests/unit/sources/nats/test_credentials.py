"""Expiry of the JWTs with which connections sign in."""

import base64
import json
from pathlib import Path

import pytest

from obs.sources.nats.credentials import expiries, expiry_of
from obs.spec.nats_login import NatsLogin


def jwt(**claims: object) -> str:
    """A JWT, of whose parts only the claims matter."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ0eXAiOiJKV1QifQ.{body}.c2lnbmF0dXJl"


def creds(text: str) -> str:
    return f"-----BEGIN NATS USER JWT-----\n{text}\n------END NATS USER JWT------\n"


@pytest.mark.parametrize("name", ["u", "us", "use", "user"])  # every length of padding
def test_the_expiry_of_a_jwt_is_read(name: str) -> None:
    assert expiry_of(creds(jwt(name=name, exp=1_800_000_000))) == 1_800_000_000


@pytest.mark.parametrize(
    "text",
    ["", "no jwt", creds(jwt()), creds(jwt(exp=0)), creds("a.b.c"), creds(jwt(exp="soon"))],
)
def test_what_does_not_expire_or_is_no_jwt_has_no_expiry(text: str) -> None:
    assert expiry_of(text) is None


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "obs.creds"
    login = NatsLogin(servers=("nats://h:4222",), credentials_file=str(file))
    logins = {"connection": login, "system": NatsLogin(servers=("nats://h:4222",))}
    assert expiries(logins) == {}
    for expiry in (1_800_000_000, 1_900_000_000):
        file.write_text(creds(jwt(exp=expiry)))
        assert expiries(logins) == {"connection": expiry}
