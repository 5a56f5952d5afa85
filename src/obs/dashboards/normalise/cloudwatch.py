"""CloudWatch queries: since Grafana 8 each has one statistic, and says what kind it is."""

from collections.abc import Iterator
from typing import Any, Final

from obs.dashboards.normalise.plain import Json

_USUAL: Final = "Average"
_BUILT: Final = 0
_WRITTEN: Final = 1


def is_metrics_query(target: Json) -> bool:
    """Whether it is a query of metrics in CloudWatch, in a form of old or of today."""
    return "metricName" in target and "namespace" in target and "dimensions" in target


def single_statistics(targets: list[Json]) -> Iterator[Json]:
    """The queries, those of several statistics once for each; only the first keeps its letter."""
    for target in targets:
        if not is_metrics_query(target):
            yield target
            continue
        rest = {name: value for name, value in target.items() if name != "statistics"}
        kind = {"metricEditorMode": _WRITTEN if target.get("expression") else _BUILT}
        rest = {"metricQueryType": 0, "queryMode": "Metrics", **kind, **rest}
        for number, statistic in enumerate(_statistics(target)):
            if number:
                rest = {**rest, "refId": "", "id": ""}
            yield {**rest, "statistic": statistic}


def _statistics(target: Json) -> list[Any]:
    """The list of old, where it says more than grafanalib's default, else the one of today."""
    one = target.get("statistic")
    listed = list(dict.fromkeys(target.get("statistics") or ()))
    if listed in ([], [_USUAL]):
        return [one or _USUAL]
    return listed if one in (None, "", _USUAL) or one in listed else [one, *listed]
