"""What is built is written in schema v2, and read back without a loss."""

import json
import warnings
from typing import Any

import pytest

from obs.dashboards.build import Board, boards
from obs.dashboards.normalise import every_panel, normalised
from obs.dashboards.schema_v2 import classic, is_v2
from obs.dashboards.written_v2 import spec_v2
from tests.unit.dashboards.systems import oms
from tests.unit.dashboards.test_reference import lost

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import dashboardv2beta1 as foundation


class Encoder(JSONEncoder):
    """The SDK reads two strings of a visualization as sets of one string."""

    def default(self, o: Any) -> Any:
        return next(iter(o)) if isinstance(o, set) else super().default(o)


@pytest.fixture(scope="module")
def built() -> tuple[Board, ...]:
    return boards(oms())


def test_grafanas_own_sdk_reads_every_dashboard_and_loses_nothing(
    built: tuple[Board, ...],
) -> None:
    for each in built:
        written = spec_v2(each.json)
        assert is_v2(written)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            read = foundation.Dashboard.from_json(written)
        assert list(lost(written, json.loads(json.dumps(read, cls=Encoder)))) == []


def test_read_back_it_is_the_same_dashboard(built: tuple[Board, ...]) -> None:
    for each in built:
        back = normalised({**classic(spec_v2(each.json)), "uid": each.uid})
        panels = list(every_panel([*map(without_row_ids, back["panels"])]))
        assert panels == list(every_panel([*map(without_row_ids, each.json["panels"])]))
        for name in ("title", "tags", "time", "refresh", "graphTooltip", "links", "description"):
            assert back[name] == each.json[name], name
        in_no_order = ["/list/sort"]  # data sources, in schema v2
        assert list(lost(each.json["templating"], back["templating"])) == in_no_order
        alerts = each.json["annotations"]["list"][:2]
        assert list(lost(alerts, back["annotations"]["list"][:2])) == []


def without_row_ids(panel: dict[str, Any]) -> dict[str, Any]:
    """Rows have no ids in schema v2, and panels no data source of their own."""
    left_out = {"id"} if panel["type"] == "row" else {"datasource", "pluginVersion"}
    inside = {"panels": [*map(without_row_ids, panel["panels"])]} if panel.get("panels") else {}
    return {name: value for name, value in panel.items() if name not in left_out} | inside
