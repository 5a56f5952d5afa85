"""What is exposed: the families of each source, of SLOs and of obs itself, as last shown."""

from collections.abc import Mapping, Sequence

from obs.collector.clock import Clock
from obs.collector.compat import Compat
from obs.collector.counter_starts import CounterStarts
from obs.families.family import Family
from obs.sinks.exposition import Exposition
from obs.sinks.process import ProcessMetrics
from obs.spec.system import System


class ShownFamilies:
    """Families by the name of what shows them, and the exposition of them all.

    What others read (`exposition`, `every`) is replaced as a whole, never changed in place.
    """

    def __init__(self, system: System, starts: CounterStarts, clock: Clock) -> None:
        self.exposition = Exposition(system.labels)
        self.compat = Compat(system)
        self.changes = 0
        self._starts = starts
        self._clock = clock
        self._exported = system.exported
        self._families: Mapping[str, Sequence[Family]] = {}
        self._process = ProcessMetrics()

    def __contains__(self, name: str) -> bool:
        return name in self._families

    def of(self, name: str) -> Sequence[Family]:
        """Those of one name; none where it shows nothing."""
        return self._families.get(name, ())

    def every(self) -> list[Family]:
        """All of them."""
        return [family for families in self._families.values() for family in families]

    def exported(self, families: Sequence[Family]) -> Sequence[Family]:
        """Those that the spec does not leave out."""
        return [family for family in families if family.metric in self._exported]

    def show(self, name: str, families: Sequence[Family], *, lasting: bool = True) -> None:
        """Show families in place of those of this name, with what is compatible beside them.

        `lasting`: what they count outlives this process, so a restart is no new start.
        """
        shown, now = self.exported(families), self._clock.wall()
        families = self._starts.of(name, shown, now, lasting=lasting)
        self._families = {**self._families, name: families}
        self.exposition.update(name, [*families, *self.compat.of(name)])
        self.changes += 1

    def forget(self, name: str) -> None:
        """Push them no longer; `exposition.withdraw` takes them from scrapes."""
        kept = self._families.items()
        self._families = {each: families for each, families in kept if each != name}

    def show_process(self) -> None:
        """Show what this process needs of its machine now."""
        self.exposition.update("\x00process", self._process.families())
