"""Pieces of a payload that only the holder of a key can read: `[encrypted:…]`."""

import json
from typing import TYPE_CHECKING, Any, Final

from obs.errors import BadInput
from obs.privacy.keys import Key
from obs.privacy.openings import Openings
from obs.privacy.rewrite import Rewriter
from obs.privacy.rules import Path, Rules
from obs.privacy.tokens import SEALED, sealed

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_TEXT: Final = b"t"
"""What is in it was text, in which there may be more of them."""
_RAW: Final = b"r"
"""What is in it was text that only looks like one of them."""
_OTHER: Final = b"j"  # a number, as JSON
_BYTES: Final = b"b"  # a payload that is no text
_TRIES: Final = 20
_WRONG: Final = (
    "the payload was encrypted with a key that is not among these, or it was changed since"
)


class Sealer:
    """Encrypts and decrypts with a key. Raises MissingExtra where cryptography is missing.

    What is decrypted is what was encrypted, for any JSON in which this key has not encrypted
    anything before; such pieces stay as they are, and all are opened together.
    """

    def __init__(self, key: Key, rules: Rules) -> None:
        self._fernet: MultiFernet = key.fernet()
        self._rules = rules

    def text(self, path: Path, kind: str, value: str) -> str:
        """What stands in the place of a text."""
        return self._sealed(_TEXT + value.encode(errors="surrogatepass"))

    def other(self, path: Path, kind: str, value: Any) -> str:
        """What stands in the place of a number."""
        return self._sealed(_OTHER + json.dumps(value).encode())

    def binary(self, value: bytes) -> bytes:
        """What stands in the place of a payload that is no text."""
        return self._sealed(_BYTES + value).encode()

    def rewriter(self) -> Rewriter:
        """Encrypts whatever is found."""
        return Rewriter(self._rules, self.text, self.other, self._escaped)

    def opened(self, payload: Any) -> Any:
        """The payload with all that was encrypted in it. Raises BadInput for another key."""
        if isinstance(payload, bytes) and (match := SEALED.fullmatch(payload.decode("latin-1"))):
            plain = self._plain(match.group(1))
            if plain[:1] == _BYTES:
                return plain[1:]
        return Openings(self._opened_text, self._opened_whole, self.opened, self._rules).of(payload)

    def renewed(self, payload: Any) -> Any:
        """The payload with all that was encrypted in it encrypted with the current key."""
        renew = self._renewed_text
        return Openings(renew, renew, self.renewed, self._rules).of(payload)

    def _opened_text(self, text: str) -> str:
        return SEALED.sub(lambda match: self._inner(self._plain(match.group(1))), text)

    def _renewed_text(self, text: str) -> str:
        return SEALED.sub(lambda match: self._sealed(self._plain(match.group(1))), text)

    def _opened_whole(self, text: str) -> Any:
        match = SEALED.fullmatch(text)
        plain = self._plain(match.group(1)) if match else b""
        return json.loads(plain[1:]) if plain[:1] == _OTHER else self._opened_text(text)

    def _inner(self, plain: bytes) -> str:
        if plain[:1] == _BYTES:
            raise BadInput("the payload was encrypted as bytes; decrypt it as bytes")
        text = plain[1:].decode(errors="surrogatepass")
        return self._opened_text(text) if plain[:1] == _TEXT else text

    def _sealed(self, plain: bytes) -> str:
        for _ in range(_TRIES):  # one in many millions looks like something by chance
            made = sealed(self._fernet.encrypt(plain).decode())
            if not self._rules.found_in(made):
                break
        return made

    def _plain(self, token: str) -> bytes:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  of an extra

        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            raise BadInput(_WRONG) from None

    def _escaped(self, text: str) -> str:
        """The text with what only looks as if it were encrypted, encrypted."""
        if "[encrypted:" not in text:
            return text
        return SEALED.sub(lambda match: self._kept(match.group(1), match.group()), text)

    def _kept(self, token: str, text: str) -> str:
        try:
            self._plain(token)
        except BadInput:
            return self._sealed(_RAW + text.encode())
        return text
