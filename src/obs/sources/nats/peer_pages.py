"""Pages of monitoring ports as another exporter reads them, beside what obs itself reads.

A page that obs asks for anyway is decoded once more: only where the spec wants the other exporter's
names served is this in use at all.
"""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from obs.errors import SourceError
from obs.snapshot.peer_pages import PeerAccount, PeerJsz, PeerServer, PeerStream
from obs.sources.nats import tolerant
from obs.sources.nats.jetstream import ClusterView
from obs.sources.nats.jsz_answer import check_objects
from obs.sources.nats.server_answer import Get, ServerAnswer, address

_JSZ_PAGE: Final = "/jsz"
_VARZ_PAGE: Final = "/varz"
_WANTED: Final = ("config=1", "raft=1")
"""What the other exporter asks /jsz for beside what obs does."""
_JSZ: Final = msgspec.json.Decoder(PeerJsz)
_VARZ: Final = msgspec.json.Decoder(dict[str, Any])

Asset = tuple[str, ...]


@dataclass(slots=True)
class _Pages:
    """The last pages of an address."""

    varz: dict[str, object] | None = None
    jsz: PeerJsz | None = None


class PeerPages:
    """Reads pages through another client and keeps those of the last poll."""

    def __init__(self, http: Get) -> None:
        self._http = http
        self._kept: dict[str, _Pages] = {}

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        """The page; its values for the other exporter are kept."""
        parts = urlsplit(url)
        is_jsz = parts.path.endswith(_JSZ_PAGE)
        if is_jsz:
            more = [each for each in _WANTED if each not in parts.query.split("&")]
            url = parts._replace(query="&".join((parts.query, *more))).geturl()
        body = self._http.get(url, accepted)
        if is_jsz or parts.path.endswith(_VARZ_PAGE):
            base = url.rpartition(_JSZ_PAGE if is_jsz else _VARZ_PAGE)[0]
            pages = self._kept.setdefault(base, _Pages())
            if is_jsz:
                pages.jsz = _jsz(body, address(base))
            else:
                pages.varz = _varz(body)
        return body

    def of(self, answers: Sequence[ServerAnswer], view: ClusterView) -> tuple[PeerServer, ...]:
        """The pages of the servers that answered, with the assets that have series of ours."""
        kept, self._kept = self._kept, {}
        streams = {(each.account, each.name) for each in view.streams}
        consumers = {(each.account, each.stream, each.name) for each in view.consumers}
        chosen = _Chosen(streams, consumers, view.labels)
        return tuple(chosen.servers(answers, kept))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The assets that have series."""

    streams: Collection[Asset]
    consumers: Collection[Asset]
    labels: Mapping[str, str]

    def servers(
        self, answers: Sequence[ServerAnswer], kept: dict[str, _Pages]
    ) -> Iterator[PeerServer]:
        """Those of which both pages are of the same server."""
        for answer in answers:
            pages = kept.get(answer.url)
            if answer.varz is None or pages is None or pages.varz is None or pages.jsz is None:
                continue
            if pages.varz.get("server_id") == pages.jsz.server_id == answer.varz.server_id:
                details = tuple(map(self._account, pages.jsz.account_details or ()))
                jsz = msgspec.structs.replace(pages.jsz, account_details=details)
                yield PeerServer(answer.url, pages.varz, jsz)

    def _account(self, account: PeerAccount) -> PeerAccount:
        label = self.labels.get(account.id or account.name, "")
        streams = tuple(
            self._stream(label, each)
            for each in account.stream_detail or ()
            if (label, each.name) in self.streams
        )
        return msgspec.structs.replace(account, stream_detail=streams)

    def _stream(self, account: str, stream: PeerStream) -> PeerStream:
        told = stream.consumer_detail or ()
        kept = tuple(each for each in told if (account, stream.name, each.name) in self.consumers)
        if len(kept) == len(told):
            return stream
        return msgspec.structs.replace(stream, consumer_detail=kept)


def _jsz(body: bytes, server: str) -> PeerJsz | None:
    """None where it is no answer of /jsz; obs says so itself."""
    with contextlib.suppress(SourceError):
        check_objects(body, server)
        return tolerant.decode(_JSZ, body, server)
    return None


def _varz(body: bytes) -> dict[str, object] | None:
    with contextlib.suppress(*tolerant.ODD):
        return _VARZ.decode(body)
    return None
