"""Commands that change a consumer's backoff."""

from collections.abc import Iterable

from obs.checks.advice import nats


def edit_backoff(stream: str, consumer: str, steps: Iterable[float]) -> tuple[str, str]:
    """The NATS CLI has a flag for ack_wait; for backoff it needs the whole configuration.

    Without steps, ack_wait counts again.
    """
    nanoseconds = [round(step * 1e9) for step in steps]
    change = f".backoff = {nanoseconds}" if nanoseconds else "del(.backoff)"
    file = f"{consumer}.json"
    return (
        nats("consumer", "info", stream, consumer, "--json")
        + f" | jq '.config | {change}' > {file}",
        nats("consumer", "edit", stream, consumer, "--config", file, "-f"),
    )
