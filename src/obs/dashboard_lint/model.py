"""A dashboard as the rules see it, made from any JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from obs.dashboards.json_values import Json, mapping, mappings, text, whole
from obs.dashboards.kinds import Datasource, Kinds, datasource, kinds_of

ROW: Final = "row"


@dataclass(frozen=True, slots=True)
class QueryTarget:
    """One query of a panel; `index` from 0. `kind` is the type of its data source or empty."""

    index: int
    json: Json
    datasource: Datasource
    kind: str

    @property
    def ref(self) -> str:
        """Its letter, or its number where it has none."""
        return text(self.json.get("refId")) or str(self.index)

    @property
    def expr(self) -> str:
        """The query of a Prometheus target."""
        return text(self.json.get("expr"))


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `group` numbers the collapsed row it is in; 0 are all that are not in one."""

    json: Json
    targets: tuple[QueryTarget, ...]
    group: int

    @property
    def id(self) -> int | None:
        """Its number in the dashboard."""
        return whole(self.json.get("id"))

    @property
    def title(self) -> str:
        """Its title."""
        return text(self.json.get("title"))

    @property
    def type(self) -> str:
        """Its visualization, such as timeseries."""
        return text(self.json.get("type"))

    @property
    def in_library(self) -> bool:
        """Whether its content is in Grafana's library of panels."""
        return bool(mapping(self.json.get("libraryPanel")))

    @property
    def defaults(self) -> Json:
        """Its field defaults."""
        return mapping(mapping(self.json.get("fieldConfig")).get("defaults"))

    @property
    def overrides(self) -> list[Json]:
        """The properties of its field overrides: `id` and `value`."""
        overrides = mappings(mapping(self.json.get("fieldConfig")).get("overrides"))
        return [each for override in overrides for each in mappings(override.get("properties"))]

    @property
    def options(self) -> Json:
        """The options of its type."""
        return mapping(self.json.get("options"))


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a dashboard."""

    json: Json
    kind: str

    @property
    def name(self) -> str:
        """Its name in queries."""
        return text(self.json.get("name"))

    @property
    def type(self) -> str:
        """query, custom, interval, datasource, constant, textbox, adhoc …"""
        return text(self.json.get("type"))

    @property
    def query(self) -> str:
        """Its query to its data source."""
        query = self.json.get("query")
        return text(query) or text(mapping(query).get("query"))

    @property
    def datasource(self) -> Datasource:
        """Its data source."""
        return datasource(self.json.get("datasource"))


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard of a file, with all its panels, those of collapsed rows included."""

    file: str
    json: Json
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...]

    @property
    def title(self) -> str:
        """Its title."""
        return text(self.json.get("title"))

    @property
    def uid(self) -> str:
        """Its unique id, which is part of its URL."""
        return text(self.json.get("uid"))

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        tags = self.json.get("tags")
        return tuple(map(text, tags)) if isinstance(tags, list) else ()

    @property
    def annotations(self) -> list[Json]:
        """Its annotation queries."""
        return mappings(mapping(self.json.get("annotations")).get("list"))

    def variable(self, name: str) -> Variable | None:
        """The variable of that name."""
        return next((each for each in self.variables if each.name == name), None)


def dashboard(file: str, json: Json) -> Dashboard:
    """The dashboard in this JSON."""
    kinds = kinds_of(json)
    listed = mappings(mapping(json.get("templating")).get("list"))
    variables = tuple(_variable(each, kinds) for each in listed)
    panels = tuple(_panel(each, group, kinds) for group, each in _panels(json))
    return Dashboard(file, json, panels, variables)


def _variable(json: Json, kinds: Kinds) -> Variable:
    plain = Variable(json, "")
    return Variable(json, kinds.of_variable(plain.datasource, plain.query))


def _panels(json: Json) -> Iterator[tuple[int, Json]]:
    """Each panel with its group; of dashboards before Grafana 5, those of their rows."""
    rows = 0
    for each in mappings(json.get("panels")):
        yield 0, each
        inner = mappings(each.get("panels"))
        rows += bool(inner)
        yield from ((rows, panel) for panel in inner)
    for row in mappings(json.get("rows")):
        rows += 1
        yield from ((rows, panel) for panel in mappings(row.get("panels")))


def _panel(json: Json, group: int, kinds: Kinds) -> Panel:
    source = datasource(json.get("datasource"))
    targets = mappings(json.get("targets")) if json.get("type") != ROW else []
    return Panel(json, tuple(_targets(targets, source, kinds)), group)


def _targets(targets: Sequence[Json], source: Datasource, kinds: Kinds) -> Iterator[QueryTarget]:
    for index, json in enumerate(targets):
        own = datasource(json.get("datasource"))
        chosen = own if own.uid or own.type else source
        yield QueryTarget(index, json, chosen, kinds.of_query(chosen, text(json.get("expr"))))
