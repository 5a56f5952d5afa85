"""Options of exporters that are configured by YAML."""

from collections.abc import Iterable
from dataclasses import dataclass

from obs.imports.findings import Section


@dataclass(frozen=True, slots=True)
class Option:
    """An option by its key, and the sections that may have it.

    `ours` is the field of the spec that says the same, empty for none. `told` is a remark where it
    is written, and of a `lost` one why it was not taken over and what to do.
    """

    key: str
    ours: str = ""
    told: str = ""
    lost: bool = False
    within: str = ""

    @property
    def path(self) -> str:
        """Where it stands, for people."""
        return f"{self.within}.{self.key}" if self.within else self.key


def tell(section: Section, options: Iterable[Option], within: str) -> None:
    """The remarks on what is written in a section; options without one are read elsewhere."""
    for option in options:
        if option.within != within:
            continue
        section.known(option.key)
        value = section.node.fields.get(option.key)
        if not option.told or value is None or not section.has(option.key):
            continue
        if getattr(value, "value", None) is False:
            continue
        if option.lost:
            section.lost(option.key, option.told)
        else:
            section.note(option.key, option.told)
