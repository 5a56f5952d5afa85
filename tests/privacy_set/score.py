"""How well what is found agrees with the labels."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from obs.privacy.detectors import Piece
from tests.privacy_set.made import Item

Find = Callable[[str], list[Piece]]


@dataclass
class Score:
    """By kind: found with the right kind and in full, found where nothing is, not found."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    covered: int = 0
    """Labelled pieces of which no character is left, whatever they were taken for."""
    labelled: int = 0
    mistakes: list[str] = field(default_factory=list)

    def precision(self, kind: str = "") -> float:
        """Of what is found, the share that is right; of all kinds without `kind`."""
        return _share(self._of(self.right, kind), self._of(self.wrong, kind))

    def recall(self, kind: str = "") -> float:
        """Of what is there, the share that is found in full and with its kind."""
        return _share(self._of(self.right, kind), self._of(self.missed, kind))

    @staticmethod
    def _of(counts: Counter[str], kind: str) -> int:
        return counts[kind] if kind else counts.total()


def score(items: Iterable[Item], find: Find) -> Score:
    """The score of a way to find pieces."""
    total = Score()
    for item in items:
        _add(total, item, find(item.text))
    return total


def _add(total: Score, item: Item, found: list[Piece]) -> None:
    used = set()
    for kind, begin, end in item.pieces:
        total.labelled += 1
        over = [p for p in found if p.begin < end and begin < p.end]
        covering = [p for p in over if p.begin <= begin and end <= p.end]
        total.covered += bool(covering)
        right = [p for p in covering if p.kind == kind]
        if right:
            total.right[kind] += 1
            used.add(right[0])
        else:
            total.missed[kind] += 1
            total.mistakes.append(f"missed {kind}: {item.text[begin:end]!r} in {item.text!r}")
    for piece in found:
        if piece not in used:
            total.wrong[piece.kind] += 1
            value = item.text[piece.begin : piece.end]
            total.mistakes.append(f"wrong {piece.kind}: {value!r} in {item.text!r}")


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 1.0
