"""The subjects that obs publishes and subscribes to over NATS connections."""

from collections.abc import Mapping
from typing import Final

from obs.spec.nats import Event, NatsConnection

INBOX: Final = "_INBOX.>"
"""Where replies come."""

DEAD_LETTERS: Final = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
)
"""Advisories of messages that a consumer gave up."""

SERVERS: Final = "$SYS.REQ.SERVER.PING"
VARZ: Final = f"{SERVERS}.VARZ"
HEALTHZ: Final = f"{SERVERS}.HEALTHZ"
JSZ: Final = f"{SERVERS}.JSZ"
LEAFZ: Final = f"{SERVERS}.LEAFZ"
GATEWAYZ: Final = f"{SERVERS}.GATEWAYZ"
ACCOUNT_STATZ: Final = "$SYS.REQ.ACCOUNT.PING.STATZ"


def account_detail(server: str) -> str:
    """One server, by its id, tells of one account."""
    return f"$SYS.REQ.SERVER.{server}.ACCOUNTZ"


def account_info(api: str) -> str:
    """What an account uses and may use; `api` is the prefix of the JetStream API."""
    return f"{api}.INFO"


SERVICES: Final = "$SRV.STATS"
"""Asks every instance of an account's micro services."""
ROUTEZ: Final = f"{SERVERS}.ROUTEZ"
CONNZ: Final = f"{SERVERS}.CONNZ"
RAFTZ: Final = f"{SERVERS}.RAFTZ"


def stream_list(api: str) -> str:
    """Lists an account's streams; `api` is the prefix of the JetStream API."""
    return f"{api}.STREAM.LIST"


def consumer_list(api: str, stream: str) -> str:
    """Lists a stream's consumers."""
    return f"{api}.CONSUMER.LIST.{stream}"


def stored_message(api: str, stream: str) -> str:
    """Gives a message of a stream, and so its time."""
    return f"{api}.STREAM.MSG.GET.{stream}"


def deleted_message(api: str, stream: str) -> str:
    """Deletes a message of a stream."""
    return f"{api}.STREAM.MSG.DELETE.{stream}"


def stream_info(api: str, stream: str) -> str:
    """Tells of one stream."""
    return f"{api}.STREAM.INFO.{stream}"


def reading(api: str, stream: str) -> tuple[str, ...]:
    """What reading a stream needs: a consumer of its own, and that consumer's messages."""
    return (
        stream_info(api, stream),
        f"{api}.CONSUMER.CREATE.{stream}",
        f"{api}.CONSUMER.INFO.{stream}.*",
        f"{api}.CONSUMER.MSG.NEXT.{stream}.*",
    )


_ADVISORY: Final = "$JS.EVENT.ADVISORY"
ACK_SAMPLES: Final = "$JS.EVENT.METRIC.CONSUMER.ACK.*.*"
NAKS: Final = f"{_ADVISORY}.CONSUMER.MSG_NAKED.*.*"
TERMINATIONS: Final = f"{_ADVISORY}.CONSUMER.MSG_TERMINATED.*.*"
API_AUDIT: Final = f"{_ADVISORY}.API"
EVENTS: Final[Mapping[Event, tuple[str, ...]]] = {
    "acks": (ACK_SAMPLES,),
    "elections": tuple(
        f"{_ADVISORY}.{asset}.{what}.{name}"
        for asset, name in (("STREAM", "*"), ("CONSUMER", "*.*"))
        for what in ("LEADER_ELECTED", "QUORUM_LOST")
    ),
    "changes": (
        *(f"{_ADVISORY}.STREAM.{what}.*" for what in ("CREATED", "UPDATED", "DELETED")),
        *(f"{_ADVISORY}.CONSUMER.{what}.*.*" for what in ("CREATED", "DELETED")),
    ),
    "naks": (NAKS, TERMINATIONS),
    "api": (API_AUDIT,),
}
"""What is subscribed to for each kind of event that is counted, beside dead letters."""


def events(connection: NatsConnection) -> list[tuple[str, Event, str]]:
    """(subject, event, account) of all that a connection counts, of each account it hears.

    An account that imports advisories gets no ack samples with them: they have other subjects.
    """
    accounts = {"": connection.account}
    accounts |= {f"{prefix}.": account for account, prefix in connection.imports.items()}
    return [
        (prefix + subject, event, account)
        for prefix, account in accounts.items()
        for event in connection.events
        for subject in EVENTS[event]
    ]
