"""Whether an account imports the advisories of others as the spec says.

A subscription to what nobody exports is silent for ever, and silence would read as no dead letter.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from typing import Final
from urllib.parse import quote

import msgspec

from obs.clients.http import Http
from obs.errors import SourceError
from obs.sources.nats import tolerant
from obs.sources.nats.monitoring import monitoring_client
from obs.spec.nats import NatsConnection, NatsSource

_MOST: Final = 10_000  # accounts of a server, each of which is a request
_PATIENCE: Final = 10.0  # timeouts of one request that all of them may take
_NEEDED: Final = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.*.*",
)


class _Import(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    account: str = ""
    subject: str = ""
    local_subject: str = ""
    invalid: bool = False


class _Account(msgspec.Struct, frozen=True, gc=False):
    account_name: str = ""
    name_tag: str = ""
    imports: tuple[_Import, ...] = ()


class _Accounts(msgspec.Struct, frozen=True, gc=False):
    accounts: tuple[str, ...] = ()
    account_detail: _Account | None = None


_DECODER: Final = msgspec.json.Decoder(_Accounts)


def verify_imports(spec: NatsSource, connection: NatsConnection) -> None:
    """Compare the spec with what the monitoring port tells. Blocks.

    Raises SourceError where an import is missing, or where no server can tell.
    """
    with closing(monitoring_client(spec)) as http:
        details = _found({connection.account, *connection.imports}, _details(spec, http))
    names = {each.name_tag or key: key for key, each in details.items()} | {k: k for k in details}
    account = details.get(names.get(connection.account, ""))
    if account is None:
        raise SourceError("partial", f"the servers do not know account {connection.account}")
    for name, prefix in connection.imports.items():
        taken = [each for each in account.imports if each.account in (name, names.get(name))]
        for needed in _NEEDED:
            if not any(_brings(each, prefix, needed) for each in taken):
                raise SourceError(
                    "auth",
                    f"account {connection.account} does not import the advisories of account "
                    f"{name} as {prefix}.$JS.EVENT.ADVISORY.>; add the export and the import, or "
                    "correct `imports`",
                )


def _found(wanted: Collection[str], details: Iterable[_Account]) -> dict[str, _Account]:
    """The wanted accounts, given by id or by name, and those that were read before, by id."""
    found: dict[str, _Account] = {}
    names: set[str] = set()
    for each in details:
        found[each.account_name] = each
        names |= {each.account_name, each.name_tag}
        if names.issuperset(wanted):
            break
    return found


def _details(spec: NatsSource, http: Http) -> Iterator[_Account]:
    """The accounts as the first server tells that answers; at most so many, for so long."""
    failure: SourceError | None = None
    until = time.monotonic() + _PATIENCE * spec.timeout
    for address in spec.monitor or ():
        url = f"{address.rstrip('/')}/accountz"
        try:
            known = _DECODER.decode(http.get(url)).accounts
            for each in known[:_MOST]:
                if time.monotonic() > until:
                    raise SourceError("timeout", f"{url}: its accounts took too long to read")
                detail = _DECODER.decode(http.get(f"{url}?acc={quote(each)}")).account_detail
                if detail is not None:
                    yield detail
        except SourceError as error:
            failure = error
        except tolerant.ODD:
            failure = SourceError("decode", f"{url}: not a list of accounts")
        else:
            return
    raise failure or SourceError("partial", "no server tells which accounts import advisories")


def _brings(found: _Import, prefix: str, needed: str) -> bool:
    """Whether an import brings the needed advisories under the prefix."""
    return (
        found.type == "stream"
        and not found.invalid
        and _covers(found.subject, needed)
        and _covers(found.local_subject, f"{prefix}.{needed}")
    )


def _covers(pattern: str, subject: str) -> bool:
    """Whether everything that matches `subject` matches `pattern`; both are NATS subjects."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return index < len(given)
        if index >= len(given) or (part != "*" and part != given[index]):
            return False
    return len(wanted) == len(given)
