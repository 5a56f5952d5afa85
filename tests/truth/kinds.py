"""The streams and consumers of a run: every retention, discard and deliver policy there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Server = Literal["one", "ahead", "steps", "cluster"]
Mode = Literal[
    "fast", "slow", "idle", "hold", "lose", "nak", "nak later", "long", "term", "no wait"
]
Meddling = Literal["purge", "delete", "roll-up", "ttl", "step down"]
Config = Mapping[str, Any]

SECOND = 1_000_000_000
"""As JetStream writes it."""
ANY: tuple[Mode, ...] = (
    "fast",
    "slow",
    "idle",
    "hold",
    "lose",
    "nak",
    "nak later",
    "long",
    "term",
    "no wait",
)
PLAIN: tuple[Mode, ...] = ("fast", "slow", "idle", "no wait")
PUSHED: tuple[Mode, ...] = ("fast", "slow", "idle", "hold", "nak", "nak later", "long", "term")
UNKEYED = 6
"""Subjects of a stream whose subjects mean nothing."""


@dataclass(frozen=True)
class ConsumerKind:
    """One consumer. `keys` are those of the stream's subjects that match, all by default."""

    name: str
    config: Config = field(default_factory=dict)
    modes: tuple[Mode, ...] = ANY
    keys: tuple[int, ...] = ()
    push: bool = False
    recreated: bool = False
    paused: bool = False

    @property
    def ack_wait(self) -> float:
        """Seconds."""
        return float(self.config.get("ack_wait", 2 * SECOND)) / SECOND


@dataclass(frozen=True)
class StreamKind:
    """One stream. `every` is the mean time between two messages in seconds.

    `removes`: messages leave it otherwise than by an ack. `since` is the oldest server's version
    that can have it.
    """

    name: str
    server: Server
    consumers: tuple[ConsumerKind, ...]
    config: Config = field(default_factory=dict)
    every: float = 0.2
    keys: int = UNKEYED
    removes: bool = True
    meddling: tuple[Meddling, ...] = ()
    mirrors: str | None = None
    since: tuple[int, int] = (2, 10)


THREE_TRIES: Config = {"max_deliver": 3, "ack_wait": SECOND}


def streams() -> tuple[StreamKind, ...]:
    """All kinds."""
    return (*_limits(), *_removing(), *_queues(), *_clocks(), *_clustered())


def _limits() -> tuple[StreamKind, ...]:
    """Nothing is removed."""
    return (
        StreamKind(
            "limits",
            "one",
            (
                ConsumerKind("pull"),
                ConsumerKind("three-tries", THREE_TRIES),
                ConsumerKind("filtered", keys=(0,)),
                ConsumerKind("several-filters", keys=(1, 3)),
                ConsumerKind("filtered-three-tries", THREE_TRIES, keys=(2,)),
                ConsumerKind("last-per-subject", {"deliver_policy": "last_per_subject"}),
                ConsumerKind("new", {"deliver_policy": "new"}),
                ConsumerKind("few-in-flight", {"max_ack_pending": 5}),
                ConsumerKind("push", {"max_ack_pending": 20}, PUSHED, push=True),
                ConsumerKind("ack-all", {"ack_policy": "all"}, PLAIN),
                ConsumerKind("ack-none", {"ack_policy": "none"}, PLAIN),
                ConsumerKind("recreated", recreated=True),
                ConsumerKind("recreated-new", {"deliver_policy": "new"}, recreated=True),
                ConsumerKind("paused", modes=PLAIN, paused=True),
            ),
            removes=False,
        ),
        StreamKind(
            "mirror",
            "one",
            (ConsumerKind("pull"), ConsumerKind("filtered", keys=(0,))),
            mirrors="limits",
        ),
    )


def _removing() -> tuple[StreamKind, ...]:
    """Messages are overwritten, evicted, expire, are purged or deleted."""
    usual = (
        ConsumerKind("pull"),
        ConsumerKind("filtered", keys=(0, 1)),
        ConsumerKind("three-tries", THREE_TRIES),
    )
    late = ConsumerKind("last-per-subject", {"deliver_policy": "last_per_subject"}, recreated=True)
    kv = {"max_msgs_per_subject": 1, "discard": "new", "allow_rollup_hdrs": True}
    return (
        StreamKind("kv", "one", (*usual, late), kv, keys=8, meddling=("roll-up",)),
        StreamKind("history", "one", (*usual, late), {"max_msgs_per_subject": 3}, keys=10),
        StreamKind("max-msgs", "one", usual, {"max_msgs": 25, "discard": "old"}),
        StreamKind("max-age", "one", usual, {"max_age": 5 * SECOND}),
        StreamKind("purged", "one", usual, meddling=("purge", "delete")),
        StreamKind("ttl", "one", usual, {"allow_msg_ttl": True}, meddling=("ttl",), since=(2, 11)),
    )


def _queues() -> tuple[StreamKind, ...]:
    """Messages leave when they are acknowledged."""
    return (
        StreamKind(
            "interest",
            "one",
            (ConsumerKind("pull"), ConsumerKind("filtered", keys=(0, 1))),
            {"retention": "interest"},
        ),
        StreamKind(
            "workqueue",
            "one",
            (
                ConsumerKind("a", keys=(0, 1, 2)),
                ConsumerKind("b", THREE_TRIES, keys=(3, 4, 5)),
            ),
            {"retention": "workqueue", "max_msgs": 60, "discard": "new"},
        ),
    )


def _clocks() -> tuple[StreamKind, ...]:
    """On servers whose clock is wrong; one stream has no message for long."""
    kinds = (ConsumerKind("pull"), ConsumerKind("filtered", keys=(0,)))
    return tuple(
        kind
        for server in ("ahead", "steps")
        for kind in (
            StreamKind(f"{server}-busy", server, kinds, removes=False),
            StreamKind(f"{server}-rare", server, kinds, every=5.0, removes=False),
        )
    )


def _clustered() -> tuple[StreamKind, ...]:
    """On three servers that die, hang and lead in turn."""
    kinds = (
        ConsumerKind("pull"),
        ConsumerKind("filtered", keys=(0,)),
        ConsumerKind("fast", modes=("fast",)),
    )
    return (
        StreamKind("r1", "cluster", kinds, removes=False),
        StreamKind(
            "r3", "cluster", kinds, {"num_replicas": 3}, removes=False, meddling=("step down",)
        ),
    )
