"""Label values as sinks send them: bounded, escaped, rendered once as long as rows stay the same.

A row's identity is its label values, so whatever shortens a value must not make two rows equal.
"""

from hashlib import blake2b
from typing import Final
from weakref import WeakKeyDictionary

from obs.series.family import Rows

LONGEST: Final = 256  # characters of a label value
_DIGEST_BYTES: Final = 8
_KEPT: Final = LONGEST - 2 * _DIGEST_BYTES - 1
_NONE: Final[frozenset[int]] = frozenset()


def bounded(value: str) -> str:
    """`value`, or its beginning and a digest of all of it where it is longer than LONGEST.

    Always encodable as UTF-8: lone surrogates become backslash escapes.
    """
    if not value.isascii():
        value = value.encode("utf-8", "backslashreplace").decode()
    if len(value) <= LONGEST:
        return value
    return f"{value[:_KEPT]}~{blake2b(value.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"


def escaped(value: str) -> str:
    """`value`, bounded, as it stands between quotes in both exposition formats."""
    return bounded(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class _Escapes(dict[str, str]):
    """Rows share most of their values (account, stream): each is escaped once."""

    def __missing__(self, value: str) -> str:
        text = self[value] = escaped(value)
        return text


def label_texts(rows: Rows, names: tuple[str, ...]) -> list[str]:
    """`{name="value",…} ` of each row, with the blank that precedes a sample's value."""
    if not names:
        return [" "] * len(rows)
    template = "{" + ",".join(f'{name}="%s"' for name in names) + "} "
    text_of = _Escapes().__getitem__
    return [template % tuple(map(text_of, row)) for row in rows.values]


class RowCache:
    """What can be told from rows alone, remembered for as long as the Rows object lives."""

    def __init__(self) -> None:
        self._texts: WeakKeyDictionary[Rows, dict[tuple[str, ...], list[str]]] = WeakKeyDictionary()
        self._repeated: WeakKeyDictionary[Rows, frozenset[int]] = WeakKeyDictionary()
        self._shared: WeakKeyDictionary[Rows, WeakKeyDictionary[Rows, frozenset[int]]]
        self._shared = WeakKeyDictionary()

    def texts(self, rows: Rows, names: tuple[str, ...]) -> list[str]:
        """`label_texts` of the rows."""
        by_names = self._texts.setdefault(rows, {})
        if names not in by_names:
            by_names[names] = label_texts(rows, names)
        return by_names[names]

    def repeated(self, rows: Rows) -> frozenset[int]:
        """Indexes of rows that stand earlier in the same rows too."""
        if (known := self._repeated.get(rows)) is None:
            first: dict[tuple[str, ...], int] = {}
            known = frozenset(
                i for i, row in enumerate(rows.values) if first.setdefault(row, i) != i
            )
            self._repeated[rows] = known
        return known

    def shared(self, rows: Rows, earlier: Rows) -> frozenset[int]:
        """Indexes of rows that `earlier` has too."""
        if rows is earlier:
            return frozenset(range(len(rows)))
        by_earlier = self._shared.setdefault(rows, WeakKeyDictionary())
        if (known := by_earlier.get(earlier)) is None:
            common = set(rows.values).intersection(earlier.values)
            known = by_earlier[earlier] = (
                frozenset(i for i, row in enumerate(rows.values) if row in common)
                if common
                else _NONE
            )
        return known
