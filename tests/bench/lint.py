"""What judging many dashboards costs, in this process; asserts nothing.

Run as `python -m tests.bench.lint`.
"""

import json
import tempfile
import time
from copy import deepcopy
from pathlib import Path

from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.read import read
from obs.dashboard_lint.subject import Knowledge
from obs.dashboards.build import boards
from obs.spec.load import load

SPEC = Path(__file__).parents[2] / "collectors" / "oms.yaml"
DASHBOARDS, PANELS = 50, 25


def main() -> None:
    """Print seconds to read and to judge dashboards made of the reference system's panels."""
    built = [board.json for board in boards(load([SPEC], variables={}))]
    panels = [panel for each in built for panel in each["panels"] if panel["type"] != "row"]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(DASHBOARDS):
            chosen = [deepcopy(panels[(7 * number + at) % len(panels)]) for at in range(PANELS)]
            one = {**built[number % len(built)], "uid": f"bench-{number}", "panels": chosen}
            (Path(folder) / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
        started = time.perf_counter()
        dashboards = read([Path(folder)]).dashboards
        known = time.perf_counter()
        report = lint(dashboards, Knowledge())
        done = time.perf_counter()
    queries = sum(len(panel.targets) for each in dashboards for panel in each.panels)
    print(
        f"{len(dashboards)} dashboards, {queries} queries: read {known - started:.2f} s, "
        f"judged {done - known:.2f} s, {len(report.findings)} findings"
    )


if __name__ == "__main__":
    main()
