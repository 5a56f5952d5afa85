"""The HTTP side of the collector. It only reads: nothing can be changed through it."""

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from obs.errors import BadInput
from obs.web.connection import Connection
from obs.web.limits import open_file_limit, places
from obs.web.listener import Listener, bound
from obs.web.negotiate import (
    OPENMETRICS,
    PROTOBUF,
    TEXT,
    accepts_gzip,
    accepts_openmetrics,
    accepts_protobuf,
)
from obs.web.streamed import Body, SharedDocument, Streamed
from obs.web.throttle import TooManyWrongPasswords

if TYPE_CHECKING:
    from obs.web.access import Access

PATHS: Final = {
    "/": "status page",
    "/metrics": "Prometheus text, OpenMetrics and Protobuf",
    "/healthz": "liveness: 200 while the collector is healthy",
    "/readyz": "readiness: 200 while every required source is fresh",
    "/api/v1/status": "the status page's data",
    "/api/v1/slo/history": "events of each SLO, every 15 minutes of its window",
}
_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
_MOST_TYPED: Final = 200  # characters of a filter
_CLOSE_WITHIN: Final = 0.5  # seconds that requests under way are given


class Site(Protocol):
    """What is served. Every call answers at once from what the last poll left behind."""

    def metrics(self, *, openmetrics: bool, gzip: bool, protobuf: bool = False) -> Body:
        """All samples, in Prometheus' Protobuf format, OpenMetrics 1.0.0 or Prometheus text 0.0.4,
        compressed if `gzip`."""

    def status(self) -> bytes:
        """The JSON of obs.web.status. Called in a thread of its own, once at a time."""

    def page(self) -> bytes:
        """The status page. Called as `status` is."""

    def page_of(self, typed: str) -> bytes:
        """The same with only what matches these words. Called as `status` is."""

    def slo_history(self) -> bytes:
        """The JSON of obs.web.slo_history. Called as `status` is."""

    def health(self) -> bool:
        """Whether the process does its work."""

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether every required source is fresh, and what is wrong, also where they are."""


class Server:
    """A server that listens. `port` is the real one, also where port 0 was asked for."""

    def __init__(
        self, runner: web.AppRunner, listener: Listener, host: str, port: int, scheme: str
    ) -> None:
        self._runner = runner
        self._listener = listener
        self._closed: asyncio.Task[None] | None = None
        self.port = port
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    async def close(self) -> None:
        """Stop listening and end what is under way, within about a second."""
        if self._closed is None:
            self._closed = asyncio.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        self._listener.stop()
        ended = asyncio.get_running_loop().call_later(_CLOSE_WITHIN, self._listener.end_all)
        await self._runner.cleanup()
        ended.cancel()
        self._listener.end_all()


async def serve(site: Site, listen: str, access: "Access | None" = None) -> Server:
    """Listen on `listen` (host:port, [::1]:9464; port 0: any free one) until closed.

    Raises BadInput where the address is wrong, in use or not allowed.
    """
    host, port = parse_listen(listen)
    runner = web.AppRunner(
        _application(site, access), access_log=None, shutdown_timeout=_CLOSE_WITHIN
    )
    await runner.setup()
    handlers = runner.server
    assert handlers is not None  # after setup
    tls = access is not None and access.tls is not None
    try:
        sockets = await bound(host, port)
        listener = Listener(
            sockets, handlers, places(open_file_limit()), lambda: access.tls if access else None
        )
    except OSError as error:
        await runner.cleanup()
        raise BadInput(f"cannot listen on {listen}: {listen_problem(error)}") from None
    own_port = int(sockets[0].getsockname()[1])
    return Server(runner, listener, host, own_port, "https" if tls else "http")


def parse_listen(listen: str) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 host stands in brackets. Raises BadInput."""
    host, _, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    valid_host = host and (bracketed or ":" not in host)
    if not valid_host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        example = "write host:port, for example 127.0.0.1:9464 or [::1]:9464"
        raise BadInput(f"cannot listen on {listen!r}: {example}")
    return host, int(port)


def listen_problem(error: OSError) -> str:
    """Why an address cannot be listened on, for people."""
    if isinstance(error, socket.gaierror):
        return "unknown host name"
    if error.errno == errno.EADDRINUSE:
        return (
            "the port is in use; is another collector, or `obs demo`, running? Choose another with "
            "--listen, or in outputs.web"
        )
    if error.errno == errno.EACCES:
        return "not allowed; ports below 1024 need privileges"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this host does not have that address"
    return error.strerror or "refused by the operating system"


def _application(site: Site, access: "Access | None") -> web.Application:
    application = web.Application(middlewares=[_sent_whole, _guard(access), _plain_errors])

    async def secure(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = "obs"
        for name, value in _SECURITY.items():
            response.headers.setdefault(name, value)
        if access is not None:
            response.headers.update(access.headers)

    application.on_response_prepare.append(secure)
    routes = _Routes(site)
    for path, handler in (
        ("/", routes.page),
        ("/metrics", routes.metrics),
        ("/healthz", routes.health),
        ("/readyz", routes.ready),
        ("/api/v1/status", routes.status),
        ("/api/v1/slo/history", routes.slo_history),
    ):
        application.router.add_get(path, handler)  # HEAD comes with it
    return application


class _Routes:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._page = SharedDocument(self._site.page)
        self._status = SharedDocument(self._site.status)
        self._slo_history = SharedDocument(self._site.slo_history)

    async def page(self, request: web.Request) -> web.StreamResponse:
        from obs.web.page.document import policy  # noqa: PLC0415  most collectors are only scraped

        typed = request.query.get("filter", "").strip()[:_MOST_TYPED]
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy(),
            "Vary": "Accept-Encoding",
        }
        gzip = accepts_gzip(_header(request, "Accept-Encoding"))
        if not typed:
            return Streamed(await self._page.body(gzip=gzip), headers, gzip=gzip)
        document = await self._page.other(lambda: self._site.page_of(typed))
        return Streamed(document, headers, gzip=False)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        accept = _header(request, "Accept")
        protobuf, openmetrics = accepts_protobuf(accept), accepts_openmetrics(accept)
        gzip = accepts_gzip(_header(request, "Accept-Encoding"))
        headers = {
            "Content-Type": PROTOBUF if protobuf else OPENMETRICS if openmetrics else TEXT,
            "Vary": "Accept, Accept-Encoding",
        }
        body = self._site.metrics(openmetrics=openmetrics, gzip=gzip, protobuf=protobuf)
        return Streamed(body, headers, gzip=gzip)

    async def status(self, request: web.Request) -> web.StreamResponse:
        return await _json(self._status, request)

    async def slo_history(self, request: web.Request) -> web.StreamResponse:
        return await _json(self._slo_history, request)

    async def health(self, _: web.Request) -> web.Response:
        return _text("ok") if self._site.health() else _text("unhealthy", 503)

    async def ready(self, _: web.Request) -> web.Response:
        ready, reasons = self._site.readiness()
        if ready:
            return _text("\n".join(["ready", *reasons]))
        return _text("\n".join(reasons) or "not ready", 503)


async def _json(document: SharedDocument, request: web.Request) -> Streamed:
    gzip = accepts_gzip(_header(request, "Accept-Encoding"))
    headers = {"Content-Type": "application/json", "Vary": "Accept-Encoding"}
    return Streamed(await document.body(gzip=gzip), headers, gzip=gzip)


def _header(request: web.Request, name: str) -> str:
    # A list may come in several header lines (RFC 9110, section 5.3).
    return ",".join(request.headers.getall(name, ()))


@web.middleware
async def _sent_whole(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the answer here, so that the connection knows when the client has read it."""
    connection = request.protocol
    assert isinstance(connection, Connection)
    async with connection.answering():
        response = await handler(request)
        await response.prepare(request)
        if isinstance(response, Streamed) and request.method != "HEAD":
            await response.send(connection.sent)
        await response.write_eof()
        return response


def _guard(access: "Access | None") -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if access is None:
            return await handler(request)
        certificate = request.get_extra_info("peercert") or {}
        assert isinstance(request.protocol, Connection)
        address = request.protocol.address
        try:
            allowed = await access.allows(
                request.headers.get("Authorization"), certificate, address
            )
        except TooManyWrongPasswords as error:
            response = _text("too many wrong passwords from this address; try again later", 429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        if not allowed:
            response = _text("Unauthorized", 401)
            response.headers["WWW-Authenticate"] = 'Basic realm="obs", charset="UTF-8"'
            return response
        return await handler(request)

    return guard


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed:
        response = _text("only GET and HEAD are allowed", 405)
        response.headers["Allow"] = "GET, HEAD"
        return response
    except web.HTTPNotFound:
        paths = "\n".join(f"{path:21}{meaning}" for path, meaning in PATHS.items())
        return _text(f"Not found. Available paths:\n{paths}", 404)


def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{text}\n", status=status)
