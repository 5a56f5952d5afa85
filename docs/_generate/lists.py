"""Lists that have a page each: HTTP paths, lint rules, checks, faults of the demo."""

from docs._generate.markdown import code, joined, table, words
from docs._generate.since import since
from obs.checks.catalogue import CHECKS
from obs.dashboard_lint.rules import ALL
from obs.sandbox.faults import FAULTS
from obs.web.server import PATHS


def pages() -> dict[str, str]:
    """The pages by path."""
    return {"http": _http(), "lint-rules": _lint(), "checks": _checks(), "faults": _faults()}


def _http() -> str:
    return joined(
        "# HTTP paths of the collector",
        "`obs collect` listens on 127.0.0.1:9464 unless `outputs.web.listen` or `--listen` says "
        "otherwise. It answers GET and HEAD; nothing can be changed over HTTP. A web "
        "configuration file (`outputs.web.config_file`) sets TLS and basic authentication for all "
        "paths.",
        table(("path", "answers with"), ((code(path), words(PATHS[path])) for path in PATHS)),
        "`/metrics` sends Prometheus text, OpenMetrics or Protobuf (with native histograms), "
        "whichever the request accepts. `/readyz` is 503 while a required source is stale or "
        "something was withdrawn without being deleted, and says what and why; probe a sidecar at "
        "`/healthz`.",
    )


def _lint() -> str:
    return joined(
        "# Lint rules for dashboards",
        "What `obs dashboards lint` requires of a Grafana dashboard, whoever made it. Errors end "
        "it with exit code 1, warnings with `--strict` only. `.obs-lint.yaml` accepts findings, "
        "each with a reason.",
        "\n\n".join(
            f"[{code(rule.name)}]{{#lint-{rule.name}}}\n: {words(rule.summary)}\n\n"
            f"  {rule.severity.name.lower()} · since {since(f'lint-{rule.name}')}"
            for rule in ALL
        ),
    )


def _checks() -> str:
    return joined(
        "# Checks",
        "The questions of `obs check`, in the order in which they are answered. "
        "[Production readiness checks](../checks.md) says more about each.",
        "\n\n".join(
            f"[{code(check.name)}]{{#check-{check.name}}}\n: {words(check.question)}\n\n"
            + (f"  Skipped where {words(check.absent)} · " if check.absent else "  ")
            + f"since {since(f'check-{check.name}')}"
            for check in CHECKS
        ),
    )


def _faults() -> str:
    return joined(
        "# Faults of the demo",
        "What `obs demo --fault NAME` and `obs drill NAME` inject into a real NATS server and an "
        "AWS endpoint on your machine, and what then shows.",
        "\n\n".join(
            f"[{code(fault.name)}]{{#fault-{fault.name}}}\n: {words(fault.description)}\n\n"
            f"  Symptoms: {words(fault.symptoms)} · since {since(f'fault-{fault.name}')}"
            for fault in FAULTS
        ),
    )
