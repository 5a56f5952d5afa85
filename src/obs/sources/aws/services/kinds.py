"""The kinds of AWS objects that a source can watch beside rules and queues: the one list."""

from collections.abc import Iterator, Mapping
from typing import Final

from obs.catalogue.metric import Metric
from obs.sources.aws.services import (
    api_destinations,
    archives,
    functions,
    pipes,
    put_events,
    schedules,
    topics,
)
from obs.sources.aws.services.kind import ServiceKind
from obs.spec.aws import AwsSource

KINDS: Final[tuple[ServiceKind, ...]] = (
    *(put_events.KIND, functions.KIND, topics.KIND),
    *(pipes.KIND, schedules.KIND, api_destinations.KIND, archives.KIND),
)
BY_KEY: Final[Mapping[str, ServiceKind]] = {kind.key: kind for kind in KINDS}


def watched(spec: AwsSource) -> Iterator[ServiceKind]:
    """The kinds of which the spec watches any."""
    return (kind for kind in KINDS if kind.key in spec.watches)


def kind_of(metric: Metric) -> ServiceKind | None:
    """The kind of objects that have a metric; None where it is another's."""
    return next((kind for kind in KINDS if metric in kind.metrics), None)
