"""The optional parts of the installation, and how obs says that one is missing."""

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from obs.errors import BadInput

_LIBRARIES: Final = {
    "aws": ("boto3", "botocore"),
    "otlp": ("grpc", "opentelemetry", "google", "requests"),
    "remote-write": ("cramjam", "requests"),
    "dashboards": ("grafanalib", "promql_parser"),
    "preview": ("markdown_it", "plotly"),
    "privacy": ("cryptography",),
    "demo": ("ministack",),
    "tracing": ("opentelemetry",),
}
"""The modules that obs imports, by the extra of pyproject.toml that brings them."""


_NAME: Final = "obs-events"
"""As the package is published."""
_CHECKOUT: Final = Path(__file__).parents[2]


class MissingExtra(BadInput):
    """A command or a part of a spec needs an extra that is not installed."""

    def __init__(self, extra: str, user: str) -> None:
        super().__init__(f"{user} needs the {extra} extra: {how_to_install(extra)}")


def how_to_install(extra: str) -> str:
    """The command that adds an extra to this installation: to one of a checkout, from there."""
    if (_CHECKOUT / "pyproject.toml").is_file():
        return f"pip install -e {_shown(_CHECKOUT, extra)}"
    try:
        told = distribution(_NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        told = None
    folder = installed_from(told or "{}")
    return f"pip install {_shown(folder, extra) if folder else repr(f'{_NAME}[{extra}]')}"


def installed_from(direct_url: str) -> Path | None:
    """The folder that an installation was made from, by its direct_url.json (PEP 610); None where
    it was made from something else, or the folder is gone."""
    url = urlsplit(str(json.loads(direct_url).get("url", "")))
    folder = Path(unquote(url.path))
    found = url.scheme == "file" and (folder / "pyproject.toml").is_file()
    return folder if found else None


def _shown(folder: Path, extra: str) -> str:
    here = folder == Path.cwd()
    return f"'.[{extra}]'" if here else shlex.quote(f"{folder}[{extra}]")


def require_extra(extra: str, user: str) -> None:
    """Raises MissingExtra, naming what needs it, where a library of the extra is not installed."""
    if not is_installed(extra):
        raise MissingExtra(extra, user)


def extras() -> tuple[str, ...]:
    """The names of all extras."""
    return tuple(_LIBRARIES)


def is_installed(extra: str) -> bool:
    """Whether all libraries of an extra are installed."""
    return all(find_spec(library) is not None for library in _LIBRARIES[extra])


def extra_of(module: str) -> str | None:
    """The extra that brings a module; None where no extra does."""
    library = module.partition(".")[0]
    return next((extra for extra, names in _LIBRARIES.items() if library in names), None)
