"""What is secret about a header that somebody wrote into a file."""

import base64
import binascii
import contextlib
from typing import Final

from obs.redaction.known import KNOWN

_PLAIN: Final = frozenset(
    ("accept", "content-type", "host", "user-agent", "x-scope-orgid", "thanos-tenant")
)
"""Headers whose values are no secret: a tenant's name may be redacted nowhere."""


def remember_header(name: str, value: str) -> None:
    """Remember the value of a header, and what basic authentication has in it.

    `name` is in lower case.
    """
    if name in _PLAIN:
        return
    scheme, space, credentials = value.partition(" ")
    if not space:
        KNOWN.add(value)
        return
    KNOWN.add(credentials.strip())
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, ValueError):
            user, colon, password = base64.b64decode(credentials).decode().partition(":")
            if colon:
                KNOWN.add_login(user, password)
