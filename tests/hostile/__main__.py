"""Print what each hostile neighbour costs, as a Markdown table.

Run as `python -m tests.hostile [WORD …]`: only drills whose name has one of the words.
"""

import sys
import tempfile
from pathlib import Path

from tests.drill_modules import printed
from tests.hostile.table import all_drills, rows


def main(words: list[str]) -> int:
    """Exit status 1 where a drill is beyond a limit."""
    chosen = tuple(
        drill for drill in all_drills() if not words or any(word in drill.name for word in words)
    )
    with tempfile.TemporaryDirectory(prefix="obs-hostile-") as folder:
        return printed(rows(chosen, Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
