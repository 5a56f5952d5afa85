"""Families of other exporters' names, which only /metrics serves."""

from collections.abc import Sequence

from obs.families.family import Family, RowCache
from obs.sources.kind import AnyKind, Snapshot
from obs.sources.kinds import each_source
from obs.spec.system import System


class Compat:
    """Those of each source's last poll; none where the spec names no other exporter."""

    def __init__(self, system: System) -> None:
        self._web = system.outputs.web
        self._kinds: dict[str, tuple[AnyKind, RowCache]] = {}
        if self._web.compat:
            self._kinds = {name: (kind, RowCache()) for kind, name, _ in each_source(system)}
        self._families: dict[str, Sequence[Family]] = {}

    def update(self, source: str, snapshot: Snapshot) -> None:
        """Take the snapshot of a source."""
        if source in self._kinds:
            kind, cache = self._kinds[source]
            self._families[source] = kind.compat(snapshot, self._web, cache)

    def of(self, source: str) -> Sequence[Family]:
        """The families of a source, as of its last poll."""
        return self._families.get(source, ())
