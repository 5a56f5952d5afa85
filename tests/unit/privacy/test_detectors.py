"""What is personal or secret is found in any text; what only looks like it is not."""

import json
import string
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obs import catalogue
from obs.alerts.targets import DEFAULT, build
from obs.privacy.detectors import kinds
from obs.privacy.formats import luhn
from obs.privacy.names import telltale
from obs.spec.load import load

EMAIL = "an e-mail address"
SSN = "a social security number"
CARD = "a card number"
PHONE = "a telephone number"
ADDRESS = "an IP address"
ACCESS_KEY = "an AWS access key"
SECRET_KEY = "an apparent AWS secret key"
TOKEN = "a token"

FOUND = (
    ("jane.doe@example.com", EMAIL),
    ("mail <o'hara+orders@mail.example.co.uk> at once", EMAIL),
    ("123-45-6789", SSN),
    ("ssn 078 05 1120.", SSN),
    ("4111 1111 1111 1111", CARD),
    ("card=5500-0000-0000-0004", CARD),
    ("378282246310005", CARD),
    ("6011000990139424", CARD),
    ("+49 30 901820", PHONE),
    ("+14155550123", PHONE),
    ("call (415) 555-0123", PHONE),
    ("415-555-0123", PHONE),
    ("from 203.0.113.7", ADDRESS),
    ("client 10.1.2.3 left", ADDRESS),
    ("2001:db8:0:1:1:1:1:1", ADDRESS),
    ("fe80::1ff:fe23:4567:890a", ADDRESS),
    ("AKIAIOSFODNN7EXAMPLE", ACCESS_KEY),
    ("key ASIAIOSFODNN7EXAMPLE,", ACCESS_KEY),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SECRET_KEY),
    ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
    ("-----BEGIN PRIVATE KEY-----", "a private key"),
    ("ghp_" + "a1B2" * 9, TOKEN),
    ("xoxb-123456789012-abcdefGHIJKL", TOKEN),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", TOKEN),
    ("Authorization: Bearer abcdefghijklmnop1234", TOKEN),
    ("SU" + "A" * 56, TOKEN),
    ("https://hooks.slack.com/services/T0/B0/x", TOKEN),
    ("nats://obs:hunter2@nats:4222", "a user and password in an address"),
)

NEAR_MISSES = (
    # no addresses of people
    *(
        "@every 5m",
        "user@host",
        "postgres:16@sha256:0f0a",
        "obs@1.2.3",
        "a@b",
        "git@github.com:x/y",
    ),
    # numbers that cannot be social security numbers, and dates
    *("000-12-3456", "666-12-3456", "912-34-5678", "123-00-4567", "123-45-0000", "2026-11-21"),
    *("1123-45-6789", "123-45-67890", "oms-123-45-6789-x"),
    # card numbers by form but not by check digit, issuer, or surroundings
    *("4111111111111112", "1234567812345670", "0000000000000000", "1111111111111117"),
    *("arn:aws:sqs:us-east-1:123456789012:oms-events-dlq", "1795269300123", "1795269300123456789"),
    *("550e8400-e29b-41d4-a716-446655440000", "v4111111111111111", "seq:4111111111111111:x"),
    # numbers that nobody can be called by
    *(
        "+5m",
        "2026-11-21T13:55:02+00:00",
        "1.2.3-rc.4",
        "5 of 100",
        "100-200-300",
        "+1",
        "x+1234567",
    ),
    *("x+1234567", "115-555-0123", "415-155-0123", "3600000000000", "build 20261121-1355"),
    # addresses of the machine itself, masks, versions, times, and things with colons
    *("127.0.0.1:9464", "0.0.0.0", "::1", "255.255.255.0", "v1.2.3.4", "300.1.2.3", "1.2.3"),
    *("12:34:56", "aa:bb:cc:dd:ee:ff", "std::vector", "a::b", "2.10.12.1.5", "section 4.4.4"),
    # what is about as long as a key
    *("AKIA", "AKIAIOSFODNN7EXAMPL", "XAKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPL0E"),
    *("da39a3ee5e6b4b0d3255bfef95601890afd80709", "a" * 40, "A" * 40, "1" * 40),
    "src/obs/alerts/writers/cloudwatch/alarm/alarms",
    "NatsConsumerDeadLettersHaveBeenWaitingLo",
    # and about tokens
    *("ghp_short", "xoxb", "eyJhbGciOiJIUzI1NiJ9", "bearer of news", "SUBJECTS", "sk_test_x"),
    *("http://nats:4222", "https://example.com:8443/a@b", "file:///run/secrets/nats", "s3://a/b"),
)


@pytest.mark.parametrize(("text", "kind"), FOUND)
def test_it_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert kinds(text) == ()


words = st.text(string.ascii_letters + " ,;()", max_size=12)
between = st.tuples(words.map(lambda text: f"{text} "), words.map(lambda text: f" {text}"))


def within(text: str, around: tuple[str, str]) -> str:
    return text.join(around)


@given(st.emails(domains=st.just("mail.example.com")), between)
def test_every_plain_e_mail_address_is_found(address: str, around: tuple[str, str]) -> None:
    local = address.partition("@")[0]
    if set(local) <= set(string.ascii_letters + string.digits + "._%+-") and local[0].isalnum():
        assert EMAIL in kinds(within(address, around))


@given(
    st.integers(1, 899).filter(lambda area: area != 666),
    st.integers(1, 99),
    st.integers(1, 9999),
    st.sampled_from("- "),
    between,
)
def test_every_valid_social_security_number_is_found(
    area: int, group: int, serial: int, separator: str, around: tuple[str, str]
) -> None:
    number = f"{area:03}{separator}{group:02}{separator}{serial:04}"
    assert SSN in kinds(within(number, around))


ISSUERS = st.sampled_from(("4", "51", "55", "2221", "2720", "34", "37", "6011", "644", "65", "36"))
LENGTHS = {"34": 15, "37": 15, "36": 14}


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in string.digits if luhn(digits + last))


@given(ISSUERS, st.integers(0, 10**15 - 1), between)
def test_every_card_number_is_found_and_none_with_another_check_digit(
    issuer: str, number: int, around: tuple[str, str]
) -> None:
    length = LENGTHS.get(issuer, 16)
    card = with_check_digit((issuer + f"{number:015}")[: length - 1])
    assert CARD in kinds(within(card, around))
    other = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert CARD not in kinds(within(other, around))


@given(st.ip_addresses(v=4), between)
def test_every_ip_address_but_the_machine_s_own_is_found(
    address: IPv4Address, around: tuple[str, str]
) -> None:
    own = address.is_loopback or address.is_unspecified or str(address).startswith("255.")
    assert (ADDRESS in kinds(within(str(address), around))) == (not own)


@example(ip_address("fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffa"), (" ", " "))  # no digit in it
@given(st.ip_addresses(v=6).filter(lambda address: address.exploded[:4] != "0000"), between)
def test_every_ip_address_of_version_6_is_found_when_written_out(
    address: IPv6Address, around: tuple[str, str]
) -> None:
    assert ADDRESS in kinds(within(address.exploded, around))


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=16), between)
def test_every_aws_access_key_is_found(rest: str, around: tuple[str, str]) -> None:
    assert ACCESS_KEY in kinds(within(f"AKIA{rest}", around))


@given(st.binary(min_size=20, max_size=20))
def test_no_digest_is_taken_for_a_secret_key(digest: bytes) -> None:
    assert SECRET_KEY not in kinds(digest.hex())


@given(st.uuids())
def test_no_uuid_is_taken_for_anything(uuid: UUID) -> None:
    assert kinds(str(uuid)) == ()


@given(st.datetimes())
def test_no_time_is_taken_for_anything(moment: datetime) -> None:
    assert kinds(f"{moment.isoformat()}+00:00") == ()


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    kinds(text)


@pytest.mark.parametrize(
    "name",
    [
        *("email", "userEmail", "customer_email_address", "client_ip", "ipAddress", "sourceIp"),
        *(
            "password",
            "db_password",
            "passwd",
            "apiKey",
            "aws_secret_access_key",
            "secret",
            "token",
        ),
        *("ssn", "phone_number", "mobileNumber", "creditCardNumber", "cvv", "firstName", "dob"),
        *("full_name", "date_of_birth", "billing_address", "sessionToken", "accessKeyId"),
    ],
)
def test_a_telltale_name_is_reported(name: str) -> None:
    assert telltale(name)


@pytest.mark.parametrize(
    "name",
    [
        *("emails_sent_total", "password_file", "token_count", "secret_name_prefix", "consumer"),
        *("stream", "server", "slo_service", "rule", "queue", "le", "alertname", "severity"),
        *("keyboard", "mail_server", "tokens_per_second", "shipping", "company", "span", "panel"),
        *("description", "runbook_url", "email_rate", "key", "address", "name", "phones_online"),
    ],
)
def test_a_name_that_does_not_tell_is_left_alone(name: str) -> None:
    assert telltale(name) is None


def test_no_label_of_the_catalogue_tells() -> None:
    labels = {label for metric in catalogue.ALL for label in metric.labels}
    assert [label for label in labels if telltale(label)] == []


def test_nothing_that_is_built_for_the_reference_system_is_personal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NATS_PASSWORD", "x")
    reference = Path(__file__).parents[3] / "collectors" / "oms.yaml"
    files = build(load([reference]), DEFAULT)
    bad = [
        (path, line, kinds(line))
        for texts in files.values()
        for path, text in texts.items()
        for line in _lines(text)
        if kinds(line)
    ]
    assert bad == []


def _lines(text: str) -> list[str]:
    """JSON's own escapes would stand between a text and its surroundings."""
    return json.dumps(text, ensure_ascii=False).replace("\\n", "\n").splitlines()
