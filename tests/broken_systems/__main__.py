"""Print what obs says of each broken system, as a Markdown table.

Run as `python -m tests.broken_systems`; $NATS_SERVER may name another nats-server.
"""

import sys
import tempfile
from pathlib import Path

from tests.broken_systems.table import all_outcomes, table


def main() -> int:
    """Exit status 1 where something is said that must not be."""
    with tempfile.TemporaryDirectory(prefix="obs-broken-") as folder:
        outcomes = all_outcomes(Path(folder))
    print(table(outcomes))
    return int(any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
