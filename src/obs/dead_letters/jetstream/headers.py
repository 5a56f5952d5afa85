"""Headers of NATS messages: read, and what a replayed message has of them."""

from collections.abc import ItemsView, Iterable, Sequence
from typing import Final, cast

MESSAGE_ID: Final = "Nats-Msg-Id"
REPLAYED_FROM: Final = "Obs-Replayed-From"
"""Tells that a message is a replay, and of which dead letter."""
CAUSES: Final = (
    *("Dead-Letter-Cause", "Dead-Letter-Reason", "DLQ-Reason"),
    *("Error-Code", "Error-Type", "X-Exception-Type"),
)
SUBJECTS: Final = ("Dead-Letter-Subject", "Original-Subject", "X-Original-Subject", "Nats-Subject")
CONSUMERS: Final = ("Dead-Letter-Consumer", "Consumer", "X-Consumer")
DETAILS: Final = ("Dead-Letter-Error", "Error-Message", "X-Exception-Message")

_OF_THE_SERVER: Final = (
    *("nats-expected-", "nats-batch-", "nats-schedule"),
    *("nats-rollup", "nats-stream", "nats-subject", "nats-sequence", "nats-last-sequence"),
    *("nats-time-stamp", "nats-msg-size", "nats-num-pending", "nats-marker-reason"),
)
"""Beginnings of headers that a server reads or writes: to repeat one would purge a subject, or have
the message refused."""
_LEFT_OUT: Final = frozenset(
    name.lower() for name in (REPLAYED_FROM, *CAUSES, *SUBJECTS, *CONSUMERS, *DETAILS)
)

Pairs = Sequence[tuple[str, str]]


class Headers(dict[str, str]):
    """Headers as the NATS library writes them, one of a name or several."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        super().__init__(self._pairs)

    def items(self) -> ItemsView[str, str]:  # type: ignore[override]
        """All of them; the library goes over these."""
        return cast("ItemsView[str, str]", self._pairs)


def parsed(block: bytes) -> tuple[tuple[str, str], ...]:
    """The headers of a stored message, in order; lines that are none are left out."""
    found = []
    for line in block.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and name.strip():
            text = value.strip().decode("utf-8", "replace")
            found.append((name.strip().decode("ascii", "replace"), text))
    return tuple(found)


def value(headers: Pairs, *names: str) -> str:
    """The first header that is there and not empty; upper and lower case are the same."""
    known: dict[str, str] = {}
    for name, text in headers:
        known.setdefault(name.lower(), text)
    return next((known[name.lower()] for name in names if known.get(name.lower())), "")


def of_replay(
    headers: Pairs, letter: str, message_id: str, *, own: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """The headers of the message that replays a letter: the original's, its message id, and where
    it comes from. `own`: names of those that belong to the dead letter."""
    left_out = _LEFT_OUT | {name.lower() for name in own} | {MESSAGE_ID.lower()}
    kept = [
        (name, text)
        for name, text in headers
        if name.lower() not in left_out and not name.lower().startswith(_OF_THE_SERVER)
    ]
    return [*kept, (MESSAGE_ID, message_id), (REPLAYED_FROM, letter)]
