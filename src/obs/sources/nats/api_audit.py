"""What an audited request to the JetStream API asked for, and whether it failed."""

import re
from typing import Final

import msgspec

from obs.sources.nats import tolerant
from obs.sources.nats.api_answer import ErrorAnswer

OTHER: Final = "other"
_KNOWN: Final = (
    *("INFO", "STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.INFO", "STREAM.LIST"),
    *("STREAM.NAMES", "STREAM.PURGE", "STREAM.MSG.GET", "STREAM.MSG.DELETE", "STREAM.SNAPSHOT"),
    *("STREAM.RESTORE", "STREAM.PEER.REMOVE", "STREAM.LEADER.STEPDOWN"),
    *("CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE", "CONSUMER.DELETE", "CONSUMER.INFO"),
    *("CONSUMER.LIST", "CONSUMER.NAMES", "CONSUMER.PAUSE", "CONSUMER.UNPIN", "CONSUMER.RESET"),
    *("CONSUMER.LEADER.STEPDOWN", "META.LEADER.STEPDOWN", "SERVER.REMOVE"),
    *("ACCOUNT.PURGE", "DIRECT.GET"),
)
"""Requests that are told apart. The rest of a subject names streams and consumers."""
_ACTION: Final = re.compile(
    r"\$JS\.(?:[^.]+\.)?API\.(" + "|".join(map(re.escape, _KNOWN)) + r")(?:\.|$)"
)


class _Audit(msgspec.Struct, frozen=True, gc=False):
    """`response` is JSON in a text."""

    subject: str = ""
    response: str = ""


class _Response(msgspec.Struct, frozen=True, gc=False):
    error: ErrorAnswer | None = None


_AUDIT: Final = msgspec.json.Decoder(_Audit)
_RESPONSE: Final = msgspec.json.Decoder(_Response)


def audited(data: bytes) -> tuple[str, str]:
    """(what was asked for: STREAM.CREATE, whether it failed: yes or no); OTHER where that cannot be
    told."""
    try:
        audit = _AUDIT.decode(data)
    except tolerant.ODD:
        return OTHER, "no"
    found = _ACTION.match(audit.subject)
    return found[1] if found else OTHER, "yes" if _failed(audit.response) else "no"


def _failed(response: str) -> bool:
    if '"error"' not in response:
        return False
    try:
        return _RESPONSE.decode(response).error is not None
    except tolerant.ODD:
        return False
