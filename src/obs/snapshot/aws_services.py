"""Objects of AWS services beside EventBridge's rules, with what CloudWatch has of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A Lambda function, an SNS topic, …; `name` is empty where an account has only one."""

    kind: str
    name: str = ""


ResourceKey = tuple[Resource, str]
"""A resource, and one of our metrics of it by name."""

ResourcePoints = Mapping[ResourceKey, Mapping[int, float]]
"""Sums of counters by the start of their minute (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class ServiceData:
    """The resources of one poll.

    `points` and `missed` are the sums of counters as `AwsSnapshot` has them of rules; `levels` the
    present values of gauges, in our units, without those that are not known.
    """

    resources: tuple[Resource, ...] = ()
    points: ResourcePoints = field(default_factory=dict)
    missed: ResourcePoints = field(default_factory=dict)
    levels: Mapping[ResourceKey, float] = field(default_factory=dict)
