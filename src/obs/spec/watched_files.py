"""The files that a running collector depends on: a change of one is taken up without a restart."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from obs.spec.files import spec_files
from obs.spec.ha import KubernetesLease
from obs.spec.secret import FileSecret
from obs.spec.system import System

_MOST: Final = 4_000_000  # bytes of a file that are compared


def watched_files(paths: Sequence[Path], system: System) -> list[Path]:
    """The spec's own files, and those that it names: secrets, certificates, headers, packs."""
    named = {Path(each) for each in _named(system)}
    return [*spec_files(paths, []), *sorted(named)]


def digest(files: Iterable[Path]) -> str:
    """Stands for the contents of these files; one that cannot be read counts as missing."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file}\0".encode())
        try:
            with file.open("rb") as opened:
                whole.update(hashlib.sha256(opened.read(_MOST)).digest())
        except OSError:
            whole.update(b"missing")
    return whole.hexdigest()


def _named(value: object) -> Iterator[str]:
    if isinstance(value, KubernetesLease):
        return  # read for each request, and renewed every hour by Kubernetes
    if isinstance(value, FileSecret):
        yield value.file
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            of_field = getattr(value, name)
            if isinstance(of_field, str) and name.endswith("_file"):
                yield of_field
            else:
                yield from _named(of_field)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _named(each)
