"""The platforms that a first spec can be written from. This is the one list of them."""

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from obs.first_spec import aws, nats
from obs.first_spec.draft import Draft
from obs.first_spec.options import Options

ROOMS: Final[dict[str, ModuleType]] = {"nats": nats, "aws": aws}
"""By the kind of source. Each has `look(options)`, which gives drafts, and an `EXAMPLE`."""

EXAMPLES: Final = {kind: str(room.EXAMPLE) for kind, room in ROOMS.items()}


def look(options: Options) -> Iterator[Draft]:
    """The drafts of all platforms that were asked for. Raises BadInput and SourceError."""
    for room in ROOMS.values():
        yield from room.look(options)
