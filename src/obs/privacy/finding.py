"""What was found, without what it was."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from obs.errors import ObsError
from obs.privacy.detectors import BY_NAME
from obs.privacy.names import WORDS
from obs.privacy.rewrite import Rewriter
from obs.privacy.rules import DEFAULT, Path
from obs.privacy.tokens import mask

_LONGEST: Final = 64  # characters of the name of a field
_SHOWN: Final = 10
"""Findings that a sentence names; the others are counted."""
_PLAIN: Final = re.compile(r"[\w$:@/-]+")
_NAMES: Final = Rewriter(DEFAULT, lambda path, kind, value: mask(kind))


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` as `data.items[0].email`, empty where the payload is text; `kind` as `email`."""

    path: str
    kind: str

    @property
    def words(self) -> str:
        """The kind for people: an e-mail address."""
        if self.kind in BY_NAME:
            return BY_NAME[self.kind].words
        return WORDS.get(self.kind, "what a rule of yours names")


class PersonalDataFound(ObsError):  # noqa: N818  reads as a sentence where it is raised
    """A payload may not be published. Says what was found where, never the value."""

    def __init__(self, findings: Sequence[Finding], why: str = "") -> None:
        super().__init__(f"not published: the payload holds {summary(findings)}{why}")
        self.findings = tuple(findings)


def summary(findings: Sequence[Finding]) -> str:
    """The findings as part of a sentence."""
    named = [f"{f.words} at {f.path}" if f.path else f.words for f in dict.fromkeys(findings)]
    more = len(named) - _SHOWN
    return ", ".join(named[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shown_path(path: Path) -> str:
    """A path for people; what is personal in the name of a field is masked, too."""
    return "".join(map(_shown, path)).removeprefix(".")


def _shown(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    name = _NAMES.text(part[: 4 * _LONGEST])
    name = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name)}]"
