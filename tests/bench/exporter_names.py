"""Every name of the two NATS exporters, with ours for it or the reason why there is none.

The names are in `exporter_names.tsv`: those that prometheus-nats-exporter and nats-surveyor show of
the system in `exporter_cluster`. `python -m tests.bench.migration` writes them into the pages of
docs/migration.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

Peer = Literal["exporter", "surveyor"]
PEERS: Final[tuple[Peer, ...]] = get_args(Peer)

_TABLE: Final = Path(__file__).with_name("exporter_names.tsv")


@dataclass(frozen=True, slots=True)
class PeerName:
    """A name of an exporter.

    `ours` is empty where there is none; of two metrics with a plus between them, their sum is its
    value. `factor` times its value is ours, and `where` narrows our series. With `why` the two are
    not the same number, or there is none of ours.
    """

    peer: Peer
    name: str
    ours: str
    factor: float
    where: tuple[tuple[str, str], ...]
    why: str

    @property
    def is_compared(self) -> bool:
        """Whether both are to have the same value."""
        return bool(self.ours) and not self.why

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of ours that add up to it."""
        return tuple(self.ours.split(" + ")) if self.ours else ()


@cache
def names() -> tuple[PeerName, ...]:
    """All of them, as the table has them."""
    with _TABLE.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
        return tuple(_name(row) for row in rows)


def _name(row: dict[str, str]) -> PeerName:
    peer = next(each for each in PEERS if each == row["peer"])
    where = tuple(
        (label, value) for label, _, value in (pair.partition("=") for pair in row["where"].split())
    )
    factor = float(row["factor"] or 1)
    return PeerName(peer, row["name"], row["ours"], factor, where, row["why"])


def table(peer: Peer) -> str:
    """The names of an exporter for people, in Markdown."""
    lines = ["| its name | in obs |", "|---|---|"]
    lines += [f"| `{each.name}` | {_in_words(each)} |" for each in names() if each.peer == peer]
    return "\n".join(lines)


def _in_words(name: PeerName) -> str:
    if not name.ours:
        return f"none: {name.why}"
    selector = "{" + ", ".join(f'{label}="{value}"' for label, value in name.where) + "}"
    ours = " + ".join(f"`{each}{selector if name.where else ''}`" for each in name.metrics)
    times = f" (times {name.factor:g})" if name.factor != 1 else ""
    why = f": {name.why}" if name.why else ""
    return f"{ours}{times}{why}"
