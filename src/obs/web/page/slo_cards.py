"""The HTML of the objectives: a card each, and a table of those that rules evaluate."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from obs.web.page.content import ROWS, Column, Table, Tone, named
from obs.web.page.figures import duration, number, percent, plural, times
from obs.web.page.markup import Markup, age, bar, element, sparkline
from obs.web.page.tables import table
from obs.web.status import RecordedSlo, SloState, SloStatus

_CARDS: Final = 60
_STATES: Final[dict[SloState, tuple[Tone, str]]] = {
    "ok": ("good", "Met"),
    "burning": ("warn", "Burning"),
    "exhausted": ("bad", "Exhausted"),
    "no_data": ("none", "No data"),
    "too_few": ("none", "Too few events"),
}
# Multiwindow, multi-burn-rate alerts over 30 days: 14.4 and 6 page, 3 and 1 open a ticket.
_BURN: Final[tuple[tuple[float, Tone], ...]] = ((6, "bad"), (3, "warn"), (1, "calm"), (0, "good"))
_RECORDED: Final = (
    "Rules on the server evaluate these, and not the collector. Their budgets are on the SLO "
    "dashboards, and in obs slo gate and obs slo report --prometheus."
)


def slo_section(slos: Sequence[SloStatus], recorded: Sequence[RecordedSlo], now: float) -> Markup:
    """All objectives. `now` is in Unix seconds."""
    note = "A burn rate of 1× uses up the error budget in exactly the SLO's window" if slos else ""
    return element(
        "section",
        element(
            "div",
            element("h2", "Service level objectives"),
            element("span", note, class_="muted small", data_part="slo-note"),
            class_="title",
        ),
        element("div", *_body(slos, recorded, now), data_part="slo-list"),
        id="slo",
    )


def _body(
    slos: Sequence[SloStatus], recorded: Sequence[RecordedSlo], now: float
) -> Iterator[Markup]:
    if slos:
        yield element("div", *(_card(slo, now) for slo in slos[:_CARDS]), class_="cards")
        if len(slos) > _CARDS:
            more = plural(len(slos) - _CARDS, "more SLO")
            yield element("p", f"{more}; /metrics has all of them.", class_="more")
    elif not recorded:
        empty = "No SLOs in the spec. Add them under slos: to see their error budgets here."
        yield element("div", element("p", empty, class_="empty"), class_="card")
    if recorded:
        yield _recorded(recorded, now)


def _recorded(recorded: Sequence[RecordedSlo], now: float) -> Markup:
    columns = (
        Column("SLO by rules", "wide"),
        Column("Service"),
        Column("Objective"),
        Column("Evaluated at", "wide"),
    )
    rows = [
        (
            named(slo.name, slo.description or slo.sli),
            slo.service,
            f"{slo.objective_percent:g} % over {slo.window}",
            named(slo.source, slo.url),
        )
        for slo in recorded[:ROWS]
    ]
    rest = len(recorded) - ROWS
    more = f"{plural(rest, 'more SLO')}; slos_by_rules of /api/v1/status names them."
    return element(
        "div",
        table(Table("SLOs that rules evaluate", columns, rows), now),
        element("p", _RECORDED, class_="more"),
        element("p", more, class_="more") if rest > 0 else None,
        class_="card",
    )


def _card(slo: SloStatus, now: float) -> Markup:
    tone = budget_tone(slo.budget_remaining)
    state_tone, word = state_of_slo(slo)
    reasons = element("p", "; ".join(slo.reasons), class_=f"reasons {state_tone}")
    title = f"{slo.name} · {slo.object}" if slo.object else slo.name
    return element(
        "article",
        element(
            "header",
            element(
                "div",
                element("h3", title),
                element("p", slo.description or slo.sli, class_="muted small"),
            ),
            element("span", word, class_=f"pill {state_tone}"),
        ),
        element(
            "div",
            element("b", percent(slo.budget_remaining)),
            element("span", _budget_words(slo)),
            sparkline(slo.budget_history, tone, "error budget over time"),
            class_="budget",
        ),
        bar(slo.budget_remaining),
        reasons if slo.reasons else None,
        _chips(slo),
        element("dl", *_facts(slo, now), class_="facts"),
        class_=f"card slo {tone}",
        aria_label=slo.name,
    )


def budget_tone(left: float | None) -> Tone:
    """How much is left of an error budget (a ratio), as a colour."""
    if left is None:
        return "none"
    return "bad" if left < 0 else "warn" if left < 0.25 else "good"


def state_of_slo(slo: SloStatus) -> tuple[Tone, str]:
    """An objective's state in a word."""
    if slo.in_maintenance and slo.state not in ("burning", "exhausted"):
        return "calm", "Maintenance"
    tone, word = _STATES[slo.state]
    return ("bad" if slo.urgent else tone), word


def _budget_words(slo: SloStatus) -> str:
    if slo.budget_remaining is None:
        return "too few events to tell" if slo.state == "too_few" else "no data"
    return "error budget exceeded" if slo.budget_remaining < 0 else "of the error budget remaining"


def _chips(slo: SloStatus) -> Markup | None:
    if not slo.burn_rates:
        return None
    chips = [
        element(
            "li",
            element("b", times(rate)),
            element("span", window.split(" ")[1] if window.startswith("calendar ") else window),
            class_=f"chip {_burn_tone(rate)}",
            title=f"burn rate {'unknown' if rate is None else f'{rate:.3g}'} over {window}; "
            f"{percent(slo.error_ratios.get(window))} of events were bad",
        )
        for window, rate in slo.burn_rates.items()
    ]
    return element("ul", *chips, class_="chips", aria_label="Burn rates by window")


def _burn_tone(rate: float | None) -> Tone:
    if rate is None:
        return "none"
    return next((tone for least, tone in _BURN if rate >= least), "good")


def _facts(slo: SloStatus, now: float) -> Iterator[Markup]:
    yield from _fact("Objective", f"{slo.objective_percent:g} % over {slo.window}")
    yield from _fact("At this burn rate", _exhaustion(slo))
    bad = max(0.0, slo.total - slo.good)
    yield from _fact("Events", f"{number(slo.total)}, {number(bad)} bad")
    yield from _fact("Service", slo.service)
    if slo.resets_at is not None:
        moment = datetime.fromtimestamp(slo.resets_at, UTC)
        shown = f"{moment:%Y-%m-%d %H:%M} UTC"
        yield from _fact(
            "Budget is whole again",
            element("time", shown, datetime=moment.isoformat(timespec="seconds")),
        )
    if slo.in_maintenance:
        yield from _fact("Maintenance", "now: events do not count")
    for name, value in slo.labels.items():
        yield from _fact(_capital(name), value)
    for name, url in slo.links.items():
        shown = url.removeprefix("https://").removeprefix("http://")
        link = element("a", shown, href=url, rel="noopener noreferrer")
        yield from _fact(_capital(name), link)
    if slo.watermark is not None:
        yield from _fact("Latest data", age(slo.watermark, now))


def _fact(name: str, value: str) -> tuple[Markup, Markup]:
    return element("dt", name), element("dd", value)


def _exhaustion(slo: SloStatus) -> str:
    left = slo.budget_remaining
    if slo.state == "no_data" or left is None:
        return "–"
    if left <= 0:
        return "exhausted"
    if slo.exhaustion_seconds is not None:
        return f"exhausted in {duration(slo.exhaustion_seconds)}"
    return "does not run out" if slo.resets_at is None else f"lasts for the {slo.window.split()[1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
