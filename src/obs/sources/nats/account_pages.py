"""What obs reads of accounts: /accstatz, the JWT in /accountz, and the JetStream API's own INFO.

An odd value leaves out what it belongs to: a number, or an account whose id cannot be read.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.snapshot.accounts import Account, AccountShare, Usage
from obs.sources.nats import tolerant
from obs.sources.nats.api_answer import ErrorAnswer
from obs.sources.nats.jsz import MOST, AccountReport, Count, Setting

_MOST_ACCOUNTS: Final = 100_000  # of one server
_MOST_TIERS: Final = 16
_KEY: Final = re.compile(r"A[A-Z2-7]{55}")
_TIER: Final = re.compile(r"R([1-9])")

Id = Annotated[str, Meta(min_length=1, max_length=256)]


class _Traffic(msgspec.Struct, frozen=True, gc=False):
    msgs: Count | None = None
    bytes: Count | None = None


class _Share(msgspec.Struct, frozen=True, gc=False):
    acc: Id
    name: str = ""
    conns: Count | None = None
    leafnodes: Count | None = None
    num_subscriptions: Count | None = None
    sent: _Traffic = _Traffic()
    received: _Traffic = _Traffic()
    slow_consumers: Count | None = None


class _Statz(msgspec.Struct, frozen=True, gc=False):
    account_statz: tuple[msgspec.Raw, ...] | None = None


class _ClaimedTier(msgspec.Struct, frozen=True, gc=False):
    """In a JWT what is 0 is left out: none allowed; below 0: no limit."""

    mem_storage: Setting = 0
    disk_storage: Setting = 0
    streams: Setting = 0
    consumer: Setting = 0


class _ClaimedLimits(_ClaimedTier, frozen=True, gc=False):
    conn: Setting = -1
    leaf: Setting = -1
    tiered_limits: dict[str, _ClaimedTier] | None = None


class _Claims(msgspec.Struct, frozen=True, gc=False):
    limits: _ClaimedLimits | None = None


class _Jwt(msgspec.Struct, frozen=True, gc=False):
    nats: _Claims = _Claims()


class _Detail(msgspec.Struct, frozen=True, gc=False):
    decoded_jwt: _Jwt | None = None


class _Accountz(msgspec.Struct, frozen=True, gc=False):
    account_detail: _Detail | None = None


class _TierLimits(msgspec.Struct, frozen=True, gc=False):
    max_memory: Setting = -1
    max_storage: Setting = -1
    max_streams: Setting = -1
    max_consumers: Setting = -1


class _Api(msgspec.Struct, frozen=True, gc=False):
    total: Count | None = None
    errors: Count | None = None


class _Tier(msgspec.Struct, frozen=True, gc=False):
    memory: Count | None = None
    storage: Count | None = None
    reserved_memory: Count | None = None
    reserved_storage: Count | None = None
    streams: Count | None = None
    consumers: Count | None = None
    limits: _TierLimits = _TierLimits()


class _Info(_Tier, frozen=True, gc=False):
    api: _Api = _Api()
    tiers: dict[str, msgspec.Raw] | None = None
    error: ErrorAnswer | None = None


_STATZ: Final = msgspec.json.Decoder(_Statz)
_SHARE: Final = msgspec.json.Decoder(_Share)
_ACCOUNTZ: Final = msgspec.json.Decoder(_Accountz)
_INFO: Final = msgspec.json.Decoder(_Info)
_TIER_INFO: Final = msgspec.json.Decoder(_Tier)


class Limits(msgspec.Struct, frozen=True, gc=False):
    """What an account's JWT allows; in `usage` and in `tiers` only limits are set."""

    connections: int | None = None
    leaf_nodes: int | None = None
    usage: Usage = Usage()
    tiers: Mapping[str, Usage] = {}


def shares(body: bytes, server: str) -> tuple[AccountShare, ...]:
    """What a server tells of each account. Raises SourceError(decode)."""
    found = tolerant.decode(_STATZ, body, server).account_statz or ()
    return tuple(_shares(found[:_MOST_ACCOUNTS]))


def limits(body: bytes, server: str) -> Limits | None:
    """What the JWT of an account allows; None where it has none. Raises SourceError(decode)."""
    detail = tolerant.decode(_ACCOUNTZ, body, server).account_detail
    claimed = detail.decoded_jwt.nats.limits if detail and detail.decoded_jwt else None
    if claimed is None:
        return None
    tiers = list((claimed.tiered_limits or {}).items())[:_MOST_TIERS]
    return Limits(
        _limit(claimed.conn),
        _limit(claimed.leaf),
        Usage() if tiers else _claimed(claimed),
        {name: _claimed(each) for name, each in tiers},
    )


def has_jwt(account: str) -> bool:
    """Whether this id is a public key: then the account's limits are in its JWT."""
    return _KEY.fullmatch(account) is not None


def account_info(body: bytes, account: str, where: str) -> Account | None:
    """What the JetStream API tells an account of itself; None where JetStream is not enabled for
    it. Raises SourceError(decode)."""
    info = tolerant.decode(_INFO, body, where)
    if info.error is not None:
        return None
    tiers = {name: _tier(name, raw) for name, raw in list((info.tiers or {}).items())[:_MOST_TIERS]}
    usage = _usage(info, 1)
    if tiers:  # limits of 0 then stand for none
        usage = msgspec.structs.replace(
            usage, memory_limit=None, store_limit=None, streams_limit=None, consumers_limit=None
        )
    return Account(account, account, usage, tiers, info.api.total, info.api.errors)


def stored(report: AccountReport) -> Account:
    """What a server tells of the account's usage on all servers."""
    api = report.api if isinstance(report.api, dict) else {}
    return Account(
        report.id or report.name,
        report.name,
        Usage(
            memory=_count(report.memory),
            memory_limit=_count(report.reserved_memory) or None,
            store=_count(report.storage),
            store_limit=_count(report.reserved_storage) or None,
        ),
        api_requests=_count(api.get("total")),
        api_errors=_count(api.get("errors")),
    )


def _shares(found: tuple[msgspec.Raw, ...]) -> Iterator[AccountShare]:
    for raw in found:
        each = None
        with contextlib.suppress(*tolerant.ODD):
            each = _SHARE.decode(raw)
        if each is None:
            with contextlib.suppress(*tolerant.ODD):
                each = tolerant.lenient(_Share, raw)
        if each is not None:
            yield AccountShare(
                each.acc,
                each.name or each.acc,
                each.conns,
                each.leafnodes,
                each.num_subscriptions,
                each.received.msgs,
                each.sent.msgs,
                each.received.bytes,
                each.sent.bytes,
                each.slow_consumers,
            )


def _tier(name: str, raw: msgspec.Raw) -> Usage:
    """A tier's usage; what is told counts each replica, and the tier's limits count it once."""
    copies = _TIER.fullmatch(name)
    with contextlib.suppress(*tolerant.ODD):
        return _usage(_TIER_INFO.decode(raw), int(copies[1]) if copies else 1)
    return Usage()


def _usage(told: _Tier, copies: int) -> Usage:
    return Usage(
        None if told.memory is None else told.memory // copies,
        _limit(told.limits.max_memory),
        told.reserved_memory,
        None if told.storage is None else told.storage // copies,
        _limit(told.limits.max_storage),
        told.reserved_storage,
        told.streams,
        _limit(told.limits.max_streams),
        told.consumers,
        None,
        _limit(told.limits.max_consumers),
    )


def _claimed(claimed: _ClaimedTier) -> Usage:
    return Usage(
        memory_limit=_limit(claimed.mem_storage),
        store_limit=_limit(claimed.disk_storage),
        streams_limit=_limit(claimed.streams),
        consumers_limit=_limit(claimed.consumer),
    )


def _limit(number: int) -> int | None:
    """None where there is no limit, or nothing is allowed: of nothing there is no share."""
    return number if number > 0 else None


def _count(value: object) -> int | None:
    """A number of /jsz; one that is close to 2^64 is below zero, which stands for no limit."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if isinstance(value, int) and is_number and 0 <= value <= MOST else None
