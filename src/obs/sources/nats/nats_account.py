"""Streams and consumers as an account may list them itself, over one connection.

The JetStream API gives pages of what leaders answer. An account stands here for one server that
leads all of its own, so that the rest of obs need not tell the ways apart.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import msgspec

from obs.clients.nats_session import Connected, NatsSession
from obs.errors import SourceError
from obs.snapshot.accounts import Account
from obs.sources.nats import subjects
from obs.sources.nats.account_pages import Limits, account_info
from obs.sources.nats.api_answer import (
    NOT_FOUND,
    ApiError,
    Listed,
    Page,
    consumer_page,
    stream_page,
)
from obs.sources.nats.clocks import ahead
from obs.sources.nats.completeness import Shortfall
from obs.sources.nats.jsz import (
    AccountReport,
    Cluster,
    ConsumerReport,
    ElsewhereStream,
    StreamReport,
)
from obs.sources.nats.jsz_answer import Wanted
from obs.sources.nats.server_answer import AnswerPart, ServerAnswer
from obs.sources.nats.varz import Varz
from obs.spec.nats import NatsConnection

_Report = TypeVar("_Report", StreamReport, ConsumerReport)

_Result = TypeVar("_Result")

_AT_ONCE: Final = 8  # requests; the server has one queue for all accounts
_MOST_PAGES: Final = (
    1000  # of one list; a server whose total always grows must not be asked for ever
)


@dataclass(slots=True)
class _ListedStream:
    """One stream, when it was asked for, and its consumers."""

    stream: Listed[StreamReport]
    asked: float
    answered: float
    consumers: dict[str, ConsumerReport] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    error: SourceError | None = None
    consumers_at: float = 0.0


class NatsAccount:
    """One account, as its own user sees it."""

    def __init__(
        self,
        session: NatsSession,
        spec: NatsConnection,
        clock: Callable[[], float],
        *,
        groups: Collection[str] = (),
        wanted: Wanted | None = None,
    ) -> None:
        """`clock` gives Unix seconds; `groups`: what is collected beside streams and consumers;
        `wanted`: the streams whose consumers are asked for."""
        self._wanted = wanted
        self._groups = groups
        self._session = session
        self._spec = spec
        self._clock = clock
        self.name = f"account {spec.account}"
        """What stands for a server's name; no server's name has a space."""

    def answer(self) -> ServerAnswer:
        """What it tells, or why it does not. Blocks."""
        try:
            return self._session.run(self._ask, 4 * self._session.timeout + 1)
        except SourceError as error:
            return ServerAnswer(self.name, error=error)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    async def _ask(self, on: Connected) -> ServerAnswer:
        asked = self._clock()
        at_once = asyncio.Semaphore(_AT_ONCE)
        streams, missing, every = await self._streams(on, at_once)
        streams = [each if self._wants(each) else _elsewhere(each) for each in streams]
        with_consumers = [each for each in streams if each.stream.report.state.consumer_count]
        await _together(self._consumers(on, at_once, each) for each in with_consumers)
        there = [each for each in streams if not _is_gone(each)]
        return ServerAnswer(
            self.name,
            Varz(server_id=self.name, server_name=self.name, version=on.server.version),
            short=self._shortfall(there, missing) if every else _NOT_EVERY,
            asked=asked,
            answered=self._clock(),
            parts=tuple(part for each in there for part in self._parts(each)),
            is_account=True,
            own=await self._own(on) if "accounts" in self._groups else (),
        )

    def _wants(self, of: "_ListedStream") -> bool:
        wanted = self._wanted
        return wanted is None or wanted(self._spec.account, of.stream.report.name)

    async def _own(self, on: Connected) -> tuple[Account, ...]:
        """What the account uses and may use; where that is not told, its streams are."""
        try:
            body = await on.request(subjects.account_info(self._spec.api))
            told = account_info(body, self._spec.account, self.name)
        except SourceError:
            return ()
        return () if told is None else (told,)

    async def _streams(
        self, on: Connected, at_once: asyncio.Semaphore
    ) -> tuple[list[_ListedStream], set[str], bool]:
        """The streams without their consumers, names of those without an answer, and whether that
        is all."""
        found: dict[str, _ListedStream] = {}
        missing: set[str] = set()

        async def read(offset: int) -> Page[StreamReport]:
            async with at_once:
                begun = self._clock()
                body = await on.request(subjects.stream_list(self._spec.api), _from(offset))
            page = stream_page(body, f"{self.name}: streams")
            ended = self._clock()
            for each in page.listed:
                found[each.report.name] = _ListedStream(each, begun, ended)
            missing.update(page.missing)
            return page

        every = await _all_pages(read, lambda: len(found) + len(missing))
        return list(found.values()), missing - found.keys(), every

    async def _consumers(
        self, on: Connected, at_once: asyncio.Semaphore, of: _ListedStream
    ) -> None:
        """Add a stream's consumers to it, or why they cannot be told."""
        name = of.stream.report.name
        subject = subjects.consumer_list(self._spec.api, name)

        async def read(offset: int) -> Page[ConsumerReport]:
            async with at_once:
                body = await on.request(subject, _from(offset))
            page = consumer_page(body, f"{self.name}, stream {name}: consumers")
            of.consumers.update((each.report.name, each.report) for each in page.listed)
            of.missing.update(page.missing)
            return page

        try:
            await _all_pages(read, lambda: len(of.consumers) + len(of.missing))
        except SourceError as error:
            of.error = error
        of.consumers_at = self._clock()

    def _parts(self, of: _ListedStream) -> Iterator[AnswerPart]:
        """The stream, and again with its consumers, of a later moment."""
        stream, now = self._led(of.stream.report), of.stream.now
        leader = of.stream.report.cluster.leader if of.stream.report.cluster else ""
        bounds = None if now is None else ahead(now, of.asked, of.answered)
        clock = f"{self.name}/{leader}"
        yield AnswerPart(self._of_account(stream), of.answered, bounds, clock)
        if of.consumers:
            consumers = tuple(self._led(each) for each in of.consumers.values())
            stream = msgspec.structs.replace(stream, consumer_detail=consumers)
            yield AnswerPart(self._of_account(stream), of.consumers_at, bounds, clock)

    def _of_account(self, stream: StreamReport) -> tuple[AccountReport, ...]:
        return (AccountReport(self._spec.account, (stream,)),)

    def _led(self, report: _Report) -> _Report:
        """The report as of this account's server: only a leader answers."""
        replicas = report.cluster.replicas if report.cluster else ()
        return msgspec.structs.replace(report, cluster=Cluster(self.name, replicas))

    def _shortfall(
        self, streams: Sequence[_ListedStream], missing: Iterable[str]
    ) -> Shortfall | None:
        short = [*missing, *(each.stream.report.name for each in streams if _is_short(each))]
        if not short:
            return None
        words = next(_reasons(streams), "no leader answers for all that it lists")
        only = frozenset((self._spec.account, name) for name in short)
        return Shortfall("incomplete", words, only)


class NatsAccounts:
    """Several accounts, asked at the same time; one that cannot be asked hides no other."""

    def __init__(self, accounts: Iterable[NatsAccount]) -> None:
        self._accounts = tuple(accounts)
        self._pool = ThreadPoolExecutor(len(self._accounts), thread_name_prefix="obs-nats-accounts")

    @property
    def names(self) -> Mapping[str, str]:
        """The accounts' names, which are their addresses too."""
        return {each.name: each.name for each in self._accounts}

    @property
    def unreached(self) -> Sequence[str]:
        """None: who leads what is the servers' business."""
        return ()

    def answers(
        self, *, with_config: bool, only: Collection[str] | None = None
    ) -> list[ServerAnswer]:
        """One answer an account; the API always tells settings."""
        asked = [each for each in self._accounts if only is None or each.name in only]
        answers = [self._pool.submit(copy_context().run, each.answer) for each in asked]
        return [each.result() for each in answers]

    def limits(self, accounts: Mapping[str, str]) -> Mapping[str, Limits]:
        """None: each account tells its limits with its usage."""
        return {}

    def close(self) -> None:
        """Close the connections."""
        for each in self._accounts:
            each.close()
        self._pool.shutdown(cancel_futures=True)


async def _all_pages(
    read: Callable[[int], Coroutine[Any, Any, Page[_Report]]], number: Callable[[], int]
) -> bool:
    """Read the first page, and at once all others that its total asks for; whether that is all.

    What is deleted meanwhile moves others to pages that were read already: then all is read once
    more. `number` is how many were told so far.
    """
    for _ in range(2):
        first = await read(0)
        totals = [first.total]
        size = len(first.listed) + len(first.missing)
        offsets = range(size, first.total, size) if size else range(0)
        rest = await _together(read(offset) for offset in offsets[:_MOST_PAGES])
        totals += [each.total for each in rest]
        if number() >= min(totals):
            return True
    return False


def _from(offset: int) -> bytes:
    return msgspec.json.encode({"offset": offset})


async def _together(work: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """All results; the first that fails ends the others. Raises what it raises."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for each in tasks:
            each.cancel()


_NOT_EVERY: Final = Shortfall("incomplete", "it lists fewer streams than it counts")


def _elsewhere(each: _ListedStream) -> _ListedStream:
    """What stands for a stream that another shard's collector watches."""
    found = each.stream.report
    named = ElsewhereStream(found.name, consumers=found.state.consumer_count)
    return _ListedStream(replace(each.stream, report=named), each.asked, each.answered)


def _is_gone(each: _ListedStream) -> bool:
    """Whether it was deleted between the two lists."""
    return isinstance(each.error, ApiError) and each.error.code == NOT_FOUND


def _is_short(each: _ListedStream) -> bool:
    if each.error is not None or each.missing:
        return True
    return each.stream.report.state.consumer_count > len(each.consumers)


def _reasons(streams: Sequence[_ListedStream]) -> Iterator[str]:
    return (str(each.error) for each in streams if each.error is not None)
