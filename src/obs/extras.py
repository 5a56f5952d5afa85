"""The optional parts of the installation, and how obs says that one is missing."""

from importlib.util import find_spec
from typing import Final

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


class MissingExtra(BadInput):
    """A command or a part of a spec needs an extra that is not installed."""

    def __init__(self, extra: str, user: str) -> None:
        super().__init__(f"{user} needs the {extra} extra: pip install 'obs-events[{extra}]'")


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
