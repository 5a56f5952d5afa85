"""How well personal data is found, and what that costs: python -m tests.bench.privacy [--mistakes].

Precision: of what is found, the share that is right. Recall: of what is there, the share found in
full and with its kind. Covered: of what is there, the share of which nothing is left, whatever it
was taken for. The held-out part has sentences, forms and look-alikes that nothing was tuned with;
both parts are made by the same people, so what real traffic gives may differ.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from obs.privacy import Key, Privacy, PrivacyFilter, Strategy, masked
from obs.privacy.detectors import ALL, pieces
from obs.privacy.names import kind_by_name
from tests.privacy_set.made import HELD_OUT, TUNING, labelled
from tests.privacy_set.score import Score, score

NAMES = Path(__file__).parents[1] / "privacy_set" / "names.txt"
PLAIN = (
    "2026-11-21 13:55:02,123 INFO consumer oms-processor of OMS_EVENTS handled order 104233 in 17 "
    "ms id=550e8400-e29b-41d4-a716-446655440000 region=us-east-1 retries=0 amount=12.50 EUR\n"
)
PERSONAL = (
    "2026-11-21 13:55:03,001 INFO order of jane.doe@example.com from 203.0.113.7, "
    "call +1 415 555 0123, card 4111 1111 1111 1111\n"
)
EVENT = {
    "specversion": "1.0",
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "type": "oms.object.changed",
    "time": "2026-11-21T13:55:02Z",
    "data": {"items": [{"sku": "A-17", "count": 2, "price": 12.5} for _ in range(20)]},
}
HOSTILE = ("a.", "1.", "1 ", "::", "+1 2", "a@a", "eyJ", "password=", "4111 ", "http://a:", "(1)")
PASSES = 5


def quality() -> list[Score]:
    """The scores of both parts, printed."""
    items = labelled()
    parts = (TUNING, HELD_OUT)
    scores = [score((item for item in items if item.part == part), pieces) for part in parts]
    hard = [score((i for i in items if i.part == part and i.by_hand), pieces) for part in parts]
    counts = ", ".join(f"{part} {sum(i.part == part for i in items)}" for part in parts)
    print(f"{len(items)} texts ({counts}; {sum(i.by_hand for i in items)} written by hand)")
    print(f"{'':22}{TUNING:>22}{HELD_OUT:>24}")
    print(f"{'':22}" + "   pieces precision recall" * 2)
    for name in (*(detector.name for detector in ALL), ""):
        print(f"{name or 'all':22}" + "".join(_figures(each, name) for each in scores))
    print(f"{'by hand only':22}" + "".join(_figures(each, "") for each in hard))
    print(f"{'covered':22}" + "".join(f"{s.covered / s.labelled:24.3f}" for s in scores))
    return scores


def _figures(found: Score, name: str) -> str:
    number = found.right[name] + found.missed[name] if name else found.labelled
    return f"{number:9}{found.precision(name):10.3f}{found.recall(name):7.3f}"


def names() -> None:
    """The names of fields."""
    lines = [line.split() for line in NAMES.read_text(encoding="utf-8").splitlines()]
    pairs = [(kind, name) for kind, name in lines[1:] if kind != "#"]
    right = sum(kind == kind_by_name(name) for kind, name in pairs if kind != "-")
    wrong = sum(kind_by_name(name) not in (None, kind) for kind, name in pairs)
    there = sum(kind != "-" for kind, _ in pairs)
    print(
        f"\n{len(pairs)} names of fields, none held out: precision {right / (right + wrong):.3f}, "
        f"recall {right / there:.3f}"
    )


def microseconds_a_kilobyte(act: Callable[[], Any], size: int) -> float:
    """CPU time, the best of some passes."""
    best = float("inf")
    for _ in range(PASSES):
        begun = time.process_time()
        act()
        best = min(best, time.process_time() - begun)
    return best * 1e6 / (size / 1024)


def speed() -> None:
    """Each strategy over plain and personal payloads, a log record, and hostile texts."""
    key = Key.new()
    logging.getLogger("obs.privacy").addHandler(logging.NullHandler())
    logging.getLogger("obs.privacy").propagate = False
    event, personal = json.dumps(EVENT), json.dumps({**EVENT, "note": PERSONAL})
    payloads = {
        "log lines, nothing in them": PLAIN * 60,
        "log lines, one in ten with": (PLAIN * 9 + PERSONAL) * 6,
        "event, nothing in it": event,
        "event with five pieces": personal,
    }
    print("\nCPU time for each kilobyte, in µs")
    print(f"{'':30}{'scan':>9}{'anonymise':>11}{'encrypt':>9}{'masked':>8}")
    look = Privacy(Strategy.LOG)
    ways = (look.scan, Privacy(Strategy.ANONYMISE, key).protect)
    each: tuple[Callable[[str], Any], ...] = (*ways, Privacy(Strategy.ENCRYPT, key).protect, masked)
    for name, payload in payloads.items():
        repeat = max(1, 20_000 // len(payload))

        def act(way: Callable[[str], Any], payload: str = payload, repeat: int = repeat) -> None:
            for _ in range(repeat):
                way(payload)

        size = len(payload) * repeat
        figures = [microseconds_a_kilobyte(partial(act, way), size) for way in each]
        columns = zip(figures, (9, 11, 9, 8), strict=True)
        print(f"{name:30}" + "".join(f"{figure:{width}.0f}" for figure, width in columns))
    _records()
    _hostile(look)


def _records() -> None:
    privacy = PrivacyFilter()

    def filtered() -> None:
        for _ in range(200):
            privacy.filter(logging.LogRecord("x", 20, "f", 1, "%s", (PLAIN[24:].rstrip(),), None))

    size = (len(PLAIN) - 25) * 200
    print(f"{'log record, nothing in it':30}{microseconds_a_kilobyte(filtered, size):9.0f}")


def _hostile(look: Privacy) -> None:
    def cost(piece: str, size: int) -> float:
        text = piece * (size // len(piece))
        return microseconds_a_kilobyte(lambda: look.scan(text), size)

    worst = {piece: [cost(piece, size) for size in (10_000, 100_000)] for piece in HOSTILE}
    piece, (short, long) = max(worst.items(), key=lambda pair: pair[1][1])
    print(
        f"\nthe slowest of {len(HOSTILE)} hostile texts repeats {piece!r}: "
        f"{short:.0f} µs a kilobyte at 10 kB, {long:.0f} at 100 kB"
    )


def main() -> None:
    """Print all; with --mistakes each mistake, too."""
    scores = quality()
    names()
    speed()
    if "--mistakes" in sys.argv:
        for part, found in zip((TUNING, HELD_OUT), scores, strict=True):
            print(f"\n{part}")
            print("\n".join(found.mistakes))


if __name__ == "__main__":
    main()
