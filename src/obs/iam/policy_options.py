"""Options of a policy that the spec leaves open."""

from collections.abc import Collection
from dataclasses import dataclass

from obs.spec.sources import SOURCE_KINDS


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """The options of `obs iam policy`.

    `kinds` are the sources that the collector polls, as in `obs collect --only`; `event_source` is
    the `source` of the published events, the system's name where left out.
    """

    source: str | None = None
    account: str | None = None
    kinds: Collection[str] = SOURCE_KINDS
    event_source: str | None = None
