"""Thresholds in metadata that neither obs nor the NATS CLI can use."""

from collections.abc import Iterator

from obs.checks.advice import nats
from obs.checks.finding import CheckFinding, doubtful, right, skipped, wrong
from obs.snapshot.assets import OddThreshold
from obs.snapshot.nats import NatsSnapshot
from obs.spec.system import System


def judge_monitor_metadata(
    system: System, source: str, snapshot: NatsSnapshot
) -> Iterator[CheckFinding]:
    """Each `io.nats.monitor.…` key of the metadata has a value that can be used."""
    if not system.sources.nats[source].monitor_metadata:
        yield skipped(source, "the spec ignores thresholds in metadata (monitor_metadata: false)")
        return
    findings = [
        *(
            _finding(each.name, ("stream", each.name), odd)
            for each in snapshot.streams
            for odd in each.config.thresholds.odd
        ),
        *(
            _finding(f"{each.stream}/{each.name}", ("consumer", each.stream, each.name), odd)
            for each in snapshot.consumers
            for odd in each.config.thresholds.odd
        ),
    ]
    yield from findings
    if not findings:
        thresholds = [each.config.thresholds for each in snapshot.streams]
        thresholds += [each.config.thresholds for each in snapshot.consumers]
        number = sum(len(each.limits) for each in thresholds)
        yield right(source, f"thresholds in metadata: {number}")


def _finding(at: str, asset: tuple[str, ...], odd: OddThreshold) -> CheckFinding:
    kind, *names = asset
    file = f"{names[-1]}.json"
    key = f'.metadata["{odd.key}"]'
    change = f'{key} = "{odd.example}"' if odd.example else f"del({key})"
    judged = wrong if odd.example else doubtful
    return judged(
        at,
        f"{odd.key} in its metadata {odd.why}",
        nats(kind, "info", *names, "--json") + f" | jq '.config | {change}' > {file}",
        nats(kind, "edit", *names, "--config", file, "-f"),
    )
