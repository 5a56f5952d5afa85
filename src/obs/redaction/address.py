"""What is secret about an address: user info, and tokens in its path or query."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from obs.redaction.known import KNOWN, REDACTED

_WORDS: Final = re.compile(r"v?\d{1,4}|[A-Za-z]{1,16}\d{0,4}(?:[-_.~][A-Za-z]{0,16}\d{0,4}){0,6}")
"""A segment of a path that people made up: words, small numbers. Others may be tokens."""
_FILE: Final = re.compile(r"[./\\~]")
_LONG: Final = 16  # characters
_SECRET_NAME: Final = re.compile(r"(?i)pass|pwd|secret|token|key|auth|sig|cred")


def remember_address(url: str) -> None:
    """Remember what is secret about an address, so that it is redacted wherever it appears."""
    for secret in _secrets(url):
        KNOWN.add(secret)


def remember_mistaken_path(text: str) -> None:
    """Remember what was written where the path of a secret's file belongs, if it looks like the
    secret itself."""
    if not _FILE.search(text) and not _WORDS.fullmatch(text) and len(text) >= _LONG:
        KNOWN.add(text)


def shown_address(url: str) -> str:
    """The address without user info, query, fragment and what may be a token in its path.

    It depends on nothing else, so that it can identify what is there.
    """
    parts = urlsplit(url)
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    segments = (x if _WORDS.fullmatch(x) or not x else REDACTED for x in parts.path.split("/"))
    return f"{scheme}{parts.netloc.rpartition('@')[2]}{'/'.join(segments)}"


def remember_variable(name: str, value: str) -> None:
    """Remember the value of an environment variable whose name says that it is a secret."""
    if value and _SECRET_NAME.search(name):
        KNOWN.add(value)


def _secrets(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:
        return
    user_info = parts.netloc.rpartition("@")[0]
    if user_info:
        user, colon, password = user_info.partition(":")
        yield from {password, unquote(password)} if colon else {user, unquote(user)}
    for segment in parts.path.split("/"):
        if not _WORDS.fullmatch(segment):
            yield from {segment, unquote(segment)}
    for name, value in parse_qsl(parts.query):
        if _SECRET_NAME.search(name) or not _WORDS.fullmatch(value):
            yield value
    if parts.fragment and not _WORDS.fullmatch(parts.fragment):
        yield parts.fragment
