"""What docs/privacy.md shows works."""

import json
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from obs.cli.main import main
from obs.privacy import BY_ENVIRONMENT, Key, Privacy, PrivacyFilter, Strategy
from obs.privacy.detectors import ALL
from obs.spec.load import load

DOCS = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text(encoding="utf-8")
KEY = Key.new()
ENCRYPT = Privacy(Strategy.ENCRYPT, KEY)
ORDER = {"id": 7, "email": "jane@example.com"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """All that the Python examples define, run in a folder that has the spec."""
    key = tmp_path / "privacy"
    key.write_text(KEY.keys[0])
    monkeypatch.chdir(tmp_path)
    spec = "version: 1\nsystem: oms\n" + blocks("yml")[0]
    (tmp_path / "obs.yaml").write_text(spec.replace("/run/secrets/privacy", str(key)))
    found: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block.replace("/run/secrets/privacy", str(key)), found)
    return found


async def test_publishers_send_what_only_the_consumer_reads(shown: dict[str, Any]) -> None:
    sent: list[bytes] = []

    class JetStream:
        async def publish(self, subject: str, payload: bytes) -> None:
            sent.append(payload)

    await shown["publish_order"](JetStream(), ENCRYPT, ORDER)
    assert b"jane" not in sent[0]
    read = shown["read"](ENCRYPT, SimpleNamespace(data=sent[0]))
    assert json.loads(read) == ORDER
    events = SimpleNamespace(put_events=lambda **sent: sent["Entries"][0]["Detail"])
    assert json.loads(ENCRYPT.decrypt(shown["put_order"](events, ENCRYPT, ORDER))) == ORDER


def test_the_policies_are_as_described(shown: dict[str, Any]) -> None:
    privacy: Privacy = shown["privacy"]
    assert privacy.strategy is Strategy.ENCRYPT
    assert privacy.decrypt(privacy.protect(ORDER)) == ORDER
    system = load([Path("obs.yaml")], env="production")
    assert (system.privacy.leave, system.privacy.strategy) == (("ip",), "encrypt")
    rows = dict(re.findall(r"^\| `(\w+)`(?:, and every other name)? \| `(\w+)` \|", DOCS, re.M))
    assert {name: rows[name] for name in BY_ENVIRONMENT} == dict(BY_ENVIRONMENT)
    assert {detector.name for detector in ALL} <= {*re.findall(r"^\| `(\w+)` \|", DOCS, re.M)}
    assert {*Strategy} <= {*re.findall(r"^\| `(\w+)` \|", DOCS, re.M)}


def test_the_filter_goes_to_every_handler(
    shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = logging.NullHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    shown["keep_logs_clean"](ENCRYPT)
    assert isinstance(handler.filters[0], PrivacyFilter)


def test_scan_prints_what_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"data": {"email": "jane@example.com"}}\nfrom 203.0.113.7\n{}\n')
    assert main(["privacy", "scan", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == blocks("console")[0].splitlines()[1:]
