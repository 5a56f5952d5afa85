import pytest
from pydantic import ValidationError

from obs.spec.plaintext import is_plaintext
from obs.spec.stacks import GrafanaStack, MimirStack

ELSEWHERE = "http://grafana:3000"
REMEDY = "write https://, or allow_plaintext: true where the network is trusted"


@pytest.mark.parametrize(
    "url",
    [
        "http://grafana:3000",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[::ffff:10.0.0.1]:80",
        "http://[fe80::1%25eth0]:80",
        "http://2130706433",  # 127.0.0.1 to some resolvers only
        "http://0.0.0.0",
        "http://user:x@grafana",
        "HTTP://grafana",
        "nats://nats:4222",
        "no address at all",
        "http://[",
    ],
)
def test_what_goes_to_another_machine_without_tls_is_in_clear_text(url: str) -> None:
    assert is_plaintext(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://grafana",
        "HTTPS://grafana",
        "tls://nats:4222",
        "http://localhost:3000",
        "http://LOCALHOST.:3000",
        "http://grafana.localhost",
        "http://127.0.0.1:3000",
        "http://127.8.9.10",
        "http://[::1]:3000",
        "http://[::ffff:127.0.0.1]",
    ],
)
def test_tls_and_this_machine_are_no_clear_text(url: str) -> None:
    assert not is_plaintext(url)


@pytest.mark.parametrize(
    ("login", "what"),
    [
        ({"token": "${TOKEN}"}, "the token"),
        ({"token_file": "token"}, "the token"),
        ({"user": "obs", "password": "${PASSWORD}"}, "the password"),
        ({"user": "obs", "password_file": "password"}, "the password"),
    ],
)
def test_credentials_for_another_machine_over_http_are_refused_unless_the_spec_allows_it(
    login: dict[str, object], what: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        GrafanaStack.model_validate({"url": ELSEWHERE, **login})
    (error,) = caught.value.errors()
    assert error["msg"] == f"{what} would be sent unencrypted over http://; {REMEDY}"
    assert error["ctx"]["field"] == "url"
    for good in ("https://grafana", "http://127.0.0.1:3000"):
        assert GrafanaStack.model_validate({"url": good, **login}).url == good
    allowed = {"url": ELSEWHERE, "allow_plaintext": True, **login}
    assert GrafanaStack.model_validate(allowed).url == ELSEWHERE


def test_http_without_credentials_needs_no_permission() -> None:
    assert MimirStack(url="http://mimir", tenant="oms").url == "http://mimir"
