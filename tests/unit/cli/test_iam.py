"""obs iam."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.iam import ROLES

OMS = str(Path(__file__).parents[3] / "collectors" / "oms.yaml")
POLICY = ["iam", "policy", "--spec", OMS]


def test_what_is_printed_is_a_policy_and_notes_are_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*POLICY, "--for", "publisher"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["Statement"][0]["Action"] == "events:PutEvents"
    assert "note: ARNs have * for the account" in said.err


def test_json_is_printed_without_notes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*POLICY, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["Version"] == "2012-10-17"
    assert said.err == ""


def test_with_the_account_s_number_no_arn_is_left_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*POLICY, "--account", "123456789012"]) == 0
    assert ":*:" not in capsys.readouterr().out


def test_an_account_that_is_no_number_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*POLICY, "--account", "mine"]) == 2
    assert capsys.readouterr().err == "--account mine: write the account's 12 digits\n"


def test_the_help_names_every_role_that_has_a_policy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")  # no line break inside a hyphenated word
    assert main(["iam", "policy", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    lines = [f"{name}: {about}" for name, about in ROLES.items()]
    assert [line for line in lines if line not in text] == []
