"""A payload for people to look at."""

from typing import Final

from obs.bounded_json import UnreadableJson
from obs.errors import BadInput
from obs.privacy.payload import as_json, written
from obs.privacy.rewrite import Rewriter
from obs.privacy.rules import DEFAULT
from obs.privacy.tokens import mask

LONGEST: Final = 16_384
"""Characters that are shown."""
_READ: Final = 4 * LONGEST
"""Characters of a longer payload that are looked at, as text."""
_SPARE: Final = 512
"""Characters before a cut that are not shown: half an address would not be found."""

_MASKS: Final = Rewriter(DEFAULT, lambda path, kind, value: mask(kind))


def masked(payload: bytes | str, *, longest: int = LONGEST) -> str:
    """The payload with each piece of personal data and each secret replaced by its kind: `[email]`.

    An object or list of JSON comes back as JSON in one line, in which the values of telltale fields
    are replaced, too; anything else as text, with `�` for what is not UTF-8. At most `longest`
    characters, the last one `…` where it was cut. Never raises for any payload.
    """
    text = payload.decode(errors="replace") if isinstance(payload, bytes) else payload
    if len(text) <= _READ:
        return _cut(_masked(text), longest)
    shown = _MASKS.text(text[:_READ])
    return _cut(f"{shown[: max(len(shown) - _SPARE, 0)]}…", longest)


def _masked(text: str) -> str:
    try:
        return written(_MASKS.value(as_json(text)))
    except (UnreadableJson, BadInput):
        return _MASKS.text(text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: max(longest - 1, 0)]}…"
