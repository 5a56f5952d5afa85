"""obs privacy says what is where without its value, and takes it out."""

import io
import json
import sys
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.privacy import Key
from obs.privacy.reading import payloads
from tests.unit.privacy.planted import event, leaked

LINES = (
    '{"data": {"email": "jane.doe@example.com", "card": 4111111111111111}}\n'
    "a line from 203.0.113.77\n"
    '{"ok": true}\n'
    '{"jane.doe@example.com": {"password": "opensesame"}}\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text(LINES)
    return path


def test_scan_names_line_field_and_kind_and_never_the_value(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["privacy", "scan", str(file)]) == 1
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "line 1: data.email: an e-mail address",
        "line 1: data.card: a card number",
        "line 2: an IP address",
        'line 4: ["[email]"]: an e-mail address',
        'line 4: ["[email]"].password: a password',
        "4 payloads, 3 with 5 findings: email 2, card 1, ip 1, password 1",
    ]
    assert leaked(said) == []


def test_scan_as_json_and_with_exceptions(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exceptions = ["--leave", "ip", "--leave", "email", "--leave", "password"]
    code = main(["privacy", "scan", str(file), "--format", "json", *exceptions, "--field", "ok"])
    assert code == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts == {
        "payloads": 4,
        "with_findings": 1,
        "kinds": {"card": 1},
        "findings": [{"line": 1, "path": "data.card", "kind": "card", "what": "a card number"}],
        "not_shown": 0,
    }
    allowed = ["--allow", "data.*", "--leave", "email", "--leave", "ip", "--leave", "password"]
    assert main(["privacy", "scan", str(file), *allowed]) == 0
    assert capsys.readouterr().out == "4 payloads: nothing found\n"


def test_a_document_over_several_lines_is_one_payload(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps(event(), indent=2).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["privacy", "scan"]) == 1
    said = capsys.readouterr().out
    assert "data.customer.lastName: a person's name" in said
    assert "1 payload, 1 with " in said
    assert leaked(said) == []


def test_what_is_encrypted_is_clean_and_comes_back(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "key").write_text(Key.new().keys[0])
    key = ["--key-file", str(tmp_path / "key")]
    sealed = tmp_path / "sealed.jsonl"
    for act in ("anonymise", "encrypt"):
        assert main(["privacy", act, str(file), *key]) == 0
        sealed.write_text(capsys.readouterr().out)
        assert leaked(sealed.read_text()) == []
        assert main(["privacy", "scan", str(sealed)]) == 0
        capsys.readouterr()
    assert main(["privacy", "decrypt", str(sealed), *key]) == 0
    opened = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in opened if line[0] == "{"] == [
        json.loads(line) for line in LINES.splitlines() if line[0] == "{"
    ]
    monkeypatch.setenv("OTHER", Key.new().keys[0])
    assert main(["privacy", "decrypt", str(sealed), "--key-env", "OTHER"]) == 2
    assert "encrypted with a key that is not among these" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scan", "nothing"], "nothing: cannot be read: No such file or directory"),
        (["scan", "."], ".: cannot be read: Is a directory"),
        (["scan", "--leave", "emial"], "privacy: emial: no such kind; choose from aws_access_key"),
        (["encrypt"], "no key: give --key-file, --key-env, or --spec"),
        (["decrypt", "--key-env", "UNSET"], "environment variable UNSET is not set"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["privacy", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_stream_is_read_line_by_line_within_bounds() -> None:
    def lines(text: bytes, most: int = 30) -> list[tuple[int | None, bytes, bool]]:
        return [(r.line, r.payload, r.whole) for r in payloads(io.BytesIO(text), most)]

    assert lines(b"") == []
    assert lines(b"a\n\nb") == [(1, b"a", True), (2, b"", True), (3, b"b", True)]
    assert lines(b"[INFO] a\r\nb\n") == [(1, b"[INFO] a", True), (2, b"b", True)]
    assert lines(b'{\n"a": 1}\n') == [(None, b'{\n"a": 1}', True)]
    assert lines(b'{\n"a": 1\nb\n') == [(1, b"{", True), (2, b'"a": 1', True), (3, b"b", True)]
    long = b"{\n" + b"x" * 40 + b"\nb\n"
    assert b"".join(payload for _, payload, _ in lines(long)) == b"{" + b"x" * 40 + b"b"
    assert [line for line, _, _ in lines(long)][-1] == 3
    assert lines(b"y" * 70)[0] == (1, b"y" * 31, False)
