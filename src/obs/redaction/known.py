"""The secrets that this process has read, and finding them in a text."""

import re
import threading
from collections.abc import Iterator
from typing import Final

from obs.redaction.encodings import encodings, packed

REDACTED: Final = "…"

_GRAM: Final = 4  # characters by which a text is looked up
_SHORTEST: Final = 4
"""Characters of a secret that is looked for by itself. Shorter ones are found only where they are
encoded together with a user, or where the form says what they are (`obs.redaction.shapes`)."""
_ANYWHERE: Final = 2 * _GRAM - 1
"""From this length on also inside a word; a shorter one only where it is a word of its own. So long
a text has a piece of _GRAM characters that begins at a multiple of _GRAM, wherever it stands."""
_PIECE: Final = 12
"""So many characters in a row of a longer secret are redacted too: it may have been cut."""
_SAME: Final = 16  # places of one piece in one encoding: a secret may repeat itself
_MOST: Final = 150_000  # characters of all encodings; beyond it the oldest secrets are forgotten
_START: Final = r"(?:(?<![^\W_])|(?<=\\[nrtfvb])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
_END: Final = r"(?![^\W_])"


class KnownSecrets:
    """Secrets, old ones of a rotation among them. Safe to use from several threads."""

    def __init__(self, most: int = _MOST) -> None:
        """`most`: characters of encoded secrets that are kept; the newest are, in any case."""
        self._most = most
        self._lock = threading.Lock()
        self._encoded: dict[str, frozenset[str]] = {}  # by secret, the one read last at the end
        self._size = 0
        self._places: dict[str, tuple[tuple[str, int], ...]] = {}
        """Where in which encoding each piece of _GRAM characters is."""
        self._words: dict[str, re.Pattern[str]] = {}

    def add(self, secret: str) -> None:
        """Remember a secret. Of one with several lines each counts by itself, without the marks of
        PEM, which are in the files of others too."""
        lines = [line.strip() for line in secret.split("\n")] if "\n" in secret else []
        long = [line for line in lines if len(line) >= _ANYWHERE and not line.startswith("-----")]
        self._remember(secret, packed(secret) if long else encodings(secret))
        for line in long:
            self._remember(line, encodings(line))

    def add_login(self, user: str, password: str) -> None:
        """Remember a password, and the pair as basic authentication sends it."""
        self.add(password)
        pair = f"{user}:{password}"
        self._remember(pair, packed(pair))  # not as it is: a user alone would be a piece of it

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._encoded.clear()
            self._rebuild()

    def redact(self, text: str) -> str:
        """The text with every secret, and every long piece of one, replaced by `…`."""
        places = self._places
        if places:
            look = [
                i for i in range(0, len(text) - _GRAM + 1, _GRAM) if text[i : i + _GRAM] in places
            ]
            if look:
                text = _without(text, self._spans(text, look))
        for word, pattern in tuple(self._words.items()):
            if word in text:
                text = pattern.sub(REDACTED, text)
        return text

    def _spans(self, text: str, look: list[int]) -> Iterator[tuple[int, int]]:
        """Beginning and end of what is to be redacted, in order."""
        done = 0
        for at in look:
            if at < done:
                continue
            found = [
                span
                for encoded, place in self._places.get(text[at : at + _GRAM], ())
                if (span := _common(text, at, encoded, place, done)) is not None
            ]
            if found:
                begin, done = min(begin for begin, _ in found), max(end for _, end in found)
                yield begin, done

    def _remember(self, secret: str, encoded: frozenset[str]) -> None:
        with self._lock:
            known = self._encoded.pop(secret, None)
            self._encoded[secret] = known or encoded
            if known is not None:
                return
            self._size += sum(map(len, encoded))
            if self._size > self._most and len(self._encoded) > 1:
                while self._size > self._most // 2 and len(self._encoded) > 1:
                    oldest = next(iter(self._encoded))
                    self._size -= sum(map(len, self._encoded.pop(oldest)))
                self._rebuild()
            else:
                _enter(encoded, self._places, self._words)

    def _rebuild(self) -> None:
        places: dict[str, tuple[tuple[str, int], ...]] = {}
        words: dict[str, re.Pattern[str]] = {}
        for encoded in self._encoded.values():
            _enter(encoded, places, words)
        self._places, self._words = places, words
        self._size = sum(len(text) for encoded in self._encoded.values() for text in encoded)


def _enter(
    encoded: frozenset[str],
    places: dict[str, tuple[tuple[str, int], ...]],
    words: dict[str, re.Pattern[str]],
) -> None:
    for text in encoded:
        if len(text) >= _ANYWHERE:
            own: dict[str, list[tuple[str, int]]] = {}
            for place in range(len(text) - _GRAM + 1):
                own.setdefault(text[place : place + _GRAM], []).append((text, place))
            for gram, found in own.items():
                there = places.get(gram, ())
                if found[0] not in there:
                    places[gram] = (*there, *found[:_SAME])
        elif len(text) >= _SHORTEST:
            words[text] = re.compile(_START + re.escape(text) + _END)


def _common(text: str, at: int, encoded: str, place: int, least: int) -> tuple[int, int] | None:
    """What text and secret have in common around a place; None where it is too short to tell."""
    before = 0
    most = min(at - least, place)
    while before < most and text[at - before - 1] == encoded[place - before - 1]:
        before += 1
    after, most = _GRAM, min(len(text) - at, len(encoded) - place)
    while after < most and text[at + after] == encoded[place + after]:
        after += 1
    long_enough = before + after >= min(len(encoded), _PIECE)
    return (at - before, at + after) if long_enough else None


def _without(text: str, spans: Iterator[tuple[int, int]]) -> str:
    parts, last = [], 0
    for begin, end in spans:
        parts += [text[last:begin], REDACTED]
        last = end
    return "".join([*parts, text[last:]]) if parts else text


KNOWN: Final = KnownSecrets()
"""Those of this process: whatever reads a secret adds it, whatever prints looks."""
