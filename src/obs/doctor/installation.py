"""What is installed, and what the spec needs of it."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from obs import __version__
from obs.checks.finding import CheckFinding, right, skipped, wrong
from obs.extras import extras, how_to_install, is_installed
from obs.sources.kinds import each_source
from obs.spec.system import System

_OLDEST: Final = (3, 11)
_LIBRARIES: Final[Mapping[str, str]] = {
    "aws": "boto3",
    "otlp": "opentelemetry-sdk",
    "dashboards": "grafanalib",
    "preview": "plotly",
    "demo": "ministack",
    "tracing": "opentelemetry-api",
    "privacy": "cryptography",
    "remote-write": "cramjam",
}
"""The library of each extra whose version says most."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Versions; `extras` says by name whether all of its libraries are there."""

    python: str
    obs: str
    extras: Mapping[str, bool]
    libraries: Mapping[str, str]


def read_installation() -> Installation:
    """What is installed here."""
    return Installation(
        platform.python_version(),
        __version__,
        {name: is_installed(name) for name in extras()},
        {name: _version(library) for name, library in _LIBRARIES.items()},
    )


def judge_installation(system: System | None, found: Installation) -> Iterator[CheckFinding]:
    """The versions, and each extra: missing is wrong where the spec needs it."""
    numbers = tuple(int(part) for part in found.python.split(".")[:2] if part.isdigit())
    if numbers >= _OLDEST:
        yield right("Python", found.python)
    else:
        yield wrong("Python", f"{found.python} is too old", "install Python 3.11 or newer")
    yield right("obs", found.obs)
    needed = dict(_needed(system)) if system else {}
    for name, there in found.extras.items():
        at = f"extra {name}"
        library = f"{_LIBRARIES.get(name, name)} {found.libraries.get(name) or 'is installed'}"
        if there:
            yield right(at, library)
        elif name in needed:
            yield wrong(
                at,
                f"is not installed, and {needed[name]} needs it",
                how_to_install(name),
            )
        else:
            yield skipped(at, "is not installed; the collector does not need it for this spec")


def _needed(system: System) -> Iterator[tuple[str, str]]:
    """Extras that the spec needs, and what of it does."""
    for kind, name, _ in each_source(system):
        if kind.extra:
            yield kind.extra, f"sources.{kind.key}.{name}"
    if system.outputs.otlp is not None:
        yield "otlp", "outputs.otlp"
    if system.outputs.cloudwatch is not None:
        yield "aws", "outputs.cloudwatch"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
