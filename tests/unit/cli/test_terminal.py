"""What commands print is redacted, and nothing in it is obeyed by a terminal."""

import json
import sys

import pytest

from obs.cli.output import json_text
from obs.cli.terminal import plain_output
from obs.redaction.known import KNOWN


def test_a_terminal_is_shown_what_it_must_not_obey(capsys: pytest.CaptureFixture[str]) -> None:
    KNOWN.add("hunter2hunter2")
    with plain_output():
        sys.stdout.write("stream a\x1b[2Jb\u202e: hunter2hunter2\n")
        sys.stderr.write("Authorization: Bearer abcdef \x07\n")
    out, err = capsys.readouterr()
    assert out == "stream a\\u001b[2Jb\\u202e: …\n"
    assert err == "Authorization: Bearer … \\u0007\n"


def test_json_that_is_printed_has_the_same_values(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"name": "a\x1b\u202e\\\x85\U000e0041\u00a0é"}
    with plain_output():
        sys.stdout.write(json_text(document))
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == document


def test_examples_in_output_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_output():
        sys.stdout.write("write nats://user:password@host")
    assert capsys.readouterr().out == "write nats://user:password@host"
