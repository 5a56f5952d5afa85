"""Secrets that were read are found in every encoding in which they are sent."""

import base64
import html
import json
import threading
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.redaction.known import KnownSecrets

SECRET = 'cörrect "horse"\\battery/+staple<&>'
TEXTS = st.text(st.characters(codec="utf-8"), min_size=7, max_size=60)


def knowing(*secrets: str) -> KnownSecrets:
    known = KnownSecrets()
    for secret in secrets:
        known.add(secret)
    return known


def echoes(secret: str) -> list[str]:
    """What servers make of a secret that they repeat."""
    octets = secret.encode()
    return [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quote(secret, safe="").lower() if secret == secret.lower() else quote(secret),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps(json.dumps(secret)),
        html.escape(secret),
        repr(secret),
        repr(octets),
        ascii(secret),
        octets.hex(),
        octets.hex().upper(),
        *(
            encode(before + octets + b":after").decode()
            for before in (b"", b"u:", b"us:", b"user:")
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
        ),
    ]


@pytest.mark.parametrize("echo", echoes(SECRET))
def test_a_secret_is_redacted_in_every_encoding_in_which_it_is_sent(echo: str) -> None:
    redacted = knowing(SECRET).redact(f"the server said {echo} and went")
    assert redacted.startswith("the server said ")
    assert redacted.endswith(" and went")
    assert "…" in redacted
    for piece in range(0, len(echo) - 12):
        assert echo[piece : piece + 12] not in redacted


@given(TEXTS, st.text(max_size=40), st.text(max_size=40))
def test_no_encoding_of_any_secret_survives(secret: str, before: str, after: str) -> None:
    known = knowing(secret)
    for echo in echoes(secret):
        inner = echo.strip("\"'").removeprefix("b'").removeprefix('b"')
        if len(inner) >= 12 and inner not in before + after and inner != "…" * len(inner):
            assert inner not in known.redact(before + echo + after)


@given(st.lists(TEXTS, max_size=5), st.text(max_size=200))
def test_redacting_again_changes_nothing_that_is_no_secret(secrets: list[str], text: str) -> None:
    known = knowing(*secrets)
    once = known.redact(text)
    if not any("…" in secret for secret in secrets):
        assert not any(secret in once for secret in secrets)


def test_a_secret_that_was_cut_is_redacted_where_twelve_characters_of_it_are_left() -> None:
    secret = "kX83-pQzw71-Tt0aYbbR5"
    known = knowing(secret)
    for length in range(12, len(secret)):
        assert known.redact(f"body: {secret[:length]}") == "body: …"
        assert known.redact(f"{secret[-length:]} follows") == "… follows"


def test_a_secret_of_several_lines_is_redacted_line_by_line() -> None:
    known = knowing("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----")
    assert known.redact("read kqhkiG9w0BAQEF twice") == "read … twice"
    assert known.redact("-----BEGIN KEY-----") == "-----BEGIN KEY-----"


@pytest.mark.parametrize("short", ["a", "ab", "abc"])
def test_a_secret_of_up_to_three_characters_does_not_destroy_other_text(short: str) -> None:
    known = knowing(short)
    assert known.redact("abc: a cab called abc") == "abc: a cab called abc"


def test_a_short_password_is_redacted_where_it_is_sent_with_its_user() -> None:
    known = KnownSecrets()
    known.add_login("collector", "abc")
    sent = base64.b64encode(b"collector:abc").decode()
    assert known.redact(f"got {sent}, expected another") == "got …, expected another"
    assert known.redact("user collector is unknown") == "user collector is unknown"


def test_a_password_of_four_to_six_characters_is_redacted_as_a_word_of_its_own() -> None:
    known = knowing("nats")
    assert known.redact("nats_consumer_lag of nats; pw=nats&x") == ("…_consumer_lag of …; pw=…&x")
    assert known.redact("the natsserver") == "the natsserver"
    assert known.redact(r"b'pw\nnats\r'") == r"b'pw\n…\r'"
    assert known.redact("a%20nats%20b") == "a%20…%20b"


def test_the_secret_before_a_rotation_is_redacted_as_well_as_the_new_one() -> None:
    known = knowing("before-the-rotation", "after-the-rotation")
    assert known.redact("before-the-rotation, after-the-rotation") == "…, …"


def test_memory_of_ever_new_secrets_is_bounded_and_the_newest_are_known() -> None:
    known = KnownSecrets(most=20_000)
    for number in range(500):
        known.add(f"rotated-secret-{number:06}")
    assert known.redact("rotated-secret-000499") == "…"
    assert known._size <= 20_000


def test_a_secret_that_repeats_itself_is_redacted_and_takes_no_long_search() -> None:
    known = knowing("a" * 300)
    begun = time.process_time()
    assert known.redact(f"x{'a' * 300}x") == "x…x"
    known.redact(("b" + "a" * 11) * 1_300)
    assert time.process_time() - begun < 0.5


def test_secrets_may_be_added_while_others_are_looked_for() -> None:
    known = knowing("the-first-of-all")
    failures: list[str] = []

    def look() -> None:
        for _ in range(300):
            if known.redact("x the-first-of-all x") != "x … x":
                failures.append("seen")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        known.add(f"another-{number}")
    for thread in threads:
        thread.join()
    assert failures == []
