"""What reading and checking a spec of many SLOs costs; prints figures, asserts nothing.

Run as `python -m tests.bench.validate`.
"""

import tempfile
import time
from pathlib import Path

from obs.spec.load import load

SLOS = 1_000
ROUNDS = 3
HEAD = """\
version: 1
system: bench
sources:
  aws: {{cloud: {{region: us-east-1, buses: [{{name: orders, rules: [{rules}]}}]}}}}
  nats: {{main: {{monitor: ["http://nats:8222"], streams: {{include: [{streams}]}}}}}}
slos:
"""
SLO = "  - {{name: slo-{0}, service: shop, objective: 99.9, sli: {{{1}}}}}\n"
RULES = "eventbridge: {{source: cloud, bus: orders, rules: ['%s']}}"
LAG = "nats_lag: {{source: main, stream: S-{0}, consumer: c, max_messages: 1}}"
SPECS = (  # what it is; the rules and streams tracked; an SLI; {0} is a number
    ("a rule each, watched by its name", "rule-{0}", "S", RULES % "rule-{0}"),
    ("a glob each, rules watched by name", "rule-{0}-a", "S", RULES % "rule-{0}-*"),
    ("a rule each, watched by a glob each", "rule-{0}-*", "S", RULES % "rule-{0}-a"),
    ("a stream each, watched by its name", "r", "S-{0}", LAG),
)


def main() -> None:
    """Print the seconds to load each kind of spec, the best of a few rounds."""
    for what, rule, stream, sli in SPECS:
        with tempfile.TemporaryDirectory() as folder:
            spec = Path(folder) / "spec.yaml"
            slos = "".join(SLO.format(n, sli.format(n)) for n in range(SLOS))
            spec.write_text(HEAD.format(rules=_list(rule), streams=_list(stream)) + slos)
            seconds = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                load([spec], variables={})
                seconds.append(time.perf_counter() - started)
        print(f"{SLOS} SLOs, {what}: {min(seconds):.2f} s")


def _list(name: str) -> str:
    return ", ".join(f"'{each}'" for each in dict.fromkeys(name.format(n) for n in range(SLOS)))


if __name__ == "__main__":
    main()
