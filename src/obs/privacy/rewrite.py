"""A text or a value with what is personal in it replaced."""

from collections.abc import Callable
from typing import Any, Final

from obs.bounded_json import MOST_LEVELS
from obs.errors import BadInput
from obs.privacy.formats import is_placeholder
from obs.privacy.rules import Path, Rules

_ROUNDS: Final = 8
"""What is replaced may uncover what stood too close to it. After so many rounds all of the text is
taken for personal."""
_LIKE_CARDS: Final = (10**12, 10**19)
"""Numbers with as many digits as a card number: no other kind is written as a number."""
_WHOLE: Final = "text"
"""The kind of a text that is taken for personal as a whole."""

Replace = Callable[[Path, str, str], str]
"""Path, kind and value of what is found, to what stands in its place."""
ReplaceOther = Callable[[Path, str, Any], Any]
"""The same of a number."""


class Rewriter:
    """Replaces what `rules` find, by what `text` and `other` make of it; `prepare` has each text
    before."""

    def __init__(
        self,
        rules: Rules,
        text: Replace,
        other: ReplaceOther | None = None,
        prepare: Callable[[str], str] = str,
    ) -> None:
        self._rules = rules
        self._replace = text
        self._prepare = prepare
        self._other = other or (lambda path, kind, value: text(path, kind, str(value)))

    def text(self, text: str, path: Path = ()) -> str:
        """The text, or one in which nothing is found any more."""
        if self._rules.allows(path):
            return text
        text = self._prepare(text)
        for _ in range(_ROUNDS):
            changed = self._once(text, path)
            if changed == text:
                return text
            text = changed
        return self._replace(path, _WHOLE, text)

    def value(self, value: Any, path: Path = (), kind: str | None = None) -> Any:
        """The same of a value of JSON; texts, numbers and names of fields are looked at.

        `kind`: what the name of its field says. Raises BadInput where it is nested too deep.
        """
        if value is None or isinstance(value, bool) or self._rules.allows(path):
            return value
        if isinstance(value, str):
            return self._text(value, path, kind)
        if isinstance(value, int | float):
            return self._number(value, path, kind)
        return self._inner(value, path, kind)

    def _text(self, value: str, path: Path, kind: str | None) -> str:
        if kind is None:
            return self.text(value, path)
        value = self._prepare(value)
        return value if not value or is_placeholder(value) else self._replace(path, kind, value)

    def _inner(self, value: Any, path: Path, kind: str | None) -> Any:
        if len(path) >= MOST_LEVELS:
            raise BadInput(f"the payload is nested deeper than {MOST_LEVELS} levels")
        if isinstance(value, dict):
            return self._object(value, path, kind)
        if isinstance(value, list | tuple):
            return [self.value(each, (*path, at), kind) for at, each in enumerate(value)]
        raise BadInput(f"the payload holds a {type(value).__name__}, which JSON does not have")

    def _once(self, text: str, path: Path) -> str:
        found = self._rules.found_in(text)
        if not found:
            return text
        parts, done = [], 0
        for piece in found:
            value = text[piece.begin : piece.end]
            parts += [text[done : piece.begin], self._replace(path, piece.kind, value)]
            done = piece.end
        return "".join([*parts, text[done:]])

    def _number(self, value: float, path: Path, kind: str | None) -> Any:
        if kind is None:
            if not isinstance(value, int) or not _LIKE_CARDS[0] <= value < _LIKE_CARDS[1]:
                return value
            written = str(value)
            whole = next(iter(self._rules.found_in(written)), None)
            if whole is None or whole.end - whole.begin < len(written):
                return value
            kind = whole.kind
        return self._other(path, kind, value)

    def _object(self, value: dict[Any, Any], path: Path, kind: str | None) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name, each in value.items():
            if not isinstance(name, str):
                raise BadInput(
                    f"the payload has a field named by a {type(name).__name__}; JSON has texts only"
                )
            many = isinstance(each, dict | list | tuple)
            own = self._rules.kind_of_many(name) if many else self._rules.kind_of(name)
            shown = self.text(name, (*path, name))
            changed[_unused(shown, changed)] = self.value(each, (*path, name), own or kind)
        return changed


def _unused(name: str, names: dict[str, Any]) -> str:
    """Two values that mean the same have one pseudonym, and no field may be lost."""
    number, unused = 1, name
    while unused in names:
        number += 1
        unused = f"{name}({number})"
    return unused
