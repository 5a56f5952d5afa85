"""The HTTP side of the collector. It only reads: nothing can be changed through it."""

import base64
import errno
import hashlib
import re
import socket
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from obs.errors import BadInput
from obs.web.negotiate import OPENMETRICS, TEXT, accepts_gzip, accepts_openmetrics

if TYPE_CHECKING:
    from obs.web.access import Access

_PATHS: Final = {
    "/": "status page",
    "/metrics": "Prometheus text and OpenMetrics",
    "/healthz": "liveness: 200 while the collector is healthy",
    "/readyz": "readiness: 200 while every required source is fresh",
    "/api/v1/status": "the status page's data",
}
_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
}
_COMPRESS_IN_THREAD_ABOVE: Final = 64 * 1024  # bytes
_CLOSE_WITHIN: Final = 1.0  # seconds that requests under way are given


class Site(Protocol):
    """What is served. Every call answers at once from what the last poll left behind."""

    def metrics(self, *, openmetrics: bool, gzip: bool) -> bytes:
        """All samples, in OpenMetrics 1.0.0 or Prometheus text 0.0.4, compressed if `gzip`."""

    def status(self) -> bytes:
        """The JSON of obs.web.status."""

    def health(self) -> bool:
        """Whether the process does its work."""

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether every required source is fresh, and what is wrong, also where they are."""


class Server:
    """A server that listens. `port` is the real one, also where port 0 was asked for."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, scheme: str) -> None:
        self._runner = runner
        self.port = port
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"

    async def close(self) -> None:
        """Stop listening and end what is under way, within about a second."""
        await self._runner.cleanup()


async def serve(site: Site, listen: str, access: "Access | None" = None) -> Server:
    """Listen on `listen` (host:port, [::1]:9464; port 0: any free one) until closed.

    Raises BadInput where the address is wrong, in use or not allowed.
    """
    host, port = parse_listen(listen)
    runner = web.AppRunner(
        _application(site, access), access_log=None, shutdown_timeout=_CLOSE_WITHIN
    )
    await runner.setup()
    tls = access.tls if access else None
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        raise BadInput(f"cannot listen on {listen}: {_listen_problem(error)}") from None
    return Server(runner, host, int(runner.addresses[0][1]), "https" if tls else "http")


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


def _listen_problem(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "unknown host name"
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; is another collector running? Choose another in outputs.web"
    if error.errno == errno.EACCES:
        return "not allowed; ports below 1024 need privileges"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this host does not have that address"
    return error.strerror or "refused by the operating system"


def _application(site: Site, access: "Access | None") -> web.Application:
    application = web.Application(middlewares=[_guard(access), _plain_errors])

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
    ):
        application.router.add_get(path, handler)  # HEAD comes with it
    return application


class _Routes:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def page(self, _: web.Request) -> web.Response:
        body, policy = _page()
        headers = {"Content-Security-Policy": policy}
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def metrics(self, request: web.Request) -> web.Response:
        openmetrics = accepts_openmetrics(_header(request, "Accept"))
        gzip = accepts_gzip(_header(request, "Accept-Encoding"))
        headers = {
            "Content-Type": OPENMETRICS if openmetrics else TEXT,
            "Vary": "Accept, Accept-Encoding",
        }
        if gzip:
            headers["Content-Encoding"] = "gzip"
        body = self._site.metrics(openmetrics=openmetrics, gzip=gzip)
        return web.Response(body=body, headers=headers)

    async def status(self, request: web.Request) -> web.Response:
        response = web.Response(
            body=self._site.status(),
            content_type="application/json",
            headers={"Vary": "Accept-Encoding"},
            zlib_executor_size=_COMPRESS_IN_THREAD_ABOVE,
        )
        if accepts_gzip(_header(request, "Accept-Encoding")):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def health(self, _: web.Request) -> web.Response:
        return _text("ok") if self._site.health() else _text("unhealthy", 503)

    async def ready(self, _: web.Request) -> web.Response:
        ready, reasons = self._site.readiness()
        if ready:
            return _text("\n".join(["ready", *reasons]))
        return _text("\n".join(reasons) or "not ready", 503)


def _header(request: web.Request, name: str) -> str:
    # A list may come in several header lines (RFC 9110, section 5.3).
    return ",".join(request.headers.getall(name, ()))


def _guard(access: "Access | None") -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if access is not None:
            certificate = request.get_extra_info("peercert") or {}
            if not await access.allows(request.headers.get("Authorization"), certificate):
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
        paths = "\n".join(f"{path:16}{meaning}" for path, meaning in _PATHS.items())
        return _text(f"Not found. Available paths:\n{paths}", 404)


def _text(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{text}\n", status=status)


@cache
def _page() -> tuple[bytes, str]:
    """The status page, and the policy that lets run what is written in it and nothing else."""
    html = files("obs.web").joinpath("page.html").read_text("utf-8")
    scripts = _hashes(html, "script")
    styles = _hashes(html, "style")
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html.encode(), policy


def _hashes(html: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in found)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
