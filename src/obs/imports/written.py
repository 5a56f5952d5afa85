"""An imported spec as YAML."""

from collections.abc import Iterator
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.imports.exporters.imported import escaped
from obs.imports.imported import Imported, ImportedSlo, overrides

UNKNOWN_URL: Final = "http://localhost:9090"
_WIDTH: Final = 96


def spec_text(imported: Imported, origin: str, files: list[str]) -> str:
    """The spec: SLOs in the order of the files, with what is worth knowing as comments."""
    services = {slo.id[0] for slo in imported.slos}
    parts = [
        _comment(f"Imported from {origin}: {', '.join(files)}"),
        _yaml({"version": 1, "system": services.pop() if len(services) == 1 else "imported"}),
        _yaml({"sources": {"prometheus": _sources(imported)}}),
        "slos:\n",
        *(_slo_text(slo) for slo in imported.slos),
    ]
    if tuned := overrides(imported.slos):
        parts += [_yaml({"alerts": {name: {"overrides": of} for name, of in tuned.items()}})]
    return "".join(parts)


def _sources(imported: Imported) -> dict[str, Any]:
    return {name: {"url": url} for name, url in imported.urls.items()}


def _slo_text(slo: ImportedSlo) -> str:
    remarks = "".join(_comment(remark, indent="  ") for remark in slo.remarks)
    return remarks + "".join(
        f"  {line}\n" if line else "\n" for line in _yaml([slo.fields]).splitlines()
    )


def _yaml(value: object) -> str:
    return yaml_text(escaped(value))


def _comment(text: str, indent: str = "") -> str:
    return "".join(f"{indent}# {line}\n" for line in _wrapped(text))


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in "".join(each if each.isprintable() else " " for each in text).split():
        if line and len(line) + len(word) >= _WIDTH:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line
