"""The path that a spec names, ready to be used; sends nothing yet."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obs.sources.canary.path import Path
from obs.spec.canary import CanarySource

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient

# ruff: noqa: PLC0415  the libraries of a path that is not used are not loaded


def open_path(
    name: str, spec: CanarySource, client: "AwsClient | None", wall: Callable[[], float]
) -> Path:
    """The path of a canary. `client` is that of its AWS account, where it has one; `wall` gives
    Unix seconds."""
    session = None
    if spec.connection is not None:
        from obs.clients.nats_session import NatsSession

        label = f"obs canary {name}"
        session = NatsSession(spec.connection, label, timeout=spec.timeout)
    if spec.nats is not None:
        from obs.sources.canary.nats_path import NatsPathway

        assert session is not None
        return NatsPathway(name, spec, session, wall)
    from obs.sources.canary.eventbridge_path import EventBridgePathway

    assert client is not None
    claims = None
    if session is not None:
        from obs.clients.nats_bucket import Bucket
        from obs.sources.canary.claims import Claims
        from obs.sources.canary.nats_subjects import slot_key

        assert spec.connection is not None
        assert spec.eventbridge is not None
        assert spec.eventbridge.lease is not None
        of = spec.eventbridge.lease.bucket
        bucket = Bucket(session, of, spec.connection.api, 2 * spec.timeout)
        claims = Claims(bucket, slot_key(name))
    return EventBridgePathway(name, spec, client, claims, wall)
