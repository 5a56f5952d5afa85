"""How values look: overrides, thresholds, mappings, colours."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_preview.colours import PALETTES, blended, readable_on, rgb
from obs.dashboard_preview.field_display import ColourStep, FieldDisplay, field_display, shown
from obs.dashboard_preview.frames import Field, Frame
from obs.dashboard_preview.units import Moment

DARK = PALETTES["dark"]
FIELD = Field("Value", "number", (1.0,), {"consumer": "w"}, "lag of w")
FRAME = Frame("A", (FIELD,))
STEPS = (ColourStep(-math.inf, "green"), ColourStep(80.0, "orange"), ColourStep(90.0, "red"))
VALUE = {"type": "value", "options": {"0": {"text": "ok", "color": "blue"}, "1": {"color": "red"}}}
RANGE = {"type": "range", "options": {"from": 1e18, "to": None, "result": {"text": "never"}}}
NAN = {"type": "special", "options": {"match": "nan", "result": {"text": "–"}}}
REGEX = {"type": "regex", "options": {"pattern": "/^crit/", "result": {"color": "red"}}}


def panel(matcher: dict[str, Any], **properties: Any) -> dict[str, Any]:
    override = {
        "matcher": matcher,
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }
    defaults = {"unit": "s", "custom": {"lineWidth": 1}}
    return {"fieldConfig": {"defaults": defaults, "overrides": [override]}}


@pytest.mark.parametrize(
    "matcher",
    [
        {"id": "byName", "options": "lag of w"},
        {"id": "byRegexp", "options": "/^LAG/i"},
        {"id": "byRegexp", "options": "of w$"},
        {"id": "byFrameRefID", "options": "A"},
        {"id": "byType", "options": "number"},
        {"id": "byNames", "options": {"mode": "include", "names": ["lag of w"]}},
        {"id": "byNames", "options": {"mode": "exclude", "names": ["other"]}},
    ],
)
def test_an_override_holds_for_what_it_matches(matcher: dict[str, Any]) -> None:
    properties = {"unit": "bytes", "custom.lineStyle": {"fill": "dash"}, "displayName": "Lag"}
    display = field_display(panel(matcher, **properties), FRAME, FIELD)
    assert (display.unit, display.name) == ("bytes", "Lag")
    assert display.custom == {"lineWidth": 1, "lineStyle": {"fill": "dash"}}


def test_an_override_of_something_else_changes_nothing() -> None:
    for name in ("Value", "lag"):
        display = field_display(
            panel({"id": "byName", "options": name}, unit="bytes"), FRAME, FIELD
        )
        assert display.unit == "s"


def test_overrides_do_not_change_the_dashboard() -> None:
    whole = panel({"id": "byType", "options": "number"}, **{"custom.a.b": 1})
    field_display(whole, FRAME, FIELD)
    assert whole["fieldConfig"]["defaults"]["custom"] == {"lineWidth": 1}


@pytest.mark.parametrize(
    ("value", "name"), [(0.0, "green"), (79.9, "green"), (80.0, "orange"), (1e9, "red")]
)
def test_the_highest_threshold_reached_gives_the_colour(value: float, name: str) -> None:
    found = shown(value, FieldDisplay("x", steps=STEPS), DARK, Moment(0))
    assert found.colour == DARK.colour(name)


def test_percentage_thresholds_reckon_between_least_and_most() -> None:
    display = FieldDisplay("x", minimum=0, maximum=10, steps=STEPS, percentage=True)
    assert shown(8.5, display, DARK, Moment(0)).colour == DARK.colour("orange")


@pytest.mark.parametrize(
    ("value", "text", "colour"),
    [
        (0.0, "ok", "blue"),
        (1.0, "1", "red"),
        (2.0, "2", "green"),
        (2e18, "never", "red"),
        (math.inf, "never", "red"),
        (math.nan, "–", None),
        ("critical", "critical", "red"),
        ("warning", "warning", None),
        (None, "", None),
    ],
)
def test_mappings_give_words_and_colours(value: Any, text: str, colour: str | None) -> None:
    display = FieldDisplay("x", steps=STEPS, mappings=(NAN, VALUE, RANGE, REGEX))
    found = shown(value, display, DARK, Moment(0))
    assert str(found.text) == text
    if colour or isinstance(value, str):
        assert found.colour == (colour and DARK.colour(colour))


def test_a_colour_s_name_that_is_none_cannot_bring_anything_along() -> None:
    assert DARK.colour("#F2495C") == "#F2495C"
    assert DARK.colour("rgba(1, 2, 3, 0.5)") == "rgba(1, 2, 3, 0.5)"
    assert DARK.colour("red; background: url(//evil)") == DARK.text
    assert DARK.colour("dark-red") != PALETTES["light"].colour("dark-red")


@given(st.text())
def test_a_name_has_the_same_colour_everywhere(name: str) -> None:
    assert DARK.named(name) == DARK.named(name)
    assert rgb(DARK.named(name))


@given(st.floats(-1, 2))
def test_a_scale_stays_within_its_ends(fraction: float) -> None:
    parts = rgb(blended(["#000000", "#808080", "#FFFFFF"], fraction))
    assert [part for part in parts if not 0 <= part <= 255] == []


def test_text_on_a_colour_is_readable() -> None:
    assert readable_on("#FFFFFF") == "#111217"
    assert readable_on("#000000") == "#FFFFFF"
