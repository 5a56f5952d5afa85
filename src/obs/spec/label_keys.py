"""Keys of users, of tags or metadata, that become labels."""

import re
from collections.abc import Iterable
from typing import Final

from obs.spec.model import wrong

_ALWAYS_TAKEN: Final = (
    *("system", "environment", "le", "quantile"),
    *("job", "instance", "namespace", "pod", "container", "endpoint", "service"),
)
"""Labels of every series, and those that scraping adds."""


def label_of(key: str) -> str:
    """The label that a key becomes: what is not a letter, a digit or _ becomes _."""
    label = re.sub(r"[^A-Za-z0-9_]", "_", key)
    return f"_{label}" if label[0].isdigit() else label


def check_labels_apart(keys: Iterable[str], field: str, taken: Iterable[str]) -> None:
    """Raise ValueError unless each key of a spec's field becomes a label that no other has.

    `taken` are the labels that the series have anyway.
    """
    known = dict.fromkeys((*taken, *_ALWAYS_TAKEN), "")
    for index, key in enumerate(keys):
        label, place = label_of(key), f"{field}[{index}]"
        if label.startswith("__"):
            raise wrong(f"label {label} is reserved; choose another key", place)
        if other := known.get(label):
            raise wrong(f"{key} and {other} become the same label {label}; keep one", place)
        if label in known:
            raise wrong(f"label {label} has another meaning; choose another key", place)
        known[label] = key
