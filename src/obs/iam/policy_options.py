"""For whom exactly a policy is meant, where the spec leaves that open."""

from collections.abc import Collection
from dataclasses import dataclass

from obs.spec.sources import SOURCE_KINDS


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """What the command line says of a policy.

    `kinds` are the sources that the collector polls, as in `obs collect --only`; `event_source` is
    the `source` of the published events, the system's name where left out.
    """

    source: str | None = None
    account: str | None = None
    kinds: Collection[str] = SOURCE_KINDS
    event_source: str | None = None
