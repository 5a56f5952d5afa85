"""The one list of exporters whose configuration can be imported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from obs.errors import BadInput
from obs.imports.exporters.cloudwatch_exporter import (
    import_cloudwatch_exporter,
    is_cloudwatch_exporter,
)
from obs.imports.exporters.flags import Word, words_of
from obs.imports.exporters.imported import ImportedSources
from obs.imports.exporters.nats_exporter import import_nats_exporter
from obs.imports.exporters.nats_surveyor import import_nats_surveyor, import_surveyor_file
from obs.imports.exporters.yace import import_yace, is_yace
from obs.imports.findings import Findings
from obs.imports.foreign import read_documents
from obs.spec.tree import Fields

_YAML: Final = (".yaml", ".yml")


class _ReadsFiles(Protocol):
    def __call__(
        self, documents: Sequence[Fields], origin: str, findings: Findings, *, keep_names: bool
    ) -> ImportedSources: ...


@dataclass(frozen=True, slots=True)
class _Files:
    """An exporter with a YAML file."""

    shape: str
    knows: Callable[[Fields], bool]
    read: _ReadsFiles


_FILES: Final = {
    "yace": _Files("`discovery`, `static` or `customNamespace`", is_yace, import_yace),
    "cloudwatch-exporter": _Files(
        "`metrics` with aws_namespace", is_cloudwatch_exporter, import_cloudwatch_exporter
    ),
}
_FLAGS: Final[dict[str, Callable[[Sequence[Word]], ImportedSources]]] = {
    "nats-exporter": import_nats_exporter,
    "nats-surveyor": import_nats_surveyor,
}


def import_flags(name: str, arguments: Sequence[str]) -> ImportedSources:
    """What the flags of an exporter say, or those in a file. Raises BadInput."""
    if name == "nats-surveyor" and len(arguments) == 1 and Path(arguments[0]).suffix in _YAML:
        findings = Findings()
        found = _documents(Path(arguments[0]), findings)
        if not found:
            raise BadInput(f"{arguments[0]}: holds no configuration of nats-surveyor")
        return import_surveyor_file(found[0], findings)
    return _FLAGS[name](words_of(arguments))


def import_configuration(name: str, paths: Sequence[Path], *, keep_names: bool) -> ImportedSources:
    """What the files of an exporter say. Raises BadInput where one is not of it."""
    findings, found = Findings(), []
    of = _FILES[name]
    for path in paths:
        trees = _documents(path, findings)
        if not any(map(of.knows, trees)):
            other = next((n for n, each in _FILES.items() if any(map(each.knows, trees))), "")
            hint = f"did you mean `obs import {other}`?" if other else f"write {of.shape}"
            raise BadInput(f"{path}: holds no configuration of {name}; {hint}")
        found += trees
    origin = f"{name}: {', '.join(path.name for path in paths)}"
    return of.read(found, origin, findings, keep_names=keep_names)


def _documents(path: Path, findings: Findings) -> list[Fields]:
    found, odd = read_documents(path)
    for problem in odd:
        findings.add(problem, lost=True)
    return found
