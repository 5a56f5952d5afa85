"""The subjects that obs publishes and subscribes to over NATS connections."""

from typing import Final

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


def stream_list(api: str) -> str:
    """Lists an account's streams; `api` is the prefix of the JetStream API."""
    return f"{api}.STREAM.LIST"


def consumer_list(api: str, stream: str) -> str:
    """Lists a stream's consumers."""
    return f"{api}.CONSUMER.LIST.{stream}"


def stored_message(api: str, stream: str) -> str:
    """Gives a message of a stream, and so its time."""
    return f"{api}.STREAM.MSG.GET.{stream}"


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
