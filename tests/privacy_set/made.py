"""The labelled set: texts with where in them what is, half of them with nothing.

The tuning part is what the detectors were written with; the held-out part has other sentences,
other forms and other look-alikes, and a seed of its own.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.privacy_set import lookalikes, values
from tests.privacy_set.values import Make

HAND_WRITTEN = Path(__file__).with_name("hand_written.txt")
TUNING, HELD_OUT = "tuning", "held out"
SIZES = {TUNING: 3_600, HELD_OUT: 2_400}

_SENTENCES = {
    TUNING: (
        *(
            "see {} now",
            '{{"value": "{}"}}',
            "{}",
            "from {}, again",
            "value={}",
            "({})",
            "<td>{}</td>",
        ),
        *("2026-11-21 13:55:02 INFO order 42 of {} took 17 ms", "a,{},7", "contact: {}.", "'{}'"),
        *('level=error msg="cannot handle {}" attempt=3', "key: {}\n", "[{}]", "failed for {}!"),
    ),
    HELD_OUT: (
        *(
            "Hello, please use {} instead of the old one",
            "user_ref={};id=9",
            "x: '{}'\ny: 1\n",
            "«{}»",
        ),
        *(
            '{{\\"inner\\": \\"{}\\"}}',
            "|{}|",
            "{} {}",
            "ValueError: bad input {} (line 17)",
            "{}\n",
        ),
        *(
            "curl -d '{}' https://api.example.com/v1",
            "/search?q={}&page=2",
            "\t{}\t",
            "note: {} ok?",
        ),
    ),
}
_ADDRESSES = {
    TUNING: ("postgres://{}@db:5432/oms", "nats://{}@nats:4222", "redis://{}@cache/0"),
    HELD_OUT: (
        "amqps://{}@mq.example.com/v",
        "mongodb+srv://{}@c0.example.net",
        "https://{}@x.io/a",
    ),
}


@dataclass(frozen=True)
class Item:
    """A text, and the kind, begin and end of each piece."""

    text: str
    pieces: tuple[tuple[str, int, int], ...]
    part: str
    by_hand: bool = False


def labelled() -> list[Item]:
    """All items; the same each time."""
    made = [item for part, size in SIZES.items() for item in _made(part, size)]
    return [*made, *by_hand()]


def fingerprint(items: list[Item]) -> str:
    """By which a change of the set is noticed."""
    return hashlib.sha256(repr(items).encode()).hexdigest()[:16]


def by_hand() -> Iterator[Item]:
    """`⟦kind|value⟧` marks a piece; every other line is held out; `#` begins a comment."""
    lines = HAND_WRITTEN.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    for at, line in enumerate(kept):
        yield _marked(line.replace("\\n", "\n"), HELD_OUT if at % 2 else TUNING, hand=True)


def _marked(line: str, part: str, *, hand: bool) -> Item:
    text, pieces, rest = "", [], line
    while (start := rest.find("⟦")) >= 0:
        kind, _, after = rest[start + 1 :].partition("|")
        value, _, after = after.partition("⟧")
        text += rest[:start]
        pieces.append((kind, len(text), len(text) + len(value)))
        text, rest = text + value, after
    return Item(text + rest, tuple(pieces), part, hand)


def _made(part: str, size: int) -> Iterator[Item]:
    r = Random(f"privacy {part}")
    makers = _makers(part)
    alike = lookalikes.PLAIN if part == TUNING else (*lookalikes.PLAIN, *lookalikes.HELD_OUT)
    for number in range(size):
        sentence, address = r.choice(_SENTENCES[part]), r.choice(_ADDRESSES[part])
        if number % 2:
            shown = [r.choice(alike)(r) for _ in range(sentence.count("{}"))]
            yield _marked(sentence.format(*shown), part, hand=False)
            continue
        kind, make = makers[number // 2 % len(makers)]
        if kind == "url_password":
            sentence = sentence.replace("{}", address)
        marked = [f"⟦{kind}|{make(r)}⟧" for _ in range(sentence.count("{}"))]
        yield _marked(sentence.format(*marked), part, hand=False)


def _makers(part: str) -> list[tuple[str, Make]]:
    found = list(values.PLAIN.items())
    if part == HELD_OUT:
        found += values.HELD_OUT.items()
    return found
