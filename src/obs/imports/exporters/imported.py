"""What becomes of an exporter's configuration, and its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.imports.findings import Finding

_ORIGIN: Final = "# Imported from {}\n"


@dataclass(frozen=True, slots=True)
class ImportedSources:
    """The spec's text, None where there is no source; what is told; a sentence that sums up."""

    text: str | None
    findings: tuple[Finding, ...]
    summary: str

    @property
    def lost(self) -> bool:
        """Whether anything was not taken over."""
        return self.text is None or any(each.lost for each in self.findings)


def sources_text(
    origin: str,
    kind: str,
    sources: Mapping[str, Mapping[str, Any]],
    *,
    outputs: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """A spec of these sources of a kind."""
    spec: dict[str, Any] = {
        "version": 1,
        "system": "imported",
        "sources": {kind: {name: dict(fields) for name, fields in sources.items()}},
        **({"outputs": dict(outputs)} if outputs else {}),
    }
    head = _ORIGIN.format(origin) + "".join(f"# {each}\n" for each in remarks)
    return head + yaml_text(escaped(spec))


class Variable(str):
    """The name of a variable of ours, which is written as ${NAME}."""

    __slots__ = ()


def escaped(value: Any) -> Any:
    """`${` of others is no variable of ours."""
    if isinstance(value, Variable):
        return f"${{{value}}}"
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: escaped(below) for key, below in value.items()}
    return [escaped(below) for below in value] if isinstance(value, list | tuple) else value
