"""What is secret about an address."""

import pytest

from obs.errors import BadInput
from obs.redaction.address import remember_address, remember_variable, shown_address
from obs.redaction.known import KNOWN
from obs.spec.model import Address

SECRETS = [
    ("http://host:8222/T0Xk83pQzw71/jsz", "T0Xk83pQzw71"),
    ("https://hooks.example.com/services/T024BE7LD/B0001", "T024BE7LD"),
    ("https://host/?token=abcdef", "abcdef"),
    ("https://host/?key=a%2Fb%2Fc", "a/b/c"),
    ("nats://user:pass%20word@host:4222", "pass word"),
    ("user:secretword@host:4222", "secretword"),
    ("https://s3cr3ts3cr3t@host", "s3cr3ts3cr3t"),
]


@pytest.mark.parametrize(("url", "secret"), SECRETS)
def test_what_is_secret_about_an_address_is_redacted_from_then_on(url: str, secret: str) -> None:
    remember_address(url)
    assert KNOWN.redact(f"said {secret}.") == "said …."
    assert secret not in shown_address(url if "://" in url else f"nats://{url}")


@pytest.mark.parametrize(
    "url",
    ["http://host:8222", "https://h/prometheus/api/v1/", "https://h/grafana-eu-2/?orgId=1"],
)
def test_words_in_an_address_are_no_secrets(url: str) -> None:
    remember_address(url)
    sentence = "the host has a prometheus and grafana-eu-2"
    assert KNOWN.redact(sentence) == sentence
    assert shown_address(url) == url.partition("?")[0]


def test_an_address_that_a_spec_may_not_have_is_redacted_as_well() -> None:
    with pytest.raises(Exception, match="must not contain"):
        Address(("nats",), "nats://host:4222").check("nats://user:secretword@host")
    assert str(BadInput("then secretword appears")) == "then … appears"


def test_a_variable_is_a_secret_if_its_name_says_so() -> None:
    remember_variable("STAGE", "development")
    remember_variable("API_KEY", "abcdefgh")
    assert KNOWN.redact("development abcdefgh") == "development …"
