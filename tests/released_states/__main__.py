"""Make the files of the version in this checkout. Exit status 1 where they are there."""

import sys
import tempfile
from pathlib import Path

from obs import __version__
from tests.released_states.life import FOLDER, lived, told_after


def main() -> str | None:
    """What is wrong, if anything: a release never changes."""
    sql, told = (FOLDER / f"{__version__}.{ending}" for ending in ("sql", "txt"))
    if sql.exists():
        return f"{sql.name} exists: set the version of the next release first"
    with tempfile.TemporaryDirectory() as folder:
        sql.write_text(lived(Path(folder)), encoding="utf-8")
        told.write_text("\n".join([*told_after(Path(folder)), ""]), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main())
