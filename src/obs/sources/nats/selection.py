"""Names chosen by globs."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from typing import Final

from obs.spec.nats import Selection

_ALL: Final = ("*",)


def chooser(selection: Selection) -> Callable[[str], bool]:
    """Whether a name is included and not excluded; case matters, as in NATS."""
    if selection.include == _ALL and not selection.exclude:
        return _everything
    included = _pattern(selection.include)
    excluded = _pattern(selection.exclude)
    return lambda name: bool(included.match(name)) and not excluded.match(name)


def _everything(_: str) -> bool:
    return True


def _pattern(globs: Sequence[str]) -> re.Pattern[str]:
    """Matches what any of the globs matches; nothing where there are none."""
    return re.compile("|".join(map(translate, globs)) or r"(?!)")
