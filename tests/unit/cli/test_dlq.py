"""What obs dlq takes and refuses before it asks any system."""

from pathlib import Path

import pytest

from obs.cli.dlq import wanted
from obs.cli.main import main, parser
from obs.dead_letters.kinds import chosen
from obs.errors import BadInput
from obs.spec.load import read_spec

SPEC = """
version: 1
system: shop
sources:
  nats:
    main:
      connection:
        servers: [nats://localhost:4222]
        advisory_stream: ADVISORIES
        dead_letters: {stream: DLQ}
    other:
      connection: {servers: [nats://localhost:4223], advisory_stream: ADVISORIES}
  aws:
    cloud: {region: us-east-1, buses: [], queues: [orders-dlq]}
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC)
    return str(file)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["dlq", *words]) == 2
    return capsys.readouterr().err.strip()


def test_a_deed_wants_a_choice_of_letters(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    assert "--all" in refused(capsys, "replay", "main/DLQ", "--spec", spec)
    assert "--all" in refused(capsys, "purge", "main/DLQ", "--spec", spec, "--yes")
    said = refused(capsys, "purge", "main/DLQ", "--all", "--cause", "x", "--spec", spec)
    assert said.startswith("--all: remove it")


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ("main/DLK", "the spec names no such dead letters; did you mean main/DLQ?"),
        ("ADVISORIES", "ADVISORIES: is it main/ADVISORIES or other/ADVISORIES?"),
        ("nothing", "choose from main/ADVISORIES, main/DLQ, other/ADVISORIES, cloud/orders-dlq"),
    ],
)
def test_a_box_is_one_of_the_spec(spec: str, box: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        chosen(read_spec([Path(spec)]).system, [box])
    assert says in str(caught.value)


def test_boxes_have_short_names_and_are_all_meant_by_none(spec: str) -> None:
    system = read_spec([Path(spec)]).system
    found = chosen(system, ["DLQ", "other/ADVISORIES", "orders-dlq"])
    names = ["main/DLQ", "other/ADVISORIES", "cloud/orders-dlq"]
    assert [each.box.name for each in found] == names


def test_a_spec_without_dead_letters_says_what_to_add(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "obs.yaml"
    file.write_text(
        "{version: 1, system: shop, sources: {nats: {main: {monitor: ['http://localhost:8222']}}}}"
    )
    said = refused(capsys, "list", "--spec", str(file))
    assert "advisory_stream or dead_letters of a connection" in said
    assert main(["nats", "permissions", "--for", "dlq", "--spec", str(file)]) == 0
    assert "no connection has an advisory_stream" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--rate", "fast"), "--rate: 'fast' is not a rate; write for example 50/s or 600/m"),
        (("--rate", "0/s"), "out of range"),
        (("--stop-after", "0"), "0 is too few"),
        (("--since", "yesterday"), "is not a duration"),
        (("--hide", "1d"), "write 5s to 12h"),
        (("--limit", "-1"), "is not a whole number"),
        (("--unsure", "maybe"), "no such choice"),
    ],
)
def test_a_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str], spec: str, words: tuple[str, ...], says: str
) -> None:
    said = refused(capsys, "replay", "main/DLQ", "--all", "--spec", spec, *words)
    assert says in said
    assert len(said.splitlines()) == 1


def test_times_are_durations_or_moments() -> None:
    parse = parser(["dlq"]).parse_args
    found = wanted(parse(["dlq", "list", "--since", "2026-03-01T12:00:00Z"]))
    assert found.since == 1_772_366_400.0
    purge = ["dlq", "purge", "x", "--older-than", "1h"]
    assert wanted(parse(purge), now=10_000.0).before == 6_400.0


def test_the_rights_are_printed(capsys: pytest.CaptureFixture[str], spec: str) -> None:
    words = ["nats", "permissions", "--for", "dlq", "--spec", spec]
    assert main([*words, "--replay-to", "orders.>"]) == 0
    said = capsys.readouterr().out
    assert "$JS.API.STREAM.MSG.DELETE.DLQ" in said
    assert "orders.>" in said
    assert main(["iam", "policy", "--for", "dlq", "--spec", spec]) == 0
    assert "sqs:DeleteMessage" in capsys.readouterr().out
    assert main(["nats", "permissions", "--spec", spec, "--replay-to", "x"]) == 2
