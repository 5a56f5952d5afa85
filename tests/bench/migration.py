"""The tables of the pages about migration, each made of what is declared in code.

`python -m tests.bench.migration` writes them between the marks in docs/migration/*.md. The prose
around them is written by hand.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from obs.alerts.slo_names import pyrra, sloth
from obs.alerts.slo_names.subject import RecordingRule, Subject
from obs.catalogue import ALL
from obs.imports.exporters import (
    cloudwatch_exporter,
    nats_exporter,
    nats_surveyor,
    yace,
)
from obs.imports.exporters.flags import Flag
from obs.imports.exporters.options import Option
from obs.imports.exporters.services import DIMENSIONS, FIELDS, PACKS
from obs.spec.slos import Slo
from tests.bench.compat_differences import BY_DESIGN, DIFFERENCES
from tests.bench.exporter_names import table as names

FOLDER: Final = Path(__file__).parents[2] / "docs" / "migration"
_MARKED: Final = re.compile(r"(<!-- table: (\S+) -->\n)(?:(?!<!-- ).*\n)*(<!-- end -->)")
EXAMPLE_FIELDS: Final[Mapping[str, Any]] = {
    "name": "requests",
    "service": "shop",
    "objective": 99.9,
    "window": "4w",
    "engine": "rules",
    "sli": {
        "prometheus": {
            "source": "metrics",
            "bad": 'http_requests_total{job="shop",code=~"5.."}',
            "total": 'http_requests_total{job="shop"}',
        }
    },
}
EXAMPLE: Final = Slo.model_validate(dict(EXAMPLE_FIELDS))


def rows(heads: Sequence[str], found: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *found]
    return "\n".join(f"| {' | '.join(each.replace('|', '/') for each in line)} |" for line in lines)


def flags(table: Sequence[Flag], *, long: str = "-") -> str:
    """What becomes of each flag; `long` is before a name of several letters."""
    return rows(
        ("flag", "in obs", "remark"),
        [
            (
                ", ".join(
                    f"`{long if len(name) > 1 else '-'}{' '.join((name, each.takes)).strip()}`"
                    for name in each.names
                ),
                f"`{each.ours}`" if each.ours else "",
                f"not taken over: {each.told}" if each.lost else each.told,
            )
            for each in table
        ],
    )


def options(table: Sequence[Option]) -> str:
    """What becomes of each option."""
    return rows(
        ("option", "in obs", "remark"),
        [
            (
                f"`{each.path}`",
                f"`{each.ours}`" if each.ours else "",
                f"not taken over: {each.told}" if each.lost else each.told,
            )
            for each in table
        ],
    )


def cloudwatch(exporter_name: Callable[[str, str, str], str]) -> str:
    """Metrics that obs watches by itself."""
    found = {
        (
            f"`{exporter_name(each.aws.namespace, each.aws.metric, each.aws.statistic)}`",
            f"`{each.name}`",
            f"`{FIELDS[each.aws.namespace][0]}`",
        )
        for each in ALL
        if each.aws and each.aws.namespace in FIELDS
    }
    return rows(("its name", "in obs", "watched by"), sorted(found))


def services() -> str:
    """The dimensions that stand for a service, and its pack."""
    return rows(
        ("namespace", "dimensions", "field or pack of obs"),
        [
            (
                f"`{namespace}`",
                ", ".join(f"`{each}`" for each in dimensions),
                f"`{FIELDS[namespace][0]}`"
                if namespace in FIELDS
                else f"`packs.{PACKS[namespace]}`"
                if namespace in PACKS
                else "",
            )
            for namespace, dimensions in DIMENSIONS.items()
        ],
    )


def recorded(rules: Callable[[Subject], Iterator[RecordingRule]]) -> str:
    """What the rules record of an example, and from what."""
    of_system = (("system", "shop"),)
    plain = re.compile(r'slo="requests",slo_service="shop",system="shop",?')
    return rows(
        ("its name", "labels", "recorded from"),
        [
            (
                f"`{each['record']}`",
                ", ".join(f"`{label}`" for label in each["labels"]),
                f"`{plain.sub('', each['expr']).replace('{}', '')}`",
            )
            for each in rules(Subject(EXAMPLE, of_system))
        ],
    )


def differences() -> str:
    """Of which names the compat exposition may differ, and why."""
    return rows(
        ("names", "why"),
        [(", ".join(f"`{name}`" for name in each.names), each.why) for each in DIFFERENCES],
    )


def by_design() -> str:
    """What is different whatever the name."""
    return rows(("what", "how"), BY_DESIGN)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "nats-exporter-flags": lambda: flags(nats_exporter.FLAGS),
    "nats-exporter-names": lambda: names("exporter"),
    "compat-differences": differences,
    "compat-by-design": by_design,
    "nats-surveyor-flags": lambda: flags(nats_surveyor.FLAGS, long="--"),
    "nats-surveyor-names": lambda: names("surveyor"),
    "yace-options": lambda: options(yace.OPTIONS),
    "yace-names": lambda: cloudwatch(yace.exporter_name),
    "yace-services": services,
    "cloudwatch-exporter-options": lambda: options(cloudwatch_exporter.OPTIONS),
    "cloudwatch-exporter-names": lambda: cloudwatch(cloudwatch_exporter.exporter_name),
    "sloth-names": lambda: recorded(sloth.rules),
    "pyrra-names": lambda: recorded(pyrra.rules),
}
KEPT: Final = "compared"
"""The table that `python -m tests.bench.compat --page` writes: it needs the exporter."""


def with_tables(text: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """A page with its tables as they are declared."""

    def made(found: re.Match[str]) -> str:
        name = found[2]
        return f"{found[1]}{tables[name]()}\n{found[3]}" if name in tables else found[0]

    return _MARKED.sub(made, text)


def marks(text: str) -> list[str]:
    """The tables that a page has."""
    return [found[2] for found in _MARKED.finditer(text)]


def main() -> None:
    """Write the tables."""
    for path in sorted(FOLDER.glob("*.md")):
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
