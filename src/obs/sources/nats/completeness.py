"""Whether a server's answer tells all that it holds, and what it says about its health."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.snapshot.servers import Incompleteness
from obs.sources.nats.jsz import AccountReport, HealthError, Healthz, Jsz

_NOT_ENABLED: Final = "not enabled"  # in the reason of a server that disabled its own JetStream
_OF_ASSETS: Final = ("ACCOUNT", "STREAM", "CONSUMER")
_LONGEST: Final = 300  # characters of a server's reason

Only = frozenset[tuple[str, str]]


class Shortfall(NamedTuple):
    """Why an answer does not tell all; `only` as in IncompleteServer, but with accounts by id."""

    why: Incompleteness
    words: str
    only: Only | None = None


def is_healthy(health: Healthz) -> bool:
    """Whether the server says that all is well."""
    return health.status == "ok" and not health.error and not health.errors


def reason(health: Healthz) -> str:
    """The server's reason in one line; empty where it is healthy."""
    if is_healthy(health):
        return ""
    errors = health.errors or ()
    first = health.error or (errors[0].error if errors else "") or f"status {health.status}"
    words = one_line(first, _LONGEST)
    return f"{words} (and {len(errors) - 1} more)" if len(errors) > 1 else words


def shortfall(health: Healthz | SourceError | None, jsz: Jsz) -> Shortfall | None:
    """What the answer lacks; None where it is complete. `health` was answered before `jsz`.

    A server that is unhealthy for the sake of single streams, for example because it cannot write
    them, tells all of the others.
    """
    if jsz.disabled:
        return Shortfall("jetstream_off", reason(health) if isinstance(health, Healthz) else "")
    if isinstance(health, SourceError):
        return Shortfall("unreachable", str(health))
    if health is not None and (whole := _of_the_server(health)):
        return Shortfall("jetstream_off" if _NOT_ENABLED in whole else "recovering", reason(health))
    accounts = jsz.account_details or ()
    if (lacking := jsz.streams - _streams(accounts)) > 0:
        words = f"its response lacks {lacking} of the {jsz.streams} streams that it counts"
        return Shortfall("incomplete", words)
    return _of_streams(health or Healthz("ok"), accounts)


def _of_streams(health: Healthz, accounts: Sequence[AccountReport]) -> Shortfall | None:
    """The same where the server tells all but single streams."""
    unhealthy = frozenset((each.account, _stream(each)) for each in health.errors or ())
    short = frozenset(_short_of_consumers(accounts))
    if not unhealthy and not short:
        return None
    if _mostly_absent(unhealthy, accounts):
        return Shortfall("recovering", reason(health))
    words = reason(health) or "it counts more consumers than it lists"
    return Shortfall("incomplete", words, unhealthy | short)


def _of_the_server(health: Healthz) -> str:
    """The reason that concerns the server as a whole; empty where there is none."""
    if health.errors is None:  # before 2.10
        return health.error
    return next((each.error for each in health.errors if each.type not in _OF_ASSETS), "")


def _stream(error: HealthError) -> str:
    return "" if error.type == "ACCOUNT" else error.stream


def _short_of_consumers(accounts: Sequence[AccountReport]) -> Iterator[tuple[str, str]]:
    for account in accounts:
        for stream in account.stream_detail or ():
            if stream.state.consumer_count > len(stream.consumer_detail or ()):
                yield account.id or account.name, stream.name


def _mostly_absent(unhealthy: Only, accounts: Sequence[AccountReport]) -> bool:
    """Whether more streams are absent because they are unhealthy than the answer has."""
    there = {(a.id or a.name, stream.name) for a in accounts for stream in a.stream_detail or ()}
    return len(unhealthy - there) > len(there)


def _streams(accounts: Sequence[AccountReport]) -> int:
    return sum(len(account.stream_detail or ()) for account in accounts)
