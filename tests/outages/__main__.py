"""Print what each outage cost, as a Markdown table.

Run as `python -m tests.outages [WORD …]`: only outages whose name has one of the words.
"""

import sys
import tempfile
from pathlib import Path

from tests.drill_modules import printed
from tests.outages.table import all_outages, rows


def main(words: list[str]) -> int:
    """Exit status 1 where a drill is beyond a limit."""
    chosen = tuple(
        outage
        for outage in all_outages()
        if not words or any(word in outage.name for word in words)
    )
    with tempfile.TemporaryDirectory(prefix="obs-outages-") as folder:
        return printed(rows(chosen, Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
