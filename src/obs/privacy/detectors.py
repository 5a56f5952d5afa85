"""The ten patterns of personal data and secrets, for checks, payloads and log records alike.

Sources of the formats: social security numbers SSA (no area 000, 666 or 9xx, no group 00, no serial
0000); AWS key ids IAM user guide, "Unique identifiers"; JSON Web Tokens RFC 7519; NATS seeds nkeys.
What a pattern may match is bounded, or ends where its next character cannot be part of it, and is
preceded by what it cannot contain: so the time grows with the length of a text, whatever is in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from obs.privacy.formats import (
    Judge,
    digits_of,
    is_card,
    is_credential,
    is_filled_in,
    is_international,
    is_ipv4,
    is_ipv6,
    is_mail,
    is_national,
    is_secret_key,
    stands_alone,
)
from obs.redaction.issued import ISSUED


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write it, in at least `least` characters. One of `signs`, and what `hint` matches,
    are in every text that has it: they are faster to look for. The group `value`, else all of the
    match, is what has to go.

    A pattern begins with what stands there, followed by what must not stand before: so most of a
    text is skipped at the speed of C.
    """

    pattern: re.Pattern[str]
    least: int
    sure: Judge | None = None
    signs: tuple[str, ...] = ()
    hint: re.Pattern[str] | None = None

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a text."""
        if not self._may(text):
            return
        group = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            if self.sure is None or self.sure(match):
                yield match.span(group)

    def _may(self, text: str) -> bool:
        if len(text) < self.least or (self.hint is not None and not self.hint.search(text)):
            return False
        for sign in self.signs:
            if sign in text:
                return True
        return not self.signs


@dataclass(frozen=True, slots=True)
class Detector:
    """A kind of personal data or secret. `normal` is the same for values that mean the same."""

    name: str
    words: str
    forms: tuple[Form, ...]
    normal: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, from `begin` to before `end`."""

    begin: int
    end: int
    kind: str
    """The name of its detector, or the kind of a field name."""


def _form(
    pattern: str,
    sure: Judge | None = None,
    *,
    least: int,
    signs: tuple[str, ...] = (),
    hint: str = "",
) -> Form:
    return Form(re.compile(pattern), least, sure, signs, re.compile(hint) if hint else None)


_DIGIT: Final = r"\d"

PRIVATE_KEY: Final = Detector(
    "private_key",
    "a private key",
    (
        _form(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?(?:-----)?"
            r"(?:[\s\S]{0,65536}?(?=-----|\Z)|[\s\S]{65536})(?:-----END [A-Z0-9 ]{0,40}-----)?",
            least=22,
            signs=("-----BEGIN",),
        ),
    ),
)
URL_PASSWORD: Final = Detector(
    "url_password",
    "a user and password in an address",
    (
        _form(
            r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{0,30}://"
            r"(?P<value>[^\s/:@\"'<>]{0,256}:[^\s/@\"']{1,256})@",
            is_filled_in,
            least=6,
            signs=("://",),
        ),
    ),
)
TOKEN: Final = Detector(
    "token",
    "a token",
    (
        *(
            _form(rf"(?<![A-Za-z0-9]){issued.prefix}{issued.rest}", least=14, signs=(issued.sign,))
            for issued in ISSUED
        ),
        _form(
            r"(?<![\w-])eyJ[\w-]{8,}\.(?:eyJ[\w-]{8,}(?:\.[\w-]*)?"
            r"|[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})",
            least=18,
            signs=("eyJ",),
        ),
        _form(
            r"\b(?:[Bb]earer (?P<bearer>[A-Za-z0-9._~+/-]{16,4096}={0,2})"
            r"|[Bb]asic (?P<basic>[A-Za-z0-9+/]{8,512}={0,2}))(?![A-Za-z0-9+/=])",
            is_credential,
            least=14,
            signs=("earer ", "asic "),
        ),
    ),
)
AWS_ACCESS_KEY: Final = Detector(
    "aws_access_key",
    "an AWS access key",
    (
        _form(
            r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
            least=20,
            signs=("AKIA", "ASIA", "ABIA", "ACCA"),
        ),
    ),
)
AWS_SECRET_KEY: Final = Detector(
    "aws_secret_key",
    "an apparent AWS secret key",
    (
        _form(
            r"[A-Za-z0-9/+](?<![A-Za-z0-9/+_-].)(?<!==.)[A-Za-z0-9/+]{39}(?![A-Za-z0-9/+=_-])",
            is_secret_key,
            least=40,
            hint=_DIGIT,
        ),
    ),
)
EMAIL: Final = Detector(
    "email",
    "an e-mail address",
    (
        _form(
            r"\w(?<![\w.%+-].)[\w.%+'-]{0,63}(?:@|%40)"
            r"(?:[^\W_](?:[^\W_]|-){0,62}\.){1,8}(?:[^\W\d_A-Z]{2,24}|[A-Z][a-z]{1,23}|[A-Z]{2,24})"
            r"(?![\w-])",
            is_mail,
            least=6,
            signs=("@", "%40"),
        ),
    ),
    lambda text: text.replace("%40", "@").lower(),
)
CARD: Final = Detector(
    "card",
    "a card number",
    (
        _form(
            r"\d(?<![\w.+-].)(?:\d{12,18}|\d{3}([- .])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?"
            r"|\d{3}([- .])\d{6}\2\d{4,5})(?![\w-]|[.:]\w)",
            is_card,
            least=13,
            hint=_DIGIT,
        ),
    ),
    digits_of,
)
SSN: Final = Detector(
    "ssn",
    "a social security number",
    (
        _form(
            r"[0-8](?<![\w.-].)\d{2}(?<!000)(?<!666)([- ])(?!00)\d{2}\1(?!0000)\d{4}"
            r"(?![\w-]|\.\d)",
            stands_alone,
            least=11,
            hint=_DIGIT,
        ),
        _form(
            r"(?i:\b(?:ssn|social[ _-]security(?:[ _-](?:number|no))?)\W{0,4}(?:is )?)"
            r"(?P<value>(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4})(?![\w-]|\.\d)",
            least=12,
            signs=("SSN", "ssn", "ecurity", "Ssn"),
        ),
    ),
    digits_of,
)
PHONE: Final = Detector(
    "phone",
    "a telephone number",
    (
        _form(
            r"\+(?<![\w.+-].)[1-9](?:[ .-]?\(?\d\)?){6,15}(?!(?!x\d)[\w-]|[.:]\d)",
            is_international,
            least=8,
            signs=("+",),
        ),
        _form(
            r"00(?<![\w.+-]..)[1-9]\d{0,2}[ -](?:[ .-]?\(?\d\)?){6,12}(?!(?!x\d)[\w-]|[.:]\d)",
            is_international,
            least=8,
            signs=("00",),
        ),
        _form(
            r"[(1-9](?<![\w.+-].)(?:(?<=1)[-. ](?:\([2-9]\d\d\)[- ]?|[2-9]\d\d[-. ])"
            r"|(?<=\()[2-9]\d\d\)[- ]?|(?<=[2-9])\d\d[-. ])[2-9]\d\d[-. ]\d{4}"
            r"(?!(?!x\d)[\w-]|[.:]\d)",
            stands_alone,
            least=10,
            hint=_DIGIT,
        ),
        _form(
            r"[(0-9](?<![\w+-].)(?:[ .\-/]?\(?\d\)?){6,13}(?!(?!x\d)[\w-]|[.:]\d)",
            is_national,
            least=8,
            hint=_DIGIT,
        ),
    ),
    digits_of,
)
IP: Final = Detector(
    "ip",
    "an IP address",
    (
        _form(
            r"[0-9A-Fa-f:](?<![\w.:/-].)[0-9A-Fa-f:]{1,38}"
            r"(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?(?![\w:-]|\.\d)",
            is_ipv6,
            least=6,
            hint=r":[0-9A-Fa-f]{0,4}:",
        ),
        _form(
            r"\d(?:(?<![\w.:/-].)|(?<=//.)|(?<=[A-Za-z\"'\]]:.))\d{0,2}(?:\.\d{1,3}){3}(?![\w-]|\.\d)",
            is_ipv4,
            least=7,
            signs=(".",),
        ),
    ),
    str.lower,
)
ALL: Final = (
    *(PRIVATE_KEY, URL_PASSWORD, TOKEN, AWS_ACCESS_KEY, AWS_SECRET_KEY),
    *(EMAIL, CARD, SSN, PHONE, IP),
)
"""Where two find the same characters, the first in this order has them."""
BY_NAME: Final = {detector.name: detector for detector in ALL}


def kinds(text: str) -> tuple[str, ...]:
    """The kinds of personal data and secrets in a text, in words, without the values."""
    return tuple(d.words for d in ALL if any(True for _ in _found(d, text)))


def pieces(text: str, detectors: Sequence[Detector] = ALL) -> list[Piece]:
    """What is found in a text, in its order; no two of them overlap."""
    found = [piece for detector in detectors for piece in _found(detector, text)]
    return apart(found) if found else found


def apart(found: Iterable[Piece]) -> list[Piece]:
    """Those that do not overlap with an earlier one of `found`, in the order of the text."""
    taken = _Taken()
    kept = [piece for piece in found if taken.free(piece)]
    return sorted(kept, key=lambda piece: piece.begin)


class _Taken:
    """The characters that are taken, a byte for each, as far as they go."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def free(self, piece: Piece) -> bool:
        """Whether all of its characters are free; then they no longer are."""
        if len(self._marks) < piece.end:
            self._marks += bytes(piece.end - len(self._marks))
        if any(self._marks[piece.begin : piece.end]):
            return False
        self._marks[piece.begin : piece.end] = b"\1" * (piece.end - piece.begin)
        return True


def _found(detector: Detector, text: str) -> Iterator[Piece]:
    for form in detector.forms:
        for begin, end in form.found(text):
            yield Piece(begin, end, detector.name)
