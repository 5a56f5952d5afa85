"""Where the state files of one state folder are: its own, and one for each shard."""

import re
from pathlib import Path
from typing import Final

from obs.errors import BadInput
from obs.state import FILE_NAME

_SHARD: Final = re.compile(r"shard-([1-9][0-9]{0,5})")


def shard_folders(folder: Path) -> dict[int, Path]:
    """The folders of shards that have a state file, by number."""
    found = ((_SHARD.fullmatch(each.parent.name), each.parent) for each in _files(folder))
    return dict(sorted((int(named[1]), path) for named, path in found if named))


def state_folders(folder: Path) -> list[Path]:
    """Every folder with a state file: its own first. Raises BadInput where there is none."""
    own = [folder] if (folder / FILE_NAME).is_file() else []
    every = [*own, *shard_folders(folder).values()]
    if not every:
        raise BadInput(
            f"{folder}: has no state file {FILE_NAME}; give the state_dir of a collector"
        )
    return every


def _files(folder: Path) -> list[Path]:
    return [each for each in folder.glob(f"shard-*/{FILE_NAME}") if each.is_file()]
