"""Whose requests the preview's page answers, and what it logs of the others."""

import logging
import re
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

HOST: Final = "127.0.0.1"
_HOSTS: Final = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_OWN: Final = ("same-origin", "none")
_DATA: Final = "/api/"


@web.middleware
async def own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what another site asks of this machine's browser.

    A foreign host name that resolves to loopback must not read the data (DNS rebinding), and a
    page of another site must not start queries. It may have a link to a page of this one.
    """
    # The header itself: aiohttp lets a request line with a whole address replace it.
    if not _HOSTS.fullmatch(request.headers.get("Host", "")):
        raise web.HTTPForbidden(text="this page is served to 127.0.0.1 and localhost only\n")
    asked_from = request.headers.get("Sec-Fetch-Site", "none")
    if request.path.startswith(_DATA) and asked_from not in _OWN:
        raise web.HTTPForbidden(text="this data is for the page of the preview only\n")
    return await handler(request)


class _OneLine(logging.Filter):
    """Of a malformed request nothing, of any other failure one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            return False
        if error is not None:
            said = " ".join(str(error).split())[:200]
            record.msg, record.args = "a request failed: %s: %r", (type(error).__name__, said)
            record.exc_info = None
        return True


LOG: Final = logging.getLogger("obs.dashboard_preview")
LOG.addFilter(_OneLine())
