"""A payload can be shown: what is personal is gone, the rest is as it was."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.privacy import masked

KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("mail jane@example.com now", "mail [email] now"),
        (b"from 203.0.113.7", "from [ip]"),
        ('{"id": 7, "to": "jane@example.com"}', '{"id":7,"to":"[email]"}'),
        (
            b'{"user": {"password": "hunter2", "age": 7}}',
            '{"user":{"password":"[password]","age":7}}',
        ),
        ('{"emails": ["jane", "joe"]}', '{"emails":["[email]","[email]"]}'),
        ('{"jane@example.com": 1, "joe@example.com": 2}', '{"[email]":1,"[email](2)":2}'),
        ('{"number": 4111111111111111}', '{"number":"[card]"}'),
        (
            '{"body": "{\\"password\\": \\"hunter2\\"}"}',
            '{"body":"{\\"password\\": \\"[password]\\"}"}',
        ),
        ("x?token=abc123&y=1", "x?token=[token]&y=1"),
        ("nats://obs:hunter2@nats:4222", "nats://[url_password]@nats:4222"),
        (f"aws_secret_access_key = {KEY}", "aws_secret_access_key = [aws_secret_key]"),
        ('{"a": "joe@example.com", "a": 1}', '{"a": "[email]", "a": 1}'),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nx", "[private_key]\nx"),
        (b"\xff jane@example.com", "� [email]"),
        ("jane@example.com/4111111111111111", "[email]/[card]"),
        ("{broken jane@example.com", "{broken [email]"),
        ("", ""),
    ],
)
def test_each_piece_is_replaced_by_its_kind(payload: bytes | str, shown: str) -> None:
    assert masked(payload) == shown


def test_it_is_bounded_and_no_half_of_a_value_is_left_where_it_is_cut() -> None:
    for length in (65_510, 65_530):
        shown = masked("a " * (length // 2) + "jane.doe@example.com " * 10)
        assert len(shown) == 16_384
    shown = masked("x" * 65_520 + " jane.doe@example.com", longest=100_000)
    assert "jane" not in shown
    assert shown.endswith("x…")
    assert masked("abcdef", longest=3) == "ab…"


def test_what_is_nested_too_deep_is_masked_as_text() -> None:
    deep = '{"a":' * 150 + '"jane@example.com"' + "}" * 150
    assert "[email]" in masked(deep)
    assert "jane" not in masked("[" * 30_000 + '"jane@example.com"')


@given(st.text() | st.binary())
def test_any_payload_can_be_shown(payload: str | bytes) -> None:
    assert isinstance(masked(payload), str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=25)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_stays_json(value: dict[str, object]) -> None:
    shown = masked(json.dumps(value))
    assert isinstance(json.loads(shown), dict) or len(shown) == 16_384


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'"password":"hun\"ter2", "x": 1', r'"password":"[password]", "x": 1'),
        ("{'pwd': \"it's\", 'id': 7}", "{'pwd': \"[password]\", 'id': 7}"),
        (r"{\"token\":\"a1\",\"b\":\"c\"}", r"{\"token\":\"[token]\",\"b\":\"c\"}"),
        ("db:\n  - password: hunter2\n    x: 1", "db:\n  - password: [password]\n    x: 1"),
        ("the password: hunter2 was refused", "the password: hunter2 was refused"),
        ("token=${TOKEN} secret={{ x }}", "token=${TOKEN} secret={{ x }}"),
        ('msg="failed password=hunter2" n=1', 'msg="failed password=[password]" n=1'),
        ("call +14155550123x22", "call [phone]x22"),
        ("PASSWORD=a;token_count=5", "PASSWORD=[password];token_count=5"),
    ],
)
def test_values_with_a_telltale_name_in_front_of_them(text: str, shown: str) -> None:
    assert masked(text) == shown
