"""Which kind of data source a query is for, where the dashboard says it and where it does not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from obs.dashboards.interpolate import referenced
from obs.dashboards.json_values import mapping, mappings, text, unquoted

PROMETHEUS: Final = "prometheus"
EXPRESSION: Final = "__expr__"

_BUILT_IN: Final = ("grafana", "dashboard", "mixed", "datasource", EXPRESSION)
_BUILT_IN_NAME: Final = re.compile(r"-- .+ --|__expr__|grafana|-100")
_OF_PROMETHEUS: Final = re.compile(r"grafana-\w*prometheus-datasource")
_WORDS: Final = {
    **dict.fromkeys(("prometheus", "thanos", "mimir", "cortex"), PROMETHEUS),
    **{"loki": "loki", "influx": "influxdb", "elastic": "elasticsearch", "graphite": "graphite"},
    **{"cloudwatch": "cloudwatch", "mysql": "mysql", "postgres": "postgres", "tempo": "tempo"},
    **{"zabbix": "zabbix", "opentsdb": "opentsdb", "clickhouse": "clickhouse", "mssql": "mssql"},
    **{"victorialogs": "victoriametrics-logs-datasource", "jaeger": "jaeger", "azure": "azure"},
    **{"stackdriver": "stackdriver", "opensearch": "opensearch", "testdata": "testdata"},
}
_LINE_FILTER: Final = re.compile(r"\}\s*(?:!=|!~)\s*\"\"")
_OF_LABELS: Final = re.compile(r"\s*(?:label_values|label_names|query_result|metrics)\s*\(")


@dataclass(frozen=True, slots=True)
class Datasource:
    """A reference to a data source; `type` and `uid` are empty where they are absent."""

    type: str = ""
    uid: str = ""

    @property
    def built_in(self) -> bool:
        """Whether it is one of Grafana's own, which every Grafana has."""
        named = bool(_BUILT_IN_NAME.fullmatch(self.uid))
        return named or (self.type in _BUILT_IN and not self.variables)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that choose it."""
        return referenced(self.uid)


def datasource(value: object) -> Datasource:
    """A reference as Grafana writes it: an object, or in old dashboards a name."""
    if isinstance(value, str):
        return Datasource(uid=value)
    fields = mapping(value)
    return Datasource(text(fields.get("type")), text(fields.get("uid")))


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a dashboard tells of data sources: kinds by variable, and by uid or name."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)

    def of_query(self, source: Datasource, query: str) -> str:
        """The kind of data source of a panel's query; empty where it is unknown.

        A query of which nothing else is known is for Prometheus unless it is LogQL: `expr` is what
        the two have in common, and PromQL has neither a `|` nor a filter behind a selector.
        """
        return self._told(source) or (PROMETHEUS if query and not is_logql(query) else "")

    def of_variable(self, source: Datasource, query: str) -> str:
        """The kind of data source of a variable's query; empty where it is unknown."""
        return self._told(source) or (PROMETHEUS if _OF_LABELS.match(query) else "")

    def _told(self, source: Datasource) -> str:
        if source.type and not referenced(source.type):
            return PROMETHEUS if _OF_PROMETHEUS.fullmatch(source.type) else source.type
        for name in source.variables:
            if name in self.chosen:
                return self.chosen[name]
        if source.built_in:
            return source.uid
        return self.named.get(source.uid) or _by_words(source.uid)


def is_logql(query: str) -> bool:
    """Whether a query is LogQL and not PromQL, whatever it selects."""
    bare = unquoted(query)
    return "|" in bare or bool(_LINE_FILTER.search(bare))


def kinds_of(dashboard: Mapping[str, Any]) -> Kinds:
    """What this dashboard tells: by its variables, its inputs, and references that are complete."""
    listed = mappings(mapping(dashboard.get("templating")).get("list"))
    inputs = {
        text(each.get("name")): text(each.get("pluginId"))
        for each in mappings(dashboard.get("__inputs"))
        if each.get("type") == "datasource"
    }
    variables = {
        text(each.get("name")): text(each.get("query"))
        for each in listed
        if each.get("type") == "datasource"
    }
    return Kinds(inputs | variables, _written(dashboard))


def _written(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """The type of each data source that is named with its type anywhere in the dashboard."""
    found: dict[str, set[str]] = {}
    below: list[object] = list(dashboard.values())
    while below:
        each = below.pop()
        if isinstance(each, list):
            below.extend(each)
        elif isinstance(each, dict):
            source = datasource(each.get("datasource"))
            if source.type and source.uid and not referenced(source.type + source.uid):
                found.setdefault(source.uid, set()).add(source.type)
            below.extend(each.values())
    return {uid: types.pop() for uid, types in found.items() if len(types) == 1}


def _by_words(name: str) -> str:
    """The kind that a name such as `Prometheus` or `loki-eu` tells; empty where it tells none."""
    told = {kind for word, kind in _WORDS.items() if word in name.lower()}
    return told.pop() if len(told) == 1 else ""
