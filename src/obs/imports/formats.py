"""The one list of formats, and an import from files to the text of a spec."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from obs.errors import BadInput
from obs.imports.findings import Finding, Findings
from obs.imports.foreign import read_documents
from obs.imports.imported import Imported, Options
from obs.imports.openslo import is_openslo, read_openslo
from obs.imports.pyrra import is_pyrra, read_pyrra
from obs.imports.sloth import is_sloth, read_sloth
from obs.imports.written import UNKNOWN_URL, spec_text
from obs.spec.report import Problem
from obs.spec.tree import Fields

_MOST_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class Format:
    """A format of SLOs: how to know a document of it, and how to read all of them."""

    name: str
    shape: str
    knows: Callable[[Fields], bool]
    read: Callable[[Sequence[Fields], Options, Findings], Imported]


FORMATS: Final[Mapping[str, Format]] = {
    each.name: each
    for each in (
        Format(
            "sloth",
            "`version: prometheus/v1`, or `kind: PrometheusServiceLevel`",
            is_sloth,
            read_sloth,
        ),
        Format(
            "openslo", "`apiVersion: openslo/v1` or `openslo/v1alpha`", is_openslo, read_openslo
        ),
        Format("pyrra", "`kind: ServiceLevelObjective` of pyrra.dev", is_pyrra, read_pyrra),
    )
}


@dataclass(frozen=True, slots=True)
class Import:
    """The result: the spec's text, None without an SLO; what is told; how many SLOs were taken
    over wholly, partly and not."""

    text: str | None
    findings: tuple[Finding, ...]
    whole: int
    partly: int
    refused: int


def import_files(form: Format, paths: Sequence[Path], options: Options) -> Import:
    """Imports files. Raises BadInput where one cannot be read, or is not of the format."""
    if len(paths) > _MOST_FILES:
        raise BadInput(f"more than {_MOST_FILES} files; import them in parts")
    findings = Findings()
    found = [tree for path in paths for tree in _documents(form, path, findings)]
    imported = form.read(found, options, findings)
    imported = replace(imported, urls=_urls(imported, options, paths[0], findings))
    text = spec_text(imported, form.name, [path.name for path in paths])
    whole = sum(slo.whole for slo in imported.slos)
    return Import(
        text if imported.slos else None,
        tuple(findings.in_order()),
        whole,
        len(imported.slos) - whole,
        imported.refused,
    )


def _documents(form: Format, path: Path, findings: Findings) -> list[Fields]:
    file = str(path)
    found, odd = read_documents(path)
    if not any(map(form.knows, found)):
        other = next((each for each in FORMATS.values() if any(map(each.knows, found))), None)
        hint = f"did you mean `obs import {other.name}`?" if other else f"write {form.shape}"
        line = found[0].place.line if found else None
        raise BadInput(str(Problem(file, line, "", f"holds no SLO of {form.name}; {hint}")))
    for problem in odd:
        findings.add(problem, lost=True)
    return found


def _urls(imported: Imported, options: Options, first: Path, findings: Findings) -> dict[str, str]:
    """The URL of each source that an SLI uses."""
    used = {str(sli["source"]) for slo in imported.slos for sli in slo.fields["sli"].values()}
    urls = {name: options.url or imported.urls.get(name, "") for name in sorted(used)}
    for name, url in urls.items():
        if not url:
            message = f"no URL of source {name} is known; give --url, or correct {UNKNOWN_URL}"
            findings.add(Problem(str(first), None, "", message), lost=False)
    return {name: url or UNKNOWN_URL for name, url in urls.items()}
