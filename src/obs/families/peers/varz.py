"""/varz by prometheus-nats-exporter's rule: each number of it, however deep, is a metric.

Of its texts a few are: moments in milliseconds, others as the label `value` of a series that is 1.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from obs.families.family import Value

LEFT_OUT: Final = frozenset(
    (
        *("leaf", "trusted_operators_claim", "cluster_tls_timeout", "cluster_cluster_port"),
        *("cluster_auth_timeout", "gateway_port", "gateway_auth_timeout", "gateway_tls_timeout"),
        "gateway_connect_retries",
    )
)
"""Names, and with them whatever is below."""
TEXTS: Final = frozenset(
    (
        *("server_id", "server_name", "version", "domain", "leader", "name", "start"),
        "config_load_time",
    )
)
"""Keys, at any depth, whose texts are told."""
MOST: Final = 1000
"""Names of one server; nats-server has some 100."""
_NAME: Final = re.compile(r"[a-zA-Z0-9_:]+")
_UNDERSCORES: Final = re.compile(r"_{2,}")
_MILLISECONDS: Final = 1000
_DEEPEST: Final = 16


class Told(NamedTuple):
    """One metric's value; `text` is that of its label, None where it has none."""

    name: str
    value: Value
    text: str | None = None


def told(varz: Mapping[str, object]) -> Iterator[Told]:
    """What a server's /varz tells, each name once and no more than MOST."""
    seen: set[str] = set()
    for each in _told(varz, ()):
        if len(seen) == MOST:
            return
        if each.name not in seen and _NAME.fullmatch(each.name):
            seen.add(each.name)
            yield each


def _told(fields: Mapping[str, object], above: tuple[str, ...]) -> Iterator[Told]:
    for key, value in fields.items():
        path = (*above, key)
        name = metric_name(path)
        if name in LEFT_OUT:
            continue
        if isinstance(value, dict) and len(path) < _DEEPEST:
            yield from _told(value, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield Told(name, value)
        elif isinstance(value, str) and key in TEXTS:
            moment = _milliseconds(value)
            yield Told(name, 1, value) if moment is None else Told(name, moment)


def metric_name(path: Iterable[str]) -> str:
    """The keys on the way to a value, as a name without the exporter's prefix."""
    return _UNDERSCORES.sub("_", "_".join(path).replace("/", "_").strip("_"))


def _milliseconds(text: str) -> int | None:
    """A moment's milliseconds since 1970; None where the text is no moment."""
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int(moment.timestamp() * _MILLISECONDS) if moment.tzinfo else None
