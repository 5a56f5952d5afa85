"""Tests that rule out what only looks like personal data or a secret.

Sources: Luhn and issuer ranges ISO/IEC 7812; telephone numbers ITU-T E.164 (assigned country codes)
and the North American numbering plan; addresses RFC 4291.
"""

import base64
import binascii
import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from obs.privacy.tokens import is_own

Judge = Callable[[re.Match[str]], bool]
"""Whether what a pattern has matched, with what stands around it, is really meant."""


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others, as on every payment card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def digits_of(text: str) -> str:
    """The digits alone."""
    return _NO_DIGIT.sub("", text)


def is_mail(match: re.Match[str]) -> bool:
    """Not the name of a file, `icon@2x.png`, nor the user of a repository, `git@github.com`."""
    text = match.group()
    return text.rpartition(".")[2].lower() not in _FILES and not text.startswith("git@")


def is_card(match: re.Match[str]) -> bool:
    """An issuer's range and length, and the check digit."""
    digits = digits_of(match.group())
    return bool(_ISSUERS.fullmatch(digits)) and len(set(digits)) > 1 and luhn(digits)


def stands_alone(match: re.Match[str]) -> bool:
    """Not part of a row of numbers, as in the log of a web server: `200 12 3456 789`."""
    begin, end = match.span()
    text = match.string
    if " " not in match.group():
        return True
    return not _NUMBER_BEFORE.search(text, max(begin - 3, 0), begin) and not _NUMBER_AFTER.match(
        text, end
    )


def is_international(match: re.Match[str]) -> bool:
    """An assigned country code, and 8 to 15 digits: 10 at least where nothing separates them."""
    number = match.group()
    if number.count(".") == 1 and not re.search(r"[ ()/-]", number):
        return False  # a coordinate
    digits = digits_of(number).removeprefix("00")
    fewest = 8 if re.search(r"[ .()/-]", number) else 10
    groups = re.split(r"[ .()/-]+", number.strip("+ ()"))
    return (
        fewest <= len(digits) <= 15
        and bool(_COUNTRY.match(digits))
        and len(digits) >= 1.6 * len(groups)  # 1-2-3-4-5-6-7-8 is a list
    )


def is_national(match: re.Match[str]) -> bool:
    """After a word such as phone: as people write numbers of their own country."""
    if not _NATIONAL.fullmatch(digits_of(match.group())):
        return False
    return bool(_PHONE_WORD.search(match.string[max(match.start() - 32, 0) : match.start()]))


def is_ipv4(match: re.Match[str]) -> bool:
    """An address of another machine, and no version."""
    before = match.string[max(match.start() - 20, 0) : match.start()]
    return _is_address(match.group()) and not _VERSION.search(before)


def is_ipv6(match: re.Match[str]) -> bool:
    """The same; `a::b` is more likely a name in a program."""
    text = match.group()
    if not _is_address(text):
        return False
    if not re.search(r"\d", text):
        return text.count(":") == 7
    return text.count(":") > 2 or bool(_SHORT_IPV6.match(text))


def is_secret_key(match: re.Match[str]) -> bool:
    """Looks random: mixed kinds of characters, few repetitions, and not a hex digest."""
    text = match.group()
    if _HEX.fullmatch(text) or not re.search(r"[0-9]", text):
        return False
    if not (re.search(r"[a-z]", text) and re.search(r"[A-Z]", text)):
        return False
    counts = Counter(text).values()
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return bits > 4.2 and text.count("/") < 5  # paths have more


def is_credential(match: re.Match[str]) -> bool:
    """What follows Bearer or Basic is no word of a sentence; user and password after Basic."""
    basic, bearer = match.group("basic"), match.group("bearer")
    if basic:
        try:
            return b":" in base64.b64decode(basic + "=" * (-len(basic) % 4))
        except binascii.Error:
            return False
    return bearer is None or bool(re.search(r"[0-9]|[a-z][A-Z]", bearer))


def is_filled_in(match: re.Match[str]) -> bool:
    """Not a place for a value: `${PASSWORD}`, `{{ token }}`, `<secret>`, `****`."""
    value = match.group("value")
    return not (is_placeholder(value) or is_placeholder(value.rpartition(":")[2]))


def is_placeholder(text: str) -> bool:
    """Whether a text says that a value belongs here, or was here."""
    return is_own(text) or _PLACEHOLDER.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Of a machine itself or of none, and masks: 255.255.255.0
    return not (address.is_loopback or address.is_unspecified or text.startswith("255."))


_NO_DIGIT: Final = re.compile(r"\D")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_FILES: Final = frozenset(
    (
        *("png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "mjs", "jsx", "tsx"),
        *("json", "yaml", "yml", "toml", "txt", "html", "xml", "pdf", "csv", "log", "conf", "lock"),
        *("exe", "dll", "whl", "gz", "tgz", "jar", "wasm", "service", "timer", "socket"),
    )
)
"""Endings of files, and of systemd's units, that are no top-level domains."""
_ISSUERS: Final = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|(222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|(6011\d\d|64[4-9]\d{3}|65\d{4})\d{10,13}|35(2[89]|[3-8]\d)\d{12}"
    r"|3(0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)
_NUMBER_BEFORE: Final = re.compile(r"\d[ ]{1,2}$")
_NUMBER_AFTER: Final = re.compile(r"[ ]\d")
_COUNTRY: Final = re.compile(
    r"1[2-9]|7[3-9]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|21[1-3689]|2[2-6]\d|29[01789]|35\d|37[0-8]|38[0-35-79]|42[013]|50\d|59\d|67[02-9]|68[0-35-9]"
    r"|69[0-2]|80[08]|85[02356]|87[08]|88[0-36]|96[0-8]|97[0-79]|99[2-68]"
)
_NATIONAL: Final = re.compile(r"0\d{8,11}|[2-9]\d{2}[2-9]\d{6}|1[2-9]\d{2}[2-9]\d{6}|[6-9]\d{9}")
_PHONE_WORD: Final = re.compile(
    r"(?i)(?<![a-z])(?:telephone|phone|tel|mobile|mob|cell|fax|call|whatsapp|sms|msisdn)"
    r"(?:[ _]?(?:number|no|nr))?[\"'.:=]{0,3} {0,2}(?:is |to |at |me at |us at |on )?[\"']?$"
)
_VERSION: Final = re.compile(
    r"(?i)(?:version|release|upgraded? from|upgraded? to|firmware|\bver|\bbuild|\brev)[\"']?"
    r"[\s:=.]{0,3}$"
)
_SHORT_IPV6: Final = re.compile(r"(?i)[23][0-9a-f]{3}:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:")
_PLACEHOLDER: Final = re.compile(
    r"\$\{[\w.]{1,60}\}|\$[A-Z_][A-Z0-9_]{0,60}|\{\{?[\s\w.]{0,60}\}?\}|<[\s\w.-]{0,60}>|[*•…]+|[xX]{3,}|%s|%\(\w{1,60}\)s"
    r"|(?i:null|none|nil|true|false|undefined|\W{0,3}(?:redacted|masked|removed|hidden)\W{0,3})"
)
