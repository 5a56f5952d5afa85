"""What is a secret by its form, also where it was never read: in answers, addresses, headers."""

import re
from collections.abc import Callable
from typing import Final

from obs.redaction.issued import ISSUED
from obs.redaction.known import REDACTED

_NAMED: Final = (
    r"(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|routing[_-]?key|service[_-]?key|integration[_-]?key|private[_-]?key|credentials?|signature)"
)
_HEADER: Final = (
    r"(?:proxy-)?authorization|(?:set-)?cookie|(?:x-)?[a-z]{2,8}-(?:api-)?(?:key|token)"
    r"|x-(?:amz-)?(?:auth|security|api)-?(?:key|token)|api-?key"
)
_GAP: Final = r"(?:\s|\+|%20)"
_QUOTE: Final = r"\\{0,3}[\"']"
_IN_QUOTES: Final = r"(?:[^\\\"'<>]|\\(?!\\{0,2}[\"']))+"
_VALUE: Final = r"[^\s\"'<>&,;\\]+"

_ALONE: Final = tuple(issued for issued in ISSUED if issued.alone)

Replacement = str | Callable[[re.Match[str]], str]


def _login(match: re.Match[str]) -> str:
    """Basic and Bearer with something that is not just the next word of a sentence."""
    scheme, gap, value = match.groups()
    odd = re.search(r"[0-9+/=_.~-]|[a-z][A-Z]", value.rstrip("."))
    return f"{scheme}{gap}{REDACTED}" if odd else match.group()


_SHAPES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], Replacement], ...]] = (
    (
        ("-----begin",),
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}(?:PRIVATE KEY|SEED|JWT)-.{0,65536}?"
            r"(?:-----END [A-Z ]{0,40}-+|\Z)",
            re.DOTALL,
        ),
        REDACTED,
    ),
    (
        ("authorization", "cookie", "key", "token"),
        re.compile(
            rf"(?i)({_HEADER})({_QUOTE}\s{{0,9}}[:=,]\s{{0,9}}b?{_QUOTE}|\s{{0,9}}(?:[:=]|%3a){_GAP}{{0,9}})"
            rf"((?:basic|bearer|digest|token|splunk|aws4-hmac-sha256){_GAP}{{1,9}})?{_VALUE}"
        ),
        rf"\1\2\3{REDACTED}",
    ),
    (
        ("basic", "bearer"),
        re.compile(r"(?i)\b(basic|bearer)(\s{1,9}|%20|\+)([\w+/=.~-]{4,})"),
        _login,
    ),
    (
        ("=", '"', "'", ">"),
        re.compile(
            rf"(?i)({_NAMED})(?:(={_QUOTE}|{_QUOTE}\s{{0,9}}[:=]\s{{0,9}}b?{_QUOTE}){_IN_QUOTES}"
            rf"|(=|>){_VALUE})"
        ),
        rf"\1\2\3{REDACTED}",
    ),
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"), REDACTED),
    (("s",), re.compile(r"(?<![A-Z0-9])S[ACNOUX][A-Z2-7]{24,}"), REDACTED),
    (("akia", "asia"), re.compile(r"\bA(?:KI|SI)A[A-Z0-9]{12,}"), REDACTED),
    (("$2",), re.compile(r"\$2[aby]?\$\d\d\$[./A-Za-z0-9]{20,53}"), REDACTED),
    (
        ("hooks.slack", "/integration/"),
        re.compile(r"(?i)(hooks\.slack[\w.-]*/\w+/|pagerduty\.com/integration/)[^\s\"'<>]+"),
        rf"\1{REDACTED}",
    ),
    (
        tuple(issued.sign.lower() for issued in _ALONE),
        re.compile(rf"\b(?:{'|'.join(issued.prefix for issued in _ALONE)})[\w.-]{{8,}}"),
        REDACTED,
    ),
)
"""What a text in lower case contains wherever the expression may match, the expression (linear in
the text), and what replaces it."""

_RUN: Final = re.compile(r"[^\s\"'<>`]+")
_SCHEME: Final = re.compile(r".*?[A-Za-z][\w+.-]{0,30}://", re.DOTALL)


def without_shapes(text: str) -> str:
    """The text with whatever has the form of a secret replaced by `…`."""
    lower = text.lower()
    for words, pattern, replacement in _SHAPES:
        if any(word in lower for word in words):
            text = pattern.sub(replacement, text)
    return _RUN.sub(_without_user_info, text) if "@" in text else text


def _without_user_info(match: re.Match[str]) -> str:
    """`user:password@host`, with a scheme or without, as `…@host`; a mail address stays."""
    run = match.group()
    info, at, host = run.rpartition("@")
    scheme = _SCHEME.match(info)
    before = scheme.group() if scheme else info[: len(info) - len(info.lstrip("[({,;=|"))]
    secret = info[len(before) :]
    if not at or (not scheme and ":" not in secret) or not secret:
        return run
    if scheme and re.search(r"[/?#]", secret) and ":" not in secret:
        return run  # an @ in a path
    return f"{before}{REDACTED}@{host}"
