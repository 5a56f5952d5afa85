"""What the name of a field suggests it holds."""

import re
from functools import lru_cache
from typing import Final


def telltale(name: str) -> str | None:
    """What the name of a field suggests it holds, in words; None where that is nothing personal.

    `client_ip` and `userEmail` do; `emails_sent_total` and `password_file` do not.
    """
    kind = kind_by_name(name)
    return None if kind is None else WORDS[kind]


@lru_cache(maxsize=4096)
def kind_by_name(name: str) -> str | None:
    """The same as a short name: `email`, `password`."""
    words = [word.lower() for word in _WORD.findall(name[-_LONGEST:])]
    if not words or words[-1] in _ABOUT_IT:
        return None
    joined = "_".join(words)
    return next((kind for kind, telling in _TELLING.items() if telling.search(joined)), None)


_LONGEST: Final = 100  # characters at the end of a name that are looked at
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ABOUT_IT: Final = frozenset(
    (
        *("file", "path", "count", "total", "length", "bytes", "size", "age", "seconds"),
        *("type", "kind", "hash", "expiry", "expires", "enabled", "required", "valid"),
        *("bucket", "ratio", "rate", "sum", "policy", "version", "info", "status"),
    )
)
WORDS: Final = {
    "email": "an e-mail address",
    "ssn": "a social security number",
    "phone": "a telephone number",
    "card": "a card number",
    "ip": "an IP address",
    "password": "a password",
    "key": "a key",
    "secret": "a secret",
    "token": "a token",
    "person_name": "a person's name",
    "birth_date": "a date of birth",
    "postal_address": "a postal address",
    "person_number": "a number of a person",
}
"""The kinds of field names, with what they suggest."""
_TELLING: Final = {
    kind: re.compile(rf"(?:^|_)(?:{telling})$")
    for kind, telling in {
        "email": "e_?mail(_address)?",
        "ssn": "(ssn|social_security(_number)?)",
        "phone": "(phone|telephone|mobile|cell)(_?number)?",
        "card": r"(credit|debit)_?card(_?number)?|card_?number|pan|cvv2?|cvv_2|cvc",
        "ip": "(client|remote|user|customer|peer|source)_?ip(_?address)?|ip_?address",
        "password": "pass(word|wd|phrase)|pwd",
        "key": "(api|access|secret|private|signing|encryption)_?key(_id)?",
        "secret": "secret|credentials?",
        "token": "(access|auth|bearer|refresh|session|id|api)_?token|token",
        "person_name": "(first|last|full|given|family|sur|maiden|user|customer)_?name",
        "birth_date": "(date_of_birth|birth_?date|birthday|dob)",
        "postal_address": "(home|street|postal|mailing|billing|shipping)_?address",
        "person_number": "(passport|driving_?licen[cs]e|tax|national)_?(number|id|no)",
    }.items()
}
