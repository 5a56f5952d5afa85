"""Names chosen by globs."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from typing import Final

from obs.spec.nats import NatsSource, Selection

_ALL: Final = ("*",)


def chooser(selection: Selection) -> Callable[[str], bool]:
    """Whether a name is included and not excluded; case matters, as in NATS."""
    if selection.include == _ALL and not selection.exclude:
        return _everything
    included = _pattern(selection.include)
    excluded = _pattern(selection.exclude)
    return lambda name: bool(included.match(name)) and not excluded.match(name)


def wanted_of(spec: NatsSource) -> Callable[[str, str], bool] | None:
    """Which streams this shard's collector reads, given the account's id and the name; None where
    there are no shards. Early, because what is not read costs neither time nor memory."""
    share = spec.share
    return None if share.shard is None else lambda account, name: share.has("stream", name, account)


def _everything(_: str) -> bool:
    return True


def _pattern(globs: Sequence[str]) -> re.Pattern[str]:
    """Matches what any of the globs matches; nothing where there are none."""
    return re.compile("|".join(map(translate, globs)) or r"(?!)")
