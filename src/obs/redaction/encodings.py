"""How a secret looks where it is sent, and where another system repeats it."""

import base64
import contextlib
import html
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_LONGEST_PACKED: Final = 256
"""Characters. A longer secret is a token or key of its own, which nothing encodes once more."""


def encodings(secret: str) -> frozenset[str]:
    """The secret as it is, quoted and escaped, and inside base64 and hexadecimal."""
    if not secret:
        return frozenset()
    found = {secret, secret.strip(), " ".join(secret.split()), *_escaped(secret)}
    if len(secret) <= _LONGEST_PACKED:
        found |= packed(secret)
    found.discard("")
    return frozenset(found)


def packed(secret: str) -> frozenset[str]:
    """The secret inside base64 and hexadecimal."""
    found: set[str] = set()
    for octets in _octets(secret):
        found |= {octets.hex(), octets.hex().upper(), *_in_base64(octets)}
    return frozenset(found - {""})


def _octets(secret: str) -> set[bytes]:
    octets = {secret.encode(errors="surrogatepass")}
    with contextlib.suppress(UnicodeEncodeError):
        octets.add(secret.encode("latin-1"))  # as HTTP libraries write headers
    return octets


def _escaped(secret: str) -> Iterator[str]:
    """In addresses, JSON, HTML and XML, and as Python and Go print it."""
    octets = secret.encode(errors="surrogatepass")
    for write in (quote, quote_plus):
        for safe in ("", "/"):
            quoted = write(octets, safe=safe)
            yield quoted
            yield _in_lower_case(quoted)
    for ascii_only in (True, False):
        written = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        for each in (written, written.replace("/", r"\/"), _as_go_writes(written)):
            yield each
            yield json.dumps(each, ensure_ascii=ascii_only)[1:-1]  # JSON inside a text of JSON
    written = html.escape(secret)  # " as &quot; and ' as &#x27;
    yield written
    yield written.replace("&#x27;", "&apos;")
    yield written.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield html.escape(secret, quote=False)
    for literal in (repr(secret), ascii(secret), repr(octets)[1:]):
        yield literal[1:-1]
    yield octets.decode("latin-1")  # UTF-8 that somebody took for Latin-1


def _in_lower_case(quoted: str) -> str:
    """%2F as %2f."""
    first, *others = quoted.split("%")
    return first + "".join(f"%{each[:2].lower()}{each[2:]}" for each in others)


def _as_go_writes(text: str) -> str:
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _in_base64(octets: bytes) -> Iterator[str]:
    """What is the same of it wherever it stands in something encoded: two texts for each offset.

    The characters that also depend on what precedes are left out, and in the second text those
    that depend on what follows.
    """
    for before, lost in ((0, 0), (1, 2), (2, 3)):
        kept = len(octets) + before
        last = base64.b64encode(b"\0" * before + octets).decode()[lost:]
        inner = last.rstrip("=")[:-1] if kept % 3 else last
        for each in (last, inner):
            yield each
            yield each.replace("+", "-").replace("/", "_")
