"""When the JWTs with which connections sign in expire."""

import base64
import binascii
import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from obs.errors import BadInput
from obs.sources.nats import tolerant
from obs.spec.nats_login import NatsLogin

_JWT: Final = re.compile(r"^[\w-]+\.([\w-]+)\.[\w-]+$", re.MULTILINE | re.ASCII)


class _Claims(msgspec.Struct, frozen=True, gc=False):
    exp: Annotated[int, msgspec.Meta(lt=1 << 53)] = 0  # Unix seconds; 0: never


def expiries(logins: Mapping[str, NatsLogin]) -> dict[str, float]:
    """Of the connections whose JWT expires, when it does (Unix seconds).

    Reads the files anew, since they are replaced while the collector runs. What cannot be read has
    no expiry here: the connection itself says so.
    """
    found: dict[str, float] = {}
    for connection, login in logins.items():
        with contextlib.suppress(OSError, UnicodeDecodeError, BadInput):
            if expiry := expiry_of(_text(login)):
                found[connection] = expiry
    return found


def expiry_of(text: str) -> float | None:
    """When the first JWT in a text expires; None where it does not, or there is none."""
    jwt = _JWT.search(text)
    if jwt is None:
        return None
    padded = jwt[1] + "=" * (-len(jwt[1]) % 4)
    with contextlib.suppress(binascii.Error, *tolerant.ODD):
        claims = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims)
        return float(claims.exp) if claims.exp > 0 else None
    return None


def _text(login: NatsLogin) -> str:
    if login.credentials_file is not None:
        return Path(login.credentials_file).read_text(encoding="utf-8")
    jwt = login.jwt or login.jwt_file
    return jwt.reveal() if jwt else ""
