"""What a pack has, for people and for scripts."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from obs.packs.pack import Pack, built_in, pack_of
from obs.spec.descriptions import descriptions
from obs.spec.pack_settings import OwnPack, PackSettings
from obs.spec.packs import about, pack_names, settings_of, shown
from obs.spec.quantity import format_duration
from obs.spec.system import System

_WIDTH: Final = 100
_BESIDE: Final = 0.4
"""A name that takes more of the width than this stands above what belongs to it."""


@dataclass(frozen=True, slots=True)
class PackFacts:
    """One pack; each entry of a list is a mapping of texts. `file` is that of one of the user's
    own, empty for those of obs."""

    name: str
    about: str
    example: str
    settings: tuple[dict[str, str], ...]
    metrics: tuple[dict[str, str], ...]
    alerts: tuple[dict[str, str], ...]
    pages: tuple[dict[str, str], ...]
    file: str = ""

    def in_words(self, width: int = _WIDTH) -> str:
        """The same as text of so many columns, a section for each list."""
        parts = [self.name, *_wrapped(self.about, width), "", "in the spec"]
        parts += _wrapped(self.example, width)
        if self.file:
            parts += ["", "file", f"  {self.file}"]
        for title, entries in (
            ("settings", self.settings),
            ("alerts", self.alerts),
            ("pages", self.pages),
            ("metrics", self.metrics),
        ):
            if entries:
                parts += ["", title, *_rows(list(map(_row, entries)), width)]
        return "\n".join(parts)


def every_pack() -> list[PackFacts]:
    """The packs that come with obs."""
    return [_built_in(name) for name in pack_names()]


def metrics_of_packs() -> frozenset[str]:
    """The names of all series that packs of obs read."""
    return frozenset(name for pack in map(built_in, pack_names()) for name in _series(pack))


def metrics_of_used(system: System) -> frozenset[str]:
    """The same of the packs that a system uses, its own ones among them."""
    used = (pack_of(name, settings) for name, settings in system.packs.used())
    return frozenset(name for pack in used for name in _series(pack))


def _series(pack: Pack) -> Iterator[str]:
    for metric in pack.metrics:
        yield from metric.series


def packs_of(system: System) -> list[PackFacts]:
    """The packs of the user's own that a spec names. Raises BadInput where one cannot be read."""
    return [_own(name, settings) for name, settings in system.packs.own.items()]


def listed(packs: list[PackFacts], width: int = _WIDTH) -> str:
    """Packs by name and what they are for, in so many columns."""
    return "\n".join(_rows([(each.name, each.about) for each in packs], width, indent=0))


def _built_in(name: str) -> PackFacts:
    pack = built_in(name)
    example = f"packs: {{{shown(name)}: {pack.example}}}"
    return replace(
        _facts(pack, settings_of(name)), name=shown(name), about=about(name), example=example
    )


def _own(name: str, settings: OwnPack) -> PackFacts:
    pack = pack_of(name, settings)
    example = f"packs: {{own: {{{name}: {{from: {settings.file}}}}}}}"
    return replace(
        _facts(pack, OwnPack),
        name=name,
        about=pack.about or pack.title,
        example=example,
        file=str(settings.path),
    )


def _facts(pack: Pack, settings: type[PackSettings]) -> PackFacts:
    """What the pack itself says."""
    needed = {metric.name: exporter for metric, exporter in pack.needs}
    return PackFacts(
        "",
        pack.about,
        pack.example,
        tuple(
            {"name": settings.model_fields[field].alias or field, "about": " ".join(text.split())}
            for field, text in descriptions(settings).items()
            if field in settings.model_fields
        ),
        tuple(
            {
                "name": each.name,
                "kind": each.kind.value,
                "needed_from": needed.get(each.name, ""),
                "help": each.help,
            }
            for each in pack.metrics
        ),
        tuple(
            {
                "name": alert.name,
                "severity": alert.severity.value,
                "when": f"{alert.when.words().comparison} for {format_duration(alert.hold)}",
                "summary": alert.summary,
            }
            for alert in pack.alerts
        ),
        tuple({"name": page.name, "question": page.question} for page in pack.pages),
    )


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _row(entry: dict[str, str]) -> tuple[str, str]:
    """The name of an entry, and the rest in words."""
    name, *rest = entry.items()
    match dict(rest):
        case {"severity": severity, "when": when, "summary": summary}:
            return name[1], f"{severity}, {when}: {summary}"
        case {"kind": kind, "help": words, "needed_from": exporter}:
            needed = f", needed from {exporter}" if exporter else ""
            return name[1], f"{kind}{needed}: {words}"
        case more:
            return name[1], " ".join(more.values())


def _rows(rows: list[tuple[str, str]], width: int, indent: int = 2) -> Iterator[str]:
    """Two columns, the second one wrapped; below a name that is too long for the first."""
    most = int(_BESIDE * width)
    column = max((len(name) for name, _ in rows if len(name) <= most), default=4) + 2
    margin = " " * (indent + column)
    for name, words in rows:
        lines = _wrapped(words, width, margin) or [""]
        if len(name) > most:
            yield f"{' ' * indent}{name}"
        else:
            lines[0] = f"{' ' * indent}{name.ljust(column)}{lines[0].strip()}".rstrip()
        yield from lines
