"""The files of deploy/ as the tests read them, and what the image is."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "container" / "Dockerfile"
PORT = 9464
UID = 65532
STATE = "/var/lib/obs"


def read(path: str) -> str:
    """A file of deploy/."""
    return (DEPLOY / path).read_text(encoding="utf-8")


def parsed(path: str) -> Any:
    """A YAML file of deploy/ with one document."""
    return yaml.safe_load(read(path))


def instructions(stage: str) -> list[tuple[str, str]]:
    """Word and argument of each instruction of a stage, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in filter(None, lines):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "default"
            found[name] = []
        found[name].append((word, rest.strip()))
    return found[stage]


def environment(stage: str = "runtime") -> dict[str, str]:
    """What ENV sets in a stage."""
    text = " ".join(rest for word, rest in instructions(stage) if word == "ENV")
    return dict(pair.split("=", 1) for pair in text.split())
