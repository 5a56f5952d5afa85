"""What building alerts of many SLOs costs, and whether Prometheus takes them; asserts nothing.

Run as `python -m tests.bench.alerts`.
"""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from obs.alerts.targets import TARGETS, build, remarks
from obs.artifacts import write
from obs.spec.load import load

SLOS = 1_000
HEAD = """\
version: 1
system: bench
sources: {aws: {cloud: {region: us-east-1, buses: [{name: b, rules: [even, odd]}]}}}
slos:
"""
SLO = (
    "  - {{name: slo-{0}, service: service-{1}, objective: 99.{2}, "
    "sli: {{eventbridge: {{source: cloud, bus: b, rules: [{3}]}}}}}}\n"
)


def main() -> None:
    """Print seconds to read, build and write, and what promtool says."""
    with tempfile.TemporaryDirectory() as folder:
        spec, out = Path(folder) / "spec.yaml", Path(folder) / "alerts"
        rules = ("even", "odd")
        slos = "".join(SLO.format(n, n % 50, 1 + n % 9, rules[n % 2]) for n in range(SLOS))
        spec.write_text(HEAD + slos, encoding="utf-8")
        started = time.perf_counter()
        system = load([spec], variables={})
        read = time.perf_counter()
        files = build(system, tuple(TARGETS))
        remarks(system, files)
        built = time.perf_counter()
        write(out, files)
        written = time.perf_counter()
        size = sum(len(text) for target in files.values() for text in target.values())
        print(
            f"{SLOS} SLOs, every target, {size / 1e6:.0f} MB: read {read - started:.2f} s, "
            f"built {built - read:.2f} s, written {written - built:.2f} s"
        )
        if shutil.which("promtool"):
            rule_files = [*out.glob("prometheus/*.yaml"), *out.glob("recording/*.yaml")]
            checked = subprocess.run(
                ["promtool", "check", "rules", "--lint-fatal", *map(str, rule_files)],
                capture_output=True,
                text=True,
                check=False,
            )
            print("promtool check rules:", "clean" if checked.returncode == 0 else checked.stderr)


if __name__ == "__main__":
    main()
