"""Metrics that packs have from CloudWatch: declared once, read by an AWS source, and exported."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from pydantic import model_validator

from obs.catalogue.metric import Metric
from obs.spec.cloudwatch_metrics import ExportedMetric, Meaning
from obs.spec.model import Name, wrong
from obs.spec.pack_settings import PackSettings


@dataclass(frozen=True, slots=True)
class Watched:
    """A CloudWatch metric that a pack reads: `metric` is the family that the collector exports."""

    metric: Metric
    _declared: ExportedMetric

    def of(self, *globs: Sequence[str]) -> Iterator[ExportedMetric]:
        """What an AWS source reads: each combination of globs, given for each dimension in turn."""
        names = tuple(self._declared.dimensions)
        for values in product(*globs):
            yield self._declared.model_copy(
                update={"dimensions": dict(zip(names, values, strict=True))}
            )


def watched(  # noqa: PLR0917  a row of a table
    namespace: str,
    name: str,
    dimensions: Sequence[str],
    statistic: str,
    missing: Meaning,
    help: str,
    title: str,
    *,
    unit: str | None = None,
    period: str = "1m",
    found_by: str = "",
) -> Watched:
    """Declare a metric of a pack by its dimensions' names.

    `missing` says what no value means: sparse, nothing happened; level, unknown; heartbeat, 0.
    `unit` as CloudWatch spells it, the one that is known of the metric unless given. `period`: how
    often AWS publishes it, as `5m`. `found_by`: a metric with the same dimensions that every object
    has, where this one is not published before something happens; so it begins at 0.
    """
    fields: dict[str, Any] = {"unit": unit} if unit else {}
    declared = ExportedMetric(
        namespace=namespace,
        name=name,
        dimensions=dict.fromkeys(dimensions, "*"),
        statistic=statistic,
        missing=missing,
        period=period,
        **fields,
    )
    family = declared.exported_metric
    pairs = tuple(zip(dimensions, family.labels[1:], strict=True))
    read_from = replace(family.twin, dimensions=pairs)
    metric = replace(family, help=help, title=title, aws=read_from)
    return Watched(metric, declared.found_by(found_by))


class AwsPack(PackSettings):
    """Settings of a pack whose metrics an AWS source reads."""

    source: Name
    """AWS source that reads the metrics: a name below sources.aws."""

    def watches(self) -> Iterable[ExportedMetric]:
        """What the source reads for the pack."""
        raise NotImplementedError

    def cloudwatch_metrics(self) -> Mapping[str, tuple[ExportedMetric, ...]]:
        return {self.source: tuple(self.watches())}

    @model_validator(mode="after")
    def _is_chosen_by_names(self) -> "AwsPack":
        if self.where:
            raise wrong("this pack's series are chosen by source and names; remove where", "where")
        return self
