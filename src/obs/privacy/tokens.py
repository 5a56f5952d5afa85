"""What stands in the place of personal data: `[email]`, `[email:gkqz…]`, `[encrypted:…]`.

The letters of a pseudonym have no digits, no vowels and none of hexadecimal, so that nothing takes
them for a value.
"""

import re
from typing import Final

LETTERS: Final = "ghjkmnpqrstvwxyz"
"""One for each four bits."""
LENGTH: Final = 20
"""Letters of a pseudonym: 80 bits."""

SEALED: Final = re.compile(r"\[encrypted:([A-Za-z0-9_=-]{100,})\]")
"""With the token of Fernet."""
OWN: Final = re.compile(rf"\[[a-z_]{{2,20}}(?::[{LETTERS}]{{{LENGTH}}})?\]|{SEALED.pattern}")


def mask(kind: str) -> str:
    """A place where something was: `[email]`."""
    return f"[{kind}]"


def pseudonym(kind: str, digest: bytes) -> str:
    """The same for the same digest, of which 10 bytes count: `[email:gkqz…]`."""
    letters = "".join(LETTERS[byte >> 4] + LETTERS[byte & 15] for byte in digest[: LENGTH // 2])
    return f"[{kind}:{letters}]"


def sealed(token: str) -> str:
    """What only the holder of the key can read: `[encrypted:…]`."""
    return f"[encrypted:{token}]"


def is_own(text: str) -> bool:
    """Whether a text is such a place, and nothing else."""
    return text.startswith("[") and OWN.fullmatch(text) is not None
