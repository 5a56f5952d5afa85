"""Reasons why a consumer is unhealthy: one bit each, and their names in reporting order."""

from typing import Final

NO_PULLER: Final = 1
PUSH_UNBOUND: Final = 2
PAUSED: Final = 4
ACK_PENDING_FULL: Final = 8
MESSAGE_RETRYING: Final = 16
NO_LEADER: Final = 32
LEADER_UNREACHABLE: Final = 64  # there is a leader, but its server was not reached

REASONS: Final[tuple[str, ...]] = (
    "no_puller",
    "push_unbound",
    "paused",
    "ack_pending_full",
    "message_retrying",
    "no_leader",
    "leader_unreachable",
)
_NAMES: Final = tuple(
    tuple(name for bit, name in enumerate(REASONS) if bits >> bit & 1)
    for bits in range(1 << len(REASONS))
)


def names(bits: int) -> tuple[str, ...]:
    """The names of the reasons whose bits are set."""
    return _NAMES[bits]
