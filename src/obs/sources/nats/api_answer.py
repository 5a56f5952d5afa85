"""Pages of the JetStream API: lists of streams and of consumers, decoded as /jsz is."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from obs.errors import SourceError
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import ConsumerReport, Moment, StreamReport, unix_seconds
from obs.sources.nats.jsz_answer import consumer_report, stream_report

_Report = TypeVar("_Report", StreamReport, ConsumerReport)

NOT_FOUND: Final = 10059
"""Error code for a stream that does not exist, for example because it was just deleted."""
_NOT_ENABLED: Final = (10039, 10076)  # for the account, or at all


@dataclass(frozen=True, slots=True)
class Listed(Generic[_Report]):
    """One report; `now` is the clock of its leader (Unix seconds), of a stream where it told it."""

    report: _Report
    now: float | None


@dataclass(frozen=True, slots=True)
class Page(Generic[_Report]):
    """A part of a list of `total`; `missing` are those whose leader did not answer."""

    total: int
    listed: tuple[Listed[_Report], ...]
    missing: tuple[str, ...]


class ApiError(SourceError):
    """An error of the JetStream API; `code` is the server's error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__("unavailable" if code in _NOT_ENABLED else "http_status", message)
        self.code = code


class ErrorAnswer(msgspec.Struct, frozen=True, gc=False):
    """Why a request of the JetStream API failed, as the server tells it."""

    code: int = 0
    err_code: int = 0
    description: str = ""


class _Page(msgspec.Struct, frozen=True, gc=False):
    total: int = 0
    streams: tuple[msgspec.Raw, ...] | None = None
    consumers: tuple[msgspec.Raw, ...] | None = None
    missing: tuple[str, ...] | None = None
    error: ErrorAnswer | None = None


class _Config(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Extras(msgspec.Struct, frozen=True, gc=False):
    """What a report has beside that of /jsz: a stream's name is in its configuration."""

    config: _Config | None = None
    ts: Moment | None = None


_PAGE: Final = msgspec.json.Decoder(_Page)
_EXTRAS: Final = msgspec.json.Decoder(_Extras)


def stream_page(body: bytes, where: str) -> Page[StreamReport]:
    """A page of streams. Raises SourceError: decode, or ApiError."""

    def read(number: int, raw: msgspec.Raw) -> Listed[StreamReport]:
        extras = _extras(raw)
        name = extras.config.name if extras.config else ""
        named = b'{"name":%b,%b' % (msgspec.json.encode(name), bytes(raw)[1:]) if name else raw
        return Listed(stream_report(number, msgspec.Raw(named)), unix_seconds(extras.ts))

    page = _page(body, where)
    return _read(page, page.streams, read)


def consumer_page(body: bytes, where: str) -> Page[ConsumerReport]:
    """A page of a stream's consumers. Raises SourceError: decode, or ApiError."""

    def read(number: int, raw: msgspec.Raw) -> Listed[ConsumerReport]:
        return Listed(consumer_report(number, raw), None)

    page = _page(body, where)
    return _read(page, page.consumers, read)


def _page(body: bytes, where: str) -> _Page:
    page = tolerant.decode(_PAGE, body, where)
    if page.error is not None:
        description = " ".join(page.error.description.split())[:200]
        raise ApiError(page.error.err_code, f"{where}: {description}")
    return page


def _read(
    page: _Page,
    items: tuple[msgspec.Raw, ...] | None,
    read: Callable[[int, msgspec.Raw], Listed[_Report]],
) -> Page[_Report]:
    listed = tuple(read(number, raw) for number, raw in enumerate(items or (), 1))
    return Page(page.total, listed, page.missing or ())


def _extras(raw: msgspec.Raw) -> _Extras:
    with contextlib.suppress(*tolerant.ODD):
        return _EXTRAS.decode(raw)
    with contextlib.suppress(*tolerant.ODD):
        return tolerant.lenient(_Extras, raw)
    return _Extras()
