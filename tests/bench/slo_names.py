"""SLOs under sloth's names, as obs records them, beside what sloth records itself.

    SLOTH=/path/of/sloth python -m tests.bench.slo_names

Names and labels of both are compared, and in promtool, on the same series, the value of each at the
end of two courses of events. Both record the same names, so each is evaluated by itself.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.spec.load import load
from tests.bench.sloth_rules import COURSES, OURS, THEIRS, values

NAMES: Final = "prometheus/slo-names.yaml"
ABOUT: Final = ("sloth_mode", "sloth_version")
"""Labels that say who wrote the rule."""

Rules = Mapping[str, Mapping[str, str]]
"""The labels of each record."""


def rules_of(document: Mapping[str, Any]) -> Rules:
    """What a rule file records."""
    return {
        rule["record"]: {k: v for k, v in rule["labels"].items() if k not in ABOUT}
        for group in document["groups"]
        for rule in group["rules"]
        if "record" in rule
    }


def differences(ours: Rules, theirs: Rules) -> Iterator[str]:
    """Names of theirs that ours has not, or with other labels."""
    for name, labels in theirs.items():
        if ours.get(name) != labels:
            yield f"{name}: theirs {labels}, ours {ours.get(name)}"


def main() -> int:
    """Print the comparison."""
    sloth = os.environ.get("SLOTH")
    if not sloth:
        print("skipped: SLOTH names no program to compare with")
        return 0
    with TemporaryDirectory() as name:
        ours, theirs = Path(name, "ours"), Path(name, "theirs")
        ours.mkdir()
        (theirs / "prometheus").mkdir(parents=True)
        (ours / "spec.yaml").write_text(OURS + "targets: {slo_names: [sloth]}\n")
        (theirs / "sloth.yaml").write_text(THEIRS)
        write(ours, build(load([ours / "spec.yaml"], variables={}), ["prometheus"]))
        (ours / "theirs.yaml").write_text(yaml_text({"groups": []}))
        command = [sloth, "generate", "-i", f"{theirs}/sloth.yaml", "-o", f"{theirs}/theirs.yaml"]
        subprocess.run(command, check=True, capture_output=True)
        (theirs / "prometheus" / "none.yaml").write_text(yaml_text({"groups": []}))
        found = [
            yaml.safe_load(path.read_text()) for path in (ours / NAMES, theirs / "theirs.yaml")
        ]
        recorded = [rules_of(each) for each in found]
        print(f"{len(recorded[1])} names of sloth, {len(recorded[0])} of obs")
        print("\n".join(differences(*recorded)) or "names and labels are the same")
        for course in (COURSES[0], COURSES[2]):
            print(f"\n{course.name}")
            asked = {record: f"sum({record})" for record in recorded[1]}
            told = [values(folder, course, asked) for folder in (ours, theirs)]
            for record in asked:
                mine, its = (each[record] for each in told)
                print(f"  {record:45} sloth {its:24} obs {mine:24} {_compared(mine, its)}")
    return 0


def _compared(mine: str, its: str) -> str:
    try:
        return "same" if abs(float(mine) - float(its)) <= 1e-9 * abs(float(its)) + 1e-12 else ""
    except ValueError:
        return "same" if mine == its else ""


if __name__ == "__main__":
    sys.exit(main())
