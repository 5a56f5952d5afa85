"""What becomes of payloads: logged, blocked, replaced or encrypted, by environment."""

import base64
import json
import logging
import traceback
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obs.errors import BadInput
from obs.extras import MissingExtra
from obs.privacy import Finding, Key, PersonalDataFound, Privacy, Rules, Strategy
from obs.privacy.tokens import OWN
from tests.unit.privacy.planted import PLANTED, event, in_words, leaked

KEY = Key(("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",))
OTHER = Key(("ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",))
LOOK, BLOCK = Privacy(Strategy.LOG), Privacy(Strategy.BLOCK)
ANONYMISE, ENCRYPT = Privacy(Strategy.ANONYMISE, KEY), Privacy(Strategy.ENCRYPT, KEY)
EACH = (LOOK, BLOCK, ANONYMISE, ENCRYPT)

# Pieces of what is looked for, so that many combinations of them are tried.
PIECES = st.sampled_from(
    (
        *(in_words(kind) for kind in PLANTED),
        *PLANTED.values(),
        *("@", "://", "http://a:", ":", "=", "-", ".", "+", " ", '"', "\\", "[email]", "[", "]"),
        *("password=x1", '"token": "abc"', "phone 030 901820", "ssn 123456789", "fe80::1"),
        *("4111111111111111", "415-555-0123", "1.2.3.4", "[encrypted:" + "gAAA" * 30 + "]"),
        *("version 1.2.3.4", "é", "\ud800", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln"),
    )
)
TEXTS = st.text(max_size=20) | st.lists(PIECES, max_size=6).map("".join)
NAMES = TEXTS | st.sampled_from(("email", "password", "emails", "card_number", "specversion"))
NUMBERS = st.integers() | st.floats(allow_nan=False) | st.just(4111111111111111)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@example({f"{'x ' * 40}{in_words('private_key')} {in_words('email')}": 0})  # long names are cut
@given(JSON)
def test_nothing_is_found_any_more_once_it_was_anonymised(value: Any) -> None:
    once = ANONYMISE.protect(value)
    assert ANONYMISE.scan(once) == ()
    assert ANONYMISE.protect(once) == once


@settings(max_examples=150)
@given(JSON)
def test_what_was_encrypted_comes_back(value: Any) -> None:
    once = ENCRYPT.protect(value)
    assert ENCRYPT.scan(once) == ()
    assert ENCRYPT.decrypt(once) == value
    assert ENCRYPT.protect(once) == once  # what this key has encrypted stays


@settings(max_examples=50)
@given(JSON.filter(lambda value: isinstance(value, dict | list)), st.booleans())
def test_a_payload_in_bytes_or_text_comes_back_as_the_same_json(value: Any, as_bytes: bool) -> None:
    text = json.dumps(value)
    payload = text.encode() if as_bytes else text
    sent = ENCRYPT.protect(payload)
    assert type(sent) is type(payload)
    assert ENCRYPT.scan(sent) == ()
    assert json.loads(ENCRYPT.decrypt(sent)) == value


@given(TEXTS.map(lambda text: text.encode(errors="ignore")) | st.binary())
def test_bytes_of_any_kind_come_back(payload: bytes) -> None:
    assert json_or_same(ENCRYPT.decrypt(ENCRYPT.protect(payload))) == json_or_same(payload)


def json_or_same(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload


@pytest.mark.parametrize("kind", PLANTED)
def test_each_kind_is_found_and_replaced(kind: str) -> None:
    payload = in_words(kind)
    assert LOOK.scan({"data": [payload]}) == (Finding("data[0]", kind),)
    assert leaked(ANONYMISE.protect(payload)) == leaked(ENCRYPT.protect(payload)) == []
    with pytest.raises(PersonalDataFound, match=r"^not published: the payload holds an? "):
        BLOCK.protect(payload)


def test_what_is_harmless_passes_as_it_is() -> None:
    for payload in (b'{"id": 1,  "x": 1.50}', "plain", {"id": 7, "ok": True}, [1, None], b"\xff\0"):
        assert all(each.protect(payload) is payload for each in EACH)


def test_equal_values_have_one_pseudonym_and_another_key_makes_another() -> None:
    first, *others = (
        ANONYMISE.protect(text)
        for text in ("jane@example.com", "Jane@Example.com", {"email": "jane@example.com"}["email"])
    )
    assert set(others) == {first}
    phones = {ANONYMISE.protect(text) for text in ("+1 (415) 555-0123", "+1 415 555 0123")}
    assert len(phones) == 1
    assert OWN.fullmatch(first)
    assert Privacy(Strategy.ANONYMISE, OTHER).protect("jane@example.com") != first
    # What services of another release or language have to agree with.
    assert first == "[email:kshvnwkyrjzrqqtmmpzy]"


def test_the_payload_itself_is_never_changed_and_no_field_is_lost() -> None:
    given_event = event()
    changed = ANONYMISE.protect(given_event)
    assert given_event == event()
    assert leaked(json.dumps(changed)) == []
    assert len(changed["data"]) == len(event()["data"])
    both = ANONYMISE.protect({"a@example.com": 1, "A@example.com": 2})
    assert sorted(both.values()) == [1, 2]


def test_the_data_of_a_cloud_event_is_looked_at_whatever_it_is() -> None:
    for plain in (b'{"email": "opensesame"}', b"mail jane.doe@example.com", b"\xff 203.0.113.77"):
        sent = {"specversion": "1.0", "data_base64": base64.b64encode(plain).decode(), "id": "7"}
        assert {finding.path for finding in LOOK.scan(sent)} <= {"data_base64", "data_base64.email"}
        encrypted = ENCRYPT.protect(json.dumps(sent))
        data = base64.b64decode(json.loads(encrypted)["data_base64"])
        assert leaked(data.decode("latin-1")) == []
        opened = json.loads(ENCRYPT.decrypt(encrypted))
        assert json_or_same(base64.b64decode(opened["data_base64"])) == json_or_same(plain)


def test_an_object_is_bounded_too_and_may_refer_to_itself() -> None:
    for large in ({"a": ["x" * 1_000] * 5_000}, [[None] * 3_000] * 2_000):
        with pytest.raises(BadInput, match="larger than 4 MB"):
            BLOCK.protect(large)
    one: list[Any] = []
    one.append(one)
    many: dict[str, Any] = {}
    many |= {"a": many, "b": many}
    for endless, why in ((one, "nested deeper than 100 levels"), (many, "larger than 4 MB")):
        with pytest.raises(BadInput, match=why):
            ENCRYPT.protect(endless)


def test_a_name_that_an_object_has_twice_hides_nothing() -> None:
    payload = b'{"note": "jane.doe@example.com", "note": "ok"}'
    with pytest.raises(PersonalDataFound):
        BLOCK.protect(payload)
    assert leaked(ANONYMISE.protect(payload).decode()) == []


def test_bytes_that_are_no_text_are_blocked_rather_than_damaged() -> None:
    binary = b"\x0a\x14jane.doe@example.com\xff\xfe"
    with pytest.raises(PersonalDataFound, match="not UTF-8") as blocked:
        ANONYMISE.protect(binary)
    assert blocked.value.findings[0].kind == "email"
    assert leaked(ENCRYPT.protect(binary).decode()) == []


@pytest.mark.parametrize("privacy", EACH, ids=lambda privacy: privacy.strategy)
def test_no_strategy_logs_a_payload_or_quotes_it_in_an_error(
    privacy: Privacy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    deep: Any = in_words("email")
    for _ in range(150):
        deep = [deep]
    odd: list[Any] = [
        *(event(), json.dumps(event()), json.dumps(event()).encode(), in_words("email")),
        *(
            deep,
            {"a": {in_words("card")}},
            {7: in_words("ssn")},
            in_words("email").encode() + b"\xff",
        ),
        *(PLANTED["email"] * 300_000, {"a": object(), "password": "opensesame"}),
        "[encrypted:" + "gAAA" * 30 + "] " + in_words("token"),
    ]
    for payload in odd:
        for act in (privacy.protect, privacy.decrypt, privacy.rotate, privacy.scan):
            try:
                act(payload)
            except (BadInput, PersonalDataFound) as error:
                said += traceback.format_exception(error)  # with those it was raised from
    try:
        privacy.protect({"email": "opensesame"}, about=in_words("email"))
    except PersonalDataFound as error:
        said.append(str(error))
    assert leaked(caplog.text + "".join(said) + repr(privacy)) == []
    if privacy.strategy is Strategy.LOG:
        assert "holds an e-mail address at email" in caplog.text
        assert "a token" in caplog.text


def test_a_summary_names_ten_and_counts_the_others() -> None:
    with pytest.raises(PersonalDataFound, match=r"an e-mail address at m9 and 2 more$"):
        BLOCK.protect({f"m{at}": "jane@example.com" for at in range(12)})


def test_rules_add_fields_and_leave_out_paths_and_kinds() -> None:
    rules = Rules(
        fields=frozenset({"badge"}), allow=("data.items[].ip", "meta.*"), leave=frozenset({"phone"})
    )
    privacy = Privacy(Strategy.BLOCK, rules=rules)
    ok = {
        "data": {"items": [{"ip": "203.0.113.7"}], "phone": "030 901820"},
        "meta": {"mail": "a@example.com"},
        "call": "+14155550123",
    }
    assert privacy.protect(ok) is ok
    assert privacy.scan({"Badge": "7", "data": {"ip": "203.0.113.7"}}) == (
        Finding("Badge", "field"),
        Finding("data.ip", "ip"),
    )
    sealed = Privacy(Strategy.ENCRYPT, KEY, rules)
    value = {"badge": 7, "meta": {"x": "[encrypted:" + "g" * 100 + "]"}}
    assert sealed.decrypt(sealed.protect(value)) == value
    with pytest.raises(BadInput, match="phon: no such kind; choose from aws_access_key, "):
        Rules(leave=frozenset({"phon"}))


def test_the_environment_chooses_the_strategy_and_an_unknown_one_is_production() -> None:
    def strategy(name: str, **more: Any) -> str:
        return Privacy.for_environment(name, key=lambda: KEY, **more).strategy

    names = ("development", "staging", "production", "prod-eu")
    assert list(map(strategy, names)) == ["log", "anonymise", "block", "block"]
    own = {"production": "encrypt", "test": "log"}
    assert [strategy(name, strategies=own) for name in ("production", "test", "qa")] == [
        *("encrypt", "log", "encrypt")
    ]

    def missing() -> Key:
        raise AssertionError("no key is needed")

    Privacy.for_environment("development", key=missing)
    with pytest.raises(BadInput, match="no such strategy; choose from log, block"):
        Privacy.for_environment("development", strategies={"development": "mask"})


def test_a_strategy_without_what_it_needs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for strategy in ("anonymise", "encrypt"):
        with pytest.raises(BadInput, match=f"strategy {strategy} needs a key; use key_from_file"):
            Privacy(Strategy(strategy))
    with pytest.raises(BadInput, match="decrypting needs the key"):
        LOOK.decrypt("x")
    monkeypatch.setattr("obs.extras.find_spec", lambda name: None)
    Privacy(Strategy.ANONYMISE, KEY)
    with pytest.raises(MissingExtra, match="needs the privacy extra"):
        Privacy(Strategy.ENCRYPT, KEY)


def test_after_a_rotation_old_payloads_are_read_and_new_ones_use_the_new_key() -> None:
    old = ENCRYPT.protect(event())
    both = Privacy(Strategy.ENCRYPT, Key((*OTHER.keys, *KEY.keys)))
    new = Privacy(Strategy.ENCRYPT, OTHER)
    assert both.decrypt(old) == event()
    assert new.decrypt(both.protect(event())) == event()
    with pytest.raises(BadInput, match="encrypted with a key that is not among these"):
        new.decrypt(old)
    assert new.decrypt(both.rotate(old)) == event()
    text = json.dumps(old)
    assert json.loads(new.decrypt(both.rotate(text))) == event()
    binary = ENCRYPT.protect(b"\xff jane@example.com")
    assert new.decrypt(both.rotate(binary)) == b"\xff jane@example.com"
    with pytest.raises(BadInput, match="decrypt it as bytes"):
        ENCRYPT.decrypt(binary.decode())
