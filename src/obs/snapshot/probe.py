"""What one round of probes found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obs.errors import SourceError


@dataclass(frozen=True, slots=True)
class DependencyStates:
    """Whether each dependency works, by name, as a readiness answer says; `left_out` by reason."""

    up: Mapping[str, bool]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe. It succeeded unless `failure` is one of the catalogue's FAILURES; `why` says more.

    `unknown`: why it could not be sent; then nothing is known of the target. `seconds` and `phases`
    are of the whole probe; `expires` is when the certificate does (Unix seconds). `dependencies` is
    None where the answer tells of none.
    """

    target: str
    seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
    why: str = ""
    unknown: SourceError | None = None
    status: int | None = None
    expires: float | None = None
    dependencies: DependencyStates | None = None

    @property
    def up(self) -> bool | None:
        """Whether it succeeded; None where that is not known."""
        return None if self.unknown else not self.failure


@dataclass(frozen=True, slots=True)
class ProbeSnapshot:
    """All probes of one poll, which began at `at` (Unix seconds)."""

    at: float
    probed: tuple[Probed, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
