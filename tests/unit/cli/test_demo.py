"""obs demo, as far as it runs nothing."""

import json

import pytest

from obs.cli.main import main
from obs.sandbox.faults import FAULTS


def test_the_list_names_each_fault_with_what_it_does_and_what_is_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", "--list"]) == 0
    said = capsys.readouterr().out
    for fault in FAULTS:
        assert f"{fault.name}\n    {fault.description}\n    symptoms: {fault.symptoms}\n" in said


def test_the_list_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [fault["name"] for fault in listed] == [fault.name for fault in FAULTS]
    assert [fault for fault in listed if fault.keys() != {"name", "does", "shows"}] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--fault", "nats-dwn"],
            "--fault nats-dwn: unknown fault; did you mean nats-down?\n",
        ),
        (["--for", "60"], "--for: 60 has no unit; write 60s if seconds are meant\n"),
        (["--port", "65536"], "--port 65536: a port is a number from 0 to 65535\n"),
    ],
)
def test_a_bad_argument_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *arguments]) == 2
    assert capsys.readouterr().err == said
