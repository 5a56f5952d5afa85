"""promtool on generated files."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.alerts.alert import TunedAlert
from obs.artifacts import yaml_text

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)

# Its heap stays small, and without this it spends half of its time on collecting garbage. Each test
# has a database, which a disk would take longer for than everything else.
_ENVIRONMENT = {"GOGC": "off", "GOMEMLIMIT": "512MiB", "GOMAXPROCS": "1"}
_MEMORY = Path("/dev/shm")
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2**30:
    _ENVIRONMENT["TMPDIR"] = str(_MEMORY)
_RESULT = re.compile(r"Unit Testing:  (\S+)\n  (SUCCESS|FAILED)")


def check_rules(files: Sequence[Path]) -> str:
    """What `promtool check rules` says; raises where it or its linter finds fault."""
    command = ["promtool", "check", "rules", "--lint=all", "--lint-fatal"]
    return _run([*command, *map(str, files)], check=True)


def keep_rules(
    files: Iterable[Path], alerts: tuple[str, ...], of: Callable[[str], bool] = bool
) -> None:
    """Leave only the rules of these alerts in the files, and of them those whose expression is `of`
    what is tested: promtool evaluates all of a file for each test, which takes most of the time."""
    for path in files:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["rules"] = [
                one for one in group["rules"] if one["alert"].startswith(alerts) and of(one["expr"])
            ]
        path.write_text(yaml_text(document), encoding="utf-8")


def that_can_fire(alerts: Iterable[TunedAlert], series: Iterable[str]) -> list[TunedAlert]:
    """Those of which a metric is among the series (`name{...}`), or that fire without one.

    The others cannot fire, and promtool evaluates them at every step all the same.
    """
    there = {each.partition("{")[0] for each in series}
    return [
        tuned
        for tuned in alerts
        if not tuned.when.metrics()
        or "absent" in tuned.expression
        or any(metric.name in there for metric in tuned.when.metrics())
    ]


def one_alert_each(tests: Iterable[Path]) -> list[str]:
    """Test files beside these, one for each alert with only its rules: much faster, see above."""
    made: list[str] = []
    for path in tests:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        files = [path.parent / each for each in document["rule_files"]]
        rules = [
            rule
            for each in files
            for group in yaml.safe_load(each.read_text(encoding="utf-8"))["groups"]
            for rule in group["rules"]
        ]
        for alert in dict.fromkeys(map(_alert_of, document["tests"])):
            own = [rule for rule in rules if rule.get("alert") == alert]
            assert own, alert
            name = f"{path.stem}_{alert}"
            group = {"groups": [{"name": alert, "rules": own}]}
            (path.parent / f"{name}.rules.yaml").write_text(yaml_text(group), encoding="utf-8")
            its = [test for test in document["tests"] if _alert_of(test) == alert]
            only = {**document, "rule_files": [f"{name}.rules.yaml"], "tests": its}
            (path.parent / f"{name}.yaml").write_text(yaml_text(only), encoding="utf-8")
            made.append(f"{name}.yaml")
    return made


def _alert_of(test: dict[str, Any]) -> str:
    """The alert that a test is of, which its name begins with."""
    name: str = test["name"]
    return name.split(maxsplit=1)[0].rstrip(":")


def needs(program: str) -> pytest.MarkDecorator:
    """Skips a test where there is no such program."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def judged(folder: Path, files: Sequence[str]) -> dict[str, bool]:
    """Whether each test file succeeds."""
    return _judged(folder, files)[0]


def failed_alerts(folder: Path, files: Sequence[str], alerts: Collection[str]) -> set[str]:
    """Those of `alerts` of which an expectation in the test files is not met.

    No name may be a word of anything else in the files.
    """
    _, said = _judged(folder, files)
    return {*re.findall(r"\w+", said)} & {*alerts}


def _judged(folder: Path, files: Sequence[str]) -> tuple[dict[str, bool], str]:
    said = _run(["promtool", "test", "rules", *files], cwd=folder)
    results = {name: word == "SUCCESS" for name, word in _RESULT.findall(said)}
    assert results.keys() == set(files), said[-2000:]
    return results, said


def said_of(folder: Path, file: str) -> str:
    """What promtool says of one test file, whose expectations need not be met."""
    said = _run(["promtool", "test", "rules", file], cwd=folder)
    assert "got:" in said or "SUCCESS" in said, said[-2000:]
    return said


def _run(command: list[str], *, cwd: Path | None = None, check: bool = False) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **_ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # one stream: a failure follows its file's name
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout
