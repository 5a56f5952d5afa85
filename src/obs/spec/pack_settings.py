"""What a spec says of a pack that it uses: which series belong to the system."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, PrivateAttr

from obs.spec.alerts import LabelName
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.globs import is_plain, plain_name
from obs.spec.model import Glob, Matching, Model
from obs.spec.slos import Slo

_TOKEN: Final = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_SPECIAL: Final = re.compile(r"[.+^$(){}|\\]")

Matcher = tuple[str, str, str]
"""A label, an operator, and a value."""


class PackSettings(Model):
    """Settings that every pack has; those of a single pack are in its folder."""

    where: Annotated[dict[LabelName, Glob], Field(max_length=20)] = {}
    """Labels that the system's series have, as values or globs, where Prometheus has those of other
    systems too: {job: node, cluster: "prod-*"} (default: all series of the pack's metrics)."""

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """What chooses the series of the system, as PromQL has it."""
        return tuple(glob_matcher(label, glob) for label, glob in sorted(self.where.items()))

    def cloudwatch_metrics(self) -> Mapping[str, tuple[ExportedMetric, ...]]:
        """CloudWatch metrics that AWS sources export for the pack, by the source's name."""
        return {}

    def thresholds(self) -> Mapping[str, float | None]:
        """Thresholds of alerts that follow from the settings, by name; None leaves one out."""
        return {}

    def stands_for(self) -> Mapping[str, "PackSettings"]:
        """Packs that are in use instead of this one, by name, where it is several together."""
        return {}

    def objectives(self) -> tuple[Slo, ...]:
        """SLOs that the pack adds. Raises an error from `obs.spec.model.wrong`."""
        return ()


class OwnPack(PackSettings):
    """A pack of your own, beside the spec."""

    file: Annotated[
        str,
        Field(alias="from", min_length=1, max_length=1_024),
        Matching(r"\.(yaml|yml|py)$", "a YAML file, or a Python file that declares PACK"),
    ]
    """Path of the pack's file, from the folder of the spec. A Python file is executed."""
    _beside: Path = PrivateAttr(default=Path())

    @property
    def path(self) -> Path:
        """Where the pack's file is."""
        return self._beside / self.file

    def placed(self, spec: Path) -> None:
        """Tell where the spec is that names the pack; `path` is relative to it."""
        self._beside = spec.parent


def glob_matcher(label: str, glob: str) -> Matcher:
    """What matches the label's values that the glob does, as PromQL has it."""
    if is_plain(glob):
        return (label, "=", plain_name(glob) or "")
    return (label, "=~", as_expression(glob))


def as_expression(glob: str) -> str:
    """A glob as a regular expression, which matches the whole value."""
    return "".join(map(_expression, _TOKEN.findall(glob)))


def _expression(part: str) -> str:
    """A part of a glob as a regular expression."""
    if part.startswith("*"):
        return ".*"
    if part == "?":
        return "."
    if part.startswith("[") and len(part) > 1:
        inner = part[1:-1].replace("\\", r"\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return _SPECIAL.sub(r"\\\g<0>", part)
