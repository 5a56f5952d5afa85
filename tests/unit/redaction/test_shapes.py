"""What is a secret by its form is found without having been read."""

import time

import pytest

from obs.redaction.shapes import without_shapes

SECRETS = [
    ("nats://user:pw@host:4222", "nats://…@host:4222"),
    ("user:pw@host:4222", "…@host:4222"),
    ("http://token@host/x", "http://…@host/x"),
    ("tls://a:p@ss:w/rd@host", "tls://…@host"),
    ("Authorization: Basic dXNlcjpwdw==", "Authorization: Basic …"),
    ("{'authorization': b'Bearer abc'}", "{'authorization': b'Bearer …'}"),
    ("('Authorization', 'Basic dXNlcjpwdw==')", "('Authorization', 'Basic …')"),
    ("x-api-key: 1234", "x-api-key: …"),
    ("got Basic dXNlcjpwdw== instead", "got Basic … instead"),
    ("Authorization%3A%20Basic%20dXNlcjpwdw", "Authorization%3A%20Basic%20…"),
    ("/hook?token=abc&x=1", "/hook?token=…&x=1"),
    ('{"password": "two words", "x": 1}', '{"password": "…", "x": 1}'),
    (r"{\"SecretAccessKey\":\"abc/+\"}", r"{\"SecretAccessKey\":\"…\"}"),
    ("<SessionToken>FwoGZXIvYXdz", "<SessionToken>…"),
    ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln", "…"),
    ("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU", "…"),
    ("key AKIAIOSFODNN7EXAMPLE", "key …"),
    ("$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "…"),
    ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/…"),
    ("xoxb-123456789012-abcdef", "…"),
    ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a … b"),
    ("-----BEGIN USER NKEY SEED-----\nSUAM", "…"),
]
HARMLESS = [
    "mail bob@example.com or alice@example.com",
    "http://host/path@2x",
    "Basic authentication failed",
    "a token is required; write token_file: FILE",
    "sources.nats.a.connection.token: do not write a secret in a spec; write ${NAME}",
    "environment variable TOKEN is not set; it must contain a secret",
    "server NDJWE4SOUJOJT2TY5Y2YQEI62UMSKY7ZUBCGOKS4Z5BDHF3TLDHYJQVI does not answer",
    "no user JWT and seed in these credentials",
    "collectors/oms.yaml:3: outputs.otlp.headers_file: cannot be read",
    "error: authentication error: signature mismatch",
]


@pytest.mark.parametrize(("text", "redacted"), SECRETS)
def test_the_form_of_a_secret_is_enough(text: str, redacted: str) -> None:
    assert without_shapes(text) == redacted


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_shapes(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        *("a-", "a:", "token", "token-", "password=", "@", "a:b@", "http://", "eyJ", "Basic "),
        *("Authorization:", "'\"", "SU", "\\\\\\", "Authorization : ", "-----BEGIN A KEY-----"),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    hostile = piece * (16_384 // len(piece))
    begun = time.process_time()
    without_shapes(hostile)
    assert time.process_time() - begun < 0.5
