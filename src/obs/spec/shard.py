"""Shards: parts of a large system, each with a collector of its own, by a stable hash.

An object belongs to the shard that the jump consistent hash of its identity gives (Lamping and
Veach, 2014): the same on every machine and in every release. With one shard more, one in as many
as there are then moves, and all of these to the new shard.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import Final

from obs.errors import BadInput

MOST_SHARDS: Final = 1_000
_WRITTEN: Final = re.compile(r"([0-9]{1,4}|pod)/([0-9]{1,4})")
_ORDINAL: Final = re.compile(r"-([0-9]{1,9})(\.|$)")
"""How the name of a StatefulSet's pod ends, and so the first part of its host name."""
_MULTIPLIER: Final = 2_862_933_555_777_941_757  # of the generator that the paper gives
_MASK: Final = 2**64 - 1

Identity = tuple[str, ...]
"""What identifies an object: source, kind, name of the stream, bus or queue, and then what tells
apart those of that name (account, rule)."""
_TOGETHER: Final = 3
"""Parts of an identity by which objects may be kept on one shard."""


class Place(Enum):
    """Which shard evaluates an SLO, where that is not the one that has an object."""

    FIRST = "first"
    """Shard 1, as everything that is neither a stream nor a rule nor a queue."""
    ANY = "any"
    """One chosen by the SLO's name: it needs no object."""
    EACH = "each"
    """Every shard, of its own objects."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `of` shards, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def folder(self) -> str:
        """The name of the folder below `state_dir` that has its state."""
        return f"shard-{self.number}"


@dataclass(frozen=True, slots=True)
class Portion:
    """The objects of one shard; without a shard, all of them.

    `together`: the beginnings of identities whose objects stay on one shard, because one SLO counts
    over all of them. `source`: the source that it is of, if it is of one.
    """

    shard: Shard | None = None
    together: frozenset[Identity] = frozenset()
    source: str = ""

    def has(self, *what: str) -> bool:
        """Whether it has an object of its source: kind, name, and the rest of its identity."""
        shard = self.shard
        return shard is None or self.number_of((self.source, *what)) == shard.number

    @property
    def is_first(self) -> bool:
        """Whether it has what belongs to no object: servers, accounts, functions, …"""
        return self.shard is None or self.shard.number == 1

    def number_of(self, identity: Identity) -> int:
        """The shard that has an object, from 1."""
        beginning = identity[:_TOGETHER]
        key = beginning if beginning in self.together else identity
        return 1 + _jump(_hashed(key), self.shard.of if self.shard else 1)

    def every(self) -> "tuple[Portion, ...]":
        """The share of each shard, in order; itself where there are no shards."""
        if self.shard is None:
            return (self,)
        of = self.shard.of
        return tuple(replace(self, shard=Shard(number, of)) for number in range(1, of + 1))


WHOLE: Final = Portion()


def parsed_shard(written: str, host_name: str) -> Shard:
    """The shard that `2/5` means. `pod/5` takes the number from the end of the host name, which a
    StatefulSet counts from 0: pods beyond the fifth begin again at 1. Raises BadInput.
    """
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise BadInput(
            f"--shard {written!r} is no shard; write its number and how many there are, as 2/5, or "
            "pod/5 in a StatefulSet"
        )
    of = int(match[2])
    if not 1 <= of <= MOST_SHARDS:
        raise BadInput(f"--shard {written}: there are 1 to {MOST_SHARDS} shards, not {of}")
    number = _of_pod(written, host_name) % of + 1 if match[1] == "pod" else int(match[1])
    if not 1 <= number <= of:
        raise BadInput(
            f"--shard {written}: of {of} shards the first is 1/{of} and the last {of}/{of}"
        )
    return Shard(number, of)


def _of_pod(written: str, host_name: str) -> int:
    """The pod's number, from 0. Raises BadInput."""
    match = _ORDINAL.search(host_name)
    if match is None:
        raise BadInput(
            f"--shard {written}: the host name {host_name!r} does not end with the number of a "
            "StatefulSet's pod, as in obs-0; write the shard's number, as 2/5"
        )
    return int(match[1])


def _hashed(identity: Identity) -> int:
    text = "\0".join(identity).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def _jump(key: int, buckets: int) -> int:
    """The bucket of a key, from 0: figure 1 of the paper."""
    bucket, after = 0, 0
    while after < buckets:
        bucket = after
        key = (key * _MULTIPLIER + 1) & _MASK
        after = int((bucket + 1) * ((1 << 31) / ((key >> 33) + 1)))
    return bucket
