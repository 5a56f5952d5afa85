"""obs alerts stats: what it refuses, and what it does without an answer."""

from pathlib import Path

import pytest

from obs.cli.main import main

SPEC = """
version: 1
system: shop
sources: {nats: {main: {monitor: [http://n:8222]}}}
"""
STACKS = SPEC + "stacks: {prometheus: {url: 'http://127.0.0.1:1', rules_dir: .}}\n"


@pytest.mark.parametrize(
    ("spec", "arguments", "status", "words"),
    [
        (SPEC, [], 2, "give --prometheus URL: the spec has neither stacks.prometheus"),
        (SPEC, ["--prometheus", "localhost:9090"], 2, "write a URL"),
        (SPEC, ["--prometheus", "-"], 2, "write a URL"),
        (SPEC, ["--prometheus", "http://127.0.0.1:1"], 3, "127.0.0.1:1"),
        (STACKS, [], 3, "127.0.0.1:1"),
        (STACKS, ["--since", "7"], 2, "7 has no unit"),
        (STACKS, ["--since", "2y"], 2, "is not a duration"),
        (STACKS, ["--since", "1s"], 2, "write 1m to 400d"),
        (STACKS, ["--timezone", "Europe/Berln"], 2, "is no time zone"),
        (
            STACKS,
            ["--alertmanager", "localhost"],
            2,
            "write a URL, for example http://localhost:9093",
        ),
        (STACKS, ["--alertmanager", "http://127.0.0.1:2"], 3, "127.0.0.1:2"),
        (STACKS, ["--sinze", "7d"], 2, "did you mean --since?"),
        (SPEC + "notify: {pages_per_week: -1}\n", [], 2, "pages_per_week"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_an_exit_code(
    spec: str,
    arguments: list[str],
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("OBS_PROMETHEUS", raising=False)
    file = tmp_path / "obs.yaml"
    file.write_text(spec)
    assert main(["alerts", "stats", "--spec", str(file), *arguments]) == status
    assert words in capsys.readouterr().err


def test_the_help_has_an_example_and_says_what_the_exit_codes_mean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["alerts", "stats", "--help"]) == 0
    text = capsys.readouterr().out
    assert "  obs alerts stats --since 4w" in text
    assert "more pages than notify.pages_per_week" in text
