"""Personal data and secrets in a text: formats, and tests that rule out look-alikes.

Sources of the formats: Luhn and issuer ranges ISO/IEC 7812; social security numbers SSA (no area
000, 666 or 9xx, no group 00, no serial 0000); telephone numbers ITU-T E.164 and the North American
plan; AWS key ids IAM user guide, "Unique identifiers"; NATS seeds nkeys.
"""

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

Judge = Callable[[str], bool]


def kinds(text: str) -> tuple[str, ...]:
    """The kinds of personal data and secrets in a text, in words, without the values."""
    return tuple(kind for kind, pattern, sure in _KINDS if _any(pattern, sure, text))


def telltale(name: str) -> str | None:
    """What the name of a field suggests it holds; None where that is nothing personal.

    `client_ip` and `userEmail` do; `emails_sent_total` and `password_file` do not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT_IT:
        return None
    joined = "_".join(words)
    for telling, what in _TELLING.items():
        if re.search(rf"(?:^|_)(?:{telling})$", joined):
            return what
    return None


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others, as on every payment card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _any(pattern: re.Pattern[str], sure: Judge | None, text: str) -> bool:
    return any(sure is None or sure(found) for found in _matches(pattern, text))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        yield match.group()


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return bool(_ISSUERS.fullmatch(digits)) and len(set(digits)) > 1 and luhn(digits)


def _is_phone(text: str) -> bool:
    return 8 <= len(re.sub(r"\D", "", text)) <= 15


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Of a machine itself or of none, and masks: 255.255.255.0
    return not (address.is_loopback or address.is_unspecified or text.startswith("255."))


def _is_secret_key(text: str) -> bool:
    """Looks random: mixed kinds of characters, few repetitions, and not a hex digest."""
    if re.fullmatch(r"[0-9a-fA-F]+", text) or not re.search(r"[0-9]", text):
        return False
    if not (re.search(r"[a-z]", text) and re.search(r"[A-Z]", text)):
        return False
    counts = Counter(text).values()
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return bits > 4.2 and text.count("/") < 4  # paths have more


_ISSUERS: Final = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|(222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|(6011\d\d|64[4-9]\d{3}|65\d{4})\d{10,13}|35(2[89]|[3-8]\d)\d{12}"
    r"|3(0[0-5]|[68]\d)\d{11}"
)
_KINDS: Final[tuple[tuple[str, re.Pattern[str], Judge | None], ...]] = (
    (
        "an e-mail address",
        re.compile(
            r"(?<![\w.%+-])(?!git@)[A-Za-z0-9][\w.%+-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
            r"[A-Za-z]{2,24}(?![\w-])"
        ),
        None,
    ),
    (
        "a social security number",
        re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])"),
        None,
    ),
    (
        "a card number",
        re.compile(
            r"(?<![\w.:-])(?:\d{13,19}|\d{4}([- ])\d{4}\1\d{4}\1\d{4}|\d{4}([- ])\d{6}\2\d{5})"
            r"(?![\w:-])"
        ),
        _is_card,
    ),
    (
        "a telephone number",
        re.compile(
            r"(?<![\w.+-])(?:\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}"
            r"|(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{4})(?![\w-])"
        ),
        _is_phone,
    ),
    (
        "an IP address",
        re.compile(
            r"(?<![\w.:/-])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
            r"|(?=[0-9A-Fa-f:]*\d)(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4})"
            r"(?![\w-]|\.\d|:[0-9A-Fa-f]*:)"
        ),
        _is_address,
    ),
    (
        "an AWS access key",
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
        None,
    ),
    (
        "an apparent AWS secret key",
        re.compile(r"(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])"),
        _is_secret_key,
    ),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"), None),
    (
        "a token",
        re.compile(
            r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20}"
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35}|[rs]k_live_[A-Za-z0-9]{16,}"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}|glsa_\w{32,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
            r"|S[AUONC][A-Z2-7]{56}|hooks\.slack\.com/services/\w+/\w+/\w+)"
            r"|\b[Bb]earer [A-Za-z0-9._~+/-]{16,}"
        ),
        None,
    ),
    (
        "a user and password in an address",
        re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"),
        None,
    ),
)

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ABOUT_IT: Final = frozenset(
    (
        *("file", "path", "count", "total", "length", "bytes", "size", "age", "seconds", "id"),
        *("name", "type", "kind", "hash", "expiry", "expires", "enabled", "required", "valid"),
        *("bucket", "ratio", "rate", "sum", "policy", "version", "info", "status"),
    )
) - {"name", "id"}
_TELLING: Final = {
    "e_?mail(_address)?": "an e-mail address",
    "(ssn|social_security(_number)?)": "a social security number",
    "(phone|telephone|mobile|cell)(_?number)?": "a telephone number",
    "(credit|debit)_?card(_?number)?|card_?number|pan|cvv2?|cvc": "a card number",
    "(client|remote|user|customer|peer|source)_?ip(_?address)?|ip_?address": "an IP address",
    "pass(word|wd|phrase)|pwd": "a password",
    "(api|access|secret|private|signing|encryption)_?key(_id)?": "a key",
    "secret|credentials?": "a secret",
    "(access|auth|bearer|refresh|session|id|api)_?token|token": "a token",
    "(first|last|full|given|family|sur|maiden|user|customer)_?name": "a person's name",
    "(date_of_birth|birth_?date|birthday|dob)": "a date of birth",
    "(home|street|postal|mailing|billing|shipping)_?address": "a postal address",
    "(passport|driving_?licen[cs]e|tax|national)_?(number|id|no)": "a number of a person",
}
