"""What building all dashboards of a system costs, in a process of its own; asserts nothing.

Run as `python -m tests.bench.dashboards`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from obs.artifacts import write
from obs.dashboards.build import boards
from obs.dashboards.formats import DEFAULT, build
from obs.spec.load import load

SPEC = Path(__file__).parents[2] / "collectors" / "oms.yaml"


def main() -> None:
    """Print seconds to build and to write, and of the whole command."""
    system = load([SPEC], variables={})
    started = time.perf_counter()
    built = boards(system)
    made = time.perf_counter()
    files = build(system, DEFAULT)
    formed = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), files)
        written = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "obs", "dashboards", "build", "--spec", SPEC, "--out", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        whole = time.perf_counter() - written
    panels = sum(len(board.json["panels"]) for board in built)
    size = sum(len(text) for texts in files.values() for text in texts.values())
    print(
        f"{len(built)} dashboards of {panels} panels: built {made - started:.2f} s, "
        f"in {sum(map(len, files.values()))} files of {size / 1e6:.1f} MB {formed - made:.2f} s, "
        f"written {written - formed:.2f} s"
    )
    print(f"obs dashboards build, start to end: {whole:.2f} s")


if __name__ == "__main__":
    main()
