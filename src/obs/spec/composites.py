"""What composite SLOs refer to: other SLOs, by name, without going in a circle."""

from collections.abc import Iterator, Mapping, Sequence

from obs.spec.report import did_you_mean
from obs.spec.sli import Key
from obs.spec.slis import Sli
from obs.spec.slos import Slo
from obs.spec.tree import Path

Problems = Iterator[tuple[Path, str]]


def key_of(written: str, service: str) -> Key:
    """Service and name of an SLO that another one of `service` names: NAME or SERVICE/NAME."""
    before, slash, name = written.rpartition("/")
    return (before, name) if slash else (service, name)


def part_keys(sli: Sli, service: str) -> tuple[Key, ...]:
    """The SLOs that an SLI is made of; none of one that is measured."""
    return tuple(key_of(each, service) for each in sli.measured.part_names())


def in_order(slos: Mapping[Key, Slo]) -> list[Key]:
    """All SLOs, parts before what is made of them."""
    found: dict[Key, None] = {}

    def add(key: Key) -> None:
        if key in slos and key not in found:
            for part in part_keys(slos[key].sli, key[0]):
                add(part)
            found[key] = None

    for key in slos:
        add(key)
    return list(found)


def sources_of(key: Key, slos: Mapping[Key, Slo]) -> tuple[str, ...]:
    """The sources that an SLO is measured by, through its parts."""
    sli = slos[key].sli
    parts = [each for each in part_keys(sli, key[0]) if each in slos]
    if not sli.measured.part_names():
        return (sli.measured.source,)
    return tuple(dict.fromkeys(name for part in parts for name in sources_of(part, slos)))


def composite_problems(names: Mapping[int, Key], slis: Mapping[int, Sli]) -> Problems:
    """Parts that do not exist, that are split by object, or that contain the SLO itself.

    `names` (service and name) and `slis` are by the index of their SLO.
    """
    index = {key: at for at, key in names.items()}
    parts = {
        at: [index.get(key, -1) for key in part_keys(sli, names[at][0])]
        for at, sli in slis.items()
        if at in names
    }
    for at, of in parts.items():
        path: Path = ("slos", at, "sli", slis[at].kind, "of")
        for place, (written, part) in enumerate(
            zip(slis[at].measured.part_names(), of, strict=True)
        ):
            if part < 0:
                yield (*path, place), f"no SLO {written!r}{_hint(written, names[at], index)}"
            elif part in slis and (each := slis[part].measured.each):
                message = f"{written!r} has a budget for each {each}; it cannot be a part"
                yield (*path, place), message
            elif at in _within(part, parts):
                yield (*path, place), f"{written!r} contains this SLO; leave it out of one of them"


def _hint(written: str, own: Key, known: Mapping[Key, int]) -> str:
    others = sorted(
        name if service == own[0] else f"{service}/{name}"
        for service, name in known
        if (service, name) != own
    )
    return did_you_mean(written, others) or (f"; choose from {', '.join(others)}" if others else "")


def _within(start: int, parts: Mapping[int, Sequence[int]]) -> set[int]:
    """An SLO, and all that it is made of."""
    seen, todo = {start}, [start]
    while todo:
        more = set(parts.get(todo.pop(), ())) - seen
        seen |= more
        todo += more
    return seen
