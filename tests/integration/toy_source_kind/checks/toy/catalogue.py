"""The checks of folders."""

from collections.abc import Iterator
from pathlib import Path

from obs.checks.check import Check
from obs.checks.finding import CheckFinding, right, wrong
from obs.spec.system import System


def _judge(system: System, name: str, is_there: bool) -> Iterator[CheckFinding]:
    yield right(name, "is there") if is_there else wrong(name, "is missing", "make the folder")


CHECKS = (
    Check(
        "toy-folder",
        "Is the folder there?",
        lambda system: tuple(system.sources.of("toy")),
        "the spec has no folder",
        read=lambda context, name: Path(context.system.sources.named(name).where).is_dir(),
        judge=_judge,
    ),
)
