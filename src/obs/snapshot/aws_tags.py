"""Tags of AWS resources at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obs.snapshot.aws_services import Resource

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ResourceTags:
    """Tags by resource, of those that have any: by (bus, rule), by bus, by queue, and of others."""

    rules: Mapping[tuple[str, str], Tags] = field(default_factory=dict)
    buses: Mapping[str, Tags] = field(default_factory=dict)
    queues: Mapping[str, Tags] = field(default_factory=dict)
    others: Mapping[Resource, Tags] = field(default_factory=dict)
