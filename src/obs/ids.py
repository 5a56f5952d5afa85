"""Stable ids and addresses, of panels from their keys: `consumer/lag` is on page `consumer`."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

_TAG: Final = "obs"
_UID: Final = re.compile(r"[a-z0-9_-]{1,40}")
_NOT_IN_AWS_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_CLOUDWATCH_DASHBOARD: Final = 240  # of 255; a number may follow
_LONGEST_TAG: Final = 50
_SHORT: Final = 8  # hexadecimal digits of a digest that tells names apart
_LARGEST: Final = 2**31 - 1  # Grafana keeps panel ids in 32 bits


def dashboard_uid(system: str, page: str) -> str:
    """The uid of a system's dashboard, as Grafana allows: 40 letters, digits, _ and - at most.

    Small letters only: some databases of Grafana do not tell capitals from them.
    """
    name = f"obs-{system}-{page}"
    small = name.lower()
    readable = small if small == name else f"{small}-{short_digest(name)}"
    return readable if _UID.fullmatch(readable) else f"obs-{_digest(name)[:32]}"


def folder_uid(system: str) -> str:
    """The uid of the folder of a system's dashboards."""
    return dashboard_uid(system, "folder")


def rule_uid(*identity: str) -> str:
    """The uid of an alert rule in Grafana, from what it is about; at most 40 characters."""
    return f"obs-{_digest(chr(0).join(identity))[:32]}"


def panel_id(key: str) -> int:
    """The id of a panel, from 1; the same whatever panels stand beside it."""
    return int(_digest(key)[:15], 16) % _LARGEST + 1


def panel_url(
    grafana: str, system: str, key: str, variables: Iterable[tuple[str, str]] = ()
) -> str:
    """The address of a panel in Grafana, for one object where `variables` of its page say which.

    Their values are as they stand in an address: quoted, or a template that quotes.
    """
    page = key.partition("/")[0]
    chosen = "".join(f"&var-{name}={value}" for name, value in variables)
    uid = dashboard_uid(system, page)
    return f"{grafana.rstrip('/')}/d/{uid}?viewPanel={panel_id(key)}{chosen}"


def fitted(text: str, longest: int, outside: re.Pattern[str] | None = None) -> str:
    """A name as a target takes it: at most `longest` bytes, and nothing that `outside` matches.

    A name that fits stays as it is. Of any other the rest is replaced by `_` and cut, and a digest
    of the whole follows, so that different names stay different.
    """
    allowed = outside.sub("_", text) if outside else text
    if allowed == text and len(text.encode()) <= longest:
        return text
    room = longest - _SHORT - 1
    return f"{allowed.encode()[:room].decode(errors='ignore')}-{short_digest(text)}"


def short_digest(text: str) -> str:
    """Eight hexadecimal digits that tell this text from others."""
    return _digest(text)[:_SHORT]


def dashboard_tags(system: str, environment: str) -> tuple[str, ...]:
    """The tags of a system's dashboards in Grafana: each once, and of 50 bytes at most."""
    tags = (_TAG, fitted(system, _LONGEST_TAG), fitted(environment, _LONGEST_TAG))
    return tuple(dict.fromkeys(tags))


def sns_topic(system: str) -> str:
    """The name of a system's SNS topic where its spec has none."""
    return fitted(f"{system}-alerts", 256, _NOT_IN_AWS_NAME)


def cloudwatch_dashboard(name: str) -> str:
    """The name of a dashboard of CloudWatch, which allows letters, digits, _ and -."""
    return fitted(name, _LONGEST_CLOUDWATCH_DASHBOARD, _NOT_IN_AWS_NAME)


def cloudwatch_dashboard_prefix(system: str) -> str:
    """What the names of all dashboards of a system in CloudWatch begin with."""
    return _NOT_IN_AWS_NAME.sub("_", system)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
