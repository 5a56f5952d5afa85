"""A spec says what becomes of personal data, for each environment."""

from pathlib import Path
from typing import get_args

import pytest

from obs.errors import BadInput
from obs.privacy import BY_ENVIRONMENT, Key, PersonalDataFound, Strategy, from_spec
from obs.privacy.detectors import BY_NAME
from obs.privacy.names import WORDS
from obs.spec.privacy import PrivacyName, PrivacyPattern, PrivacyStrategy

SPEC = """
version: 1
system: shop
privacy:
  key: ${PRIVACY_KEY}
  fields: [badge]
  leave: [ip]
environments:
  development: {}
  staging: {}
  live: {privacy: {strategy: encrypt, allow: ["data.contact.*"]}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC)
    return file


def test_the_environment_and_the_spec_choose(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRIVACY_KEY", raising=False)
    for name, strategy in BY_ENVIRONMENT.items():
        if strategy is not Strategy.ANONYMISE:
            assert from_spec(spec, env=name).strategy == strategy
    with pytest.raises(BadInput, match="environment variable PRIVACY_KEY is not set"):
        from_spec(spec, env="live")
    monkeypatch.setenv("PRIVACY_KEY", Key.new().keys[0])
    assert from_spec(spec, env="staging").strategy is Strategy.ANONYMISE
    live = from_spec(spec, env="live")
    event = {"badge": 7, "data": {"contact": {"email": "x"}}, "from": "203.0.113.7"}
    sent = live.protect(event)
    assert sent["badge"] != 7
    assert {**sent, "badge": 7} == event
    assert live.decrypt(sent) == event
    with pytest.raises(PersonalDataFound):
        from_spec(spec).protect(event)


def test_one_key_is_enough(spec: Path) -> None:
    spec.write_text(SPEC.replace("fields:", "key_file: key\n  fields:"))
    with pytest.raises(BadInput, match="privacy: write one of key, key_file and kms_data_keys"):
        from_spec(spec)
    spec.write_text(SPEC.replace("[ip]", "[ipp]"))
    with pytest.raises(BadInput, match=r"privacy\.leave\[0\]"):
        from_spec(spec)


def test_the_spec_knows_every_kind_and_strategy() -> None:
    assert {*get_args(PrivacyPattern), *get_args(PrivacyName)} == {*BY_NAME, *WORDS}
    assert get_args(PrivacyStrategy) == tuple(Strategy)
