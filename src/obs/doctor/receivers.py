"""What the collector pushes to, and the stacks that rules and dashboards are applied to."""

import socket
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from obs.checks.finding import CheckFinding, right
from obs.errors import SourceError
from obs.redaction.address import shown_address
from obs.spec.stacks import Reached
from obs.spec.system import System

_PORTS: Final = {"https": 443, "http": 80}
_LONGEST: Final = 10.0  # seconds: a person is waiting


def receivers(system: System) -> Mapping[str, tuple[str, float]]:
    """Address and timeout of each, by its field in the spec."""
    found: dict[str, tuple[str, float]] = {}
    if system.outputs.otlp is not None:
        found["outputs.otlp"] = system.outputs.otlp.endpoint, system.outputs.otlp.timeout
    for name, stack in system.stacks:
        if isinstance(stack, Reached):
            found[f"stacks.{name}"] = stack.url, stack.timeout
    return found


def read_receiver(system: System, name: str) -> str:
    """The address, where something accepts a connection. Raises SourceError."""
    url, timeout = receivers(system)[name]
    host, port = _place(url)
    try:
        with socket.create_connection((host, port), min(timeout, _LONGEST)):
            return shown_address(url)
    except TimeoutError:
        raise SourceError("timeout", f"{shown_address(url)}: no answer in time") from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "unknown host name"
        raise SourceError("connection", f"{shown_address(url)}: {why}") from None


def judge_receiver(name: str, address: str) -> Iterator[CheckFinding]:
    """It accepts connections; whether it takes what is sent, its own metrics say."""
    yield right(name, f"{address} accepts connections")


def advise(system: System, name: str, error: SourceError) -> str:
    """The next command."""
    host, port = _place(receivers(system)[name][0])
    return f"nc -vz {host} {port}\ncheck that it runs, and {name} in the spec"


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
