"""Label values as sinks send them: bounded, and each series once.

A row's identity is its label values, so shortening a value must not make two rows equal.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from obs.families.family import Family, Rows

T = TypeVar("T")
Labels = tuple[tuple[str, str], ...]

LONGEST: Final = 256  # characters of a label value
_DIGEST_BYTES: Final = 8
_PREFIX: Final = LONGEST - 2 * _DIGEST_BYTES - 1


def bounded(value: str) -> str:
    """`value`, or its beginning and a digest of all of it where it is longer than LONGEST.

    Always encodable as UTF-8: lone surrogates become backslash escapes.
    """
    if not value.isascii():
        value = value.encode("utf-8", "backslashreplace").decode()
    if len(value) <= LONGEST:
        return value
    return f"{value[:_PREFIX]}~{blake2b(value.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"


def escaped(value: str) -> str:
    """`value`, bounded and escaped for the quotes of both exposition formats."""
    return bounded(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class _Escapes(dict[str, str]):
    """Rows share most of their values (account, stream): each is escaped once."""

    def __missing__(self, value: str) -> str:
        text = self[value] = escaped(value)
        return text


def label_texts(rows: Rows, names: tuple[str, ...], of_all: Labels = ()) -> list[str]:
    """`{name="value",…} ` of each row, with the space before a sample's value.

    `of_all` are labels that all rows have, after their own.
    """
    if not names and not of_all:
        return [" "] * len(rows)
    own = [f'{name}="%s"' for name in names]
    same = [f'{name}="{escaped(value)}"'.replace("%", "%%") for name, value in of_all]
    template = "{" + ",".join((*own, *same)) + "} "
    text_of = _Escapes().__getitem__
    return [template % tuple(map(text_of, row)) for row in rows.values]


class PerRows(Generic[T]):
    """Caches `make(rows, names)` for the lifetime of the Rows object."""

    def __init__(self, make: Callable[[Rows, tuple[str, ...]], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[Rows, dict[tuple[str, ...], T]] = WeakKeyDictionary()

    def __call__(self, rows: Rows, names: tuple[str, ...]) -> T:
        """The result for these rows; the same object each time."""
        by_names = self._made.setdefault(rows, {})
        if names not in by_names:
            by_names[names] = self._make(rows, names)
        return by_names[names]


class Duplicates:
    """Finds series that would be sent twice. Results for rows are cached for their lifetime."""

    def __init__(self) -> None:
        self._repeated: WeakKeyDictionary[Rows, frozenset[int]] = WeakKeyDictionary()
        self._shared: WeakKeyDictionary[Rows, WeakKeyDictionary[Rows, frozenset[int]]]
        self._shared = WeakKeyDictionary()

    def repeated(self, rows: Rows) -> frozenset[int]:
        """Indexes of rows that occur earlier in the same rows too."""
        if (known := self._repeated.get(rows)) is None:
            first: dict[tuple[str, ...], int] = {}
            known = frozenset(
                i for i, row in enumerate(rows.values) if first.setdefault(row, i) != i
            )
            self._repeated[rows] = known
        return known

    def given(self, family: Family, earlier: Sequence[Family]) -> frozenset[int]:
        """Indexes of the family's rows for which an earlier family of the metric has a sample."""
        found: set[int] = set()
        for other in earlier:
            if shared := self._shared_rows(family.rows, other.rows):
                has = zip(other.rows.values, other.values, strict=True)
                sampled = {row for row, value in has if value is not None}
                found.update(i for i in shared if family.rows.values[i] in sampled)
        return frozenset(found)

    def _shared_rows(self, rows: Rows, earlier: Rows) -> frozenset[int]:
        by_earlier = self._shared.setdefault(rows, WeakKeyDictionary())
        if (known := by_earlier.get(earlier)) is None:
            common = set(rows.values).intersection(earlier.values)
            known = frozenset(i for i, row in enumerate(rows.values) if common and row in common)
            by_earlier[earlier] = known
        return known
