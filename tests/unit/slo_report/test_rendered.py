"""Reports as people and programs read them."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from obs.errors import SourceError
from obs.slo.history import STEP, History
from obs.slo_report import words
from obs.slo_report.document import as_document
from obs.slo_report.html import as_html
from obs.slo_report.markdown import as_markdown
from obs.slo_report.report import Asked, Fired, Measured, Report, objective_reports
from obs.slo_report.text import as_text
from obs.slo_report.told import measured
from obs.web.slo_history import SloPast

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = int(datetime(2026, 10, 20, tzinfo=BERLIN).timestamp())
NOW = int(datetime(2026, 11, 15, 12, tzinfo=BERLIN).timestamp())
OUTAGE = int(datetime(2026, 11, 3, 14, tzinfo=BERLIN).timestamp())
STEPS = (NOW - BEGIN) // STEP


def shop(**changes: Any) -> Measured:
    bad = [0.0] * STEPS
    for place in range(4):
        bad[(OUTAGE - BEGIN) // STEP + place] = 50.0
    history = History(BEGIN, tuple(bad), (100.0,) * STEPS, BEGIN, NOW)
    return replace(
        Measured("paid", "shop", "Customers can pay.", "requests", 99.9, history), **changes
    )


def report(*measured: Measured, fired: tuple[Fired, ...] = ()) -> Report:
    return Report(
        system="shop",
        environment="production",
        at=NOW,
        origin="the collector",
        zone=BERLIN,
        kind="month",
        objectives=objective_reports(measured, Asked("month", BERLIN, 2), NOW, fired),
        knows_alerts=bool(fired),
    )


ALERT = Fired("paid", "shop", "SloBudgetBurnsFast", "critical", OUTAGE + STEP, OUTAGE + 6 * STEP)


def test_text_says_what_was_reached_and_when_the_budget_was_spent() -> None:
    text = as_text(report(shop(), fired=(ALERT,)))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "November 2026 so far below so far 99.85 % 99.9 % 72.3 % 200 139,200" not in rows
    assert any(row.startswith("November 2026 so far below so far 99.8") for row in rows)
    assert any(row.startswith("October 2026 met 100 % 99.9 % 0 % 0 ") for row in rows)
    assert "September 2026 not known not known 99.9 % not known" in rows
    assert "Nothing is known before 2026-10-20 00:00 CEST." in rows
    assert "Nothing is known of October 2026 before 2026-10-20 00:00 CEST." in rows
    assert [row for row in rows if row.startswith("2026-11")] == [
        "2026-11-03 Tue 69.4 % ██████████████████████████████ 200 bad of 9,600"
    ]
    assert (
        "Incident 2026-11-03 14:00 to 15:00 CET (1 h): worst burn rate 500, "
        "cost 69.4 % of the budget, alerts: SloBudgetBurnsFast (critical)"
    ) in rows


def test_the_document_has_every_day_and_null_for_what_is_not_known() -> None:
    document = as_document(report(shop()))
    assert json.loads(json.dumps(document)) == document
    november, october, september = document["objectives"][0]["periods"]
    assert [each["period"] for each in (november, october, september)] == [
        *("2026-11", "2026-10", "2026-09")
    ]
    assert [day["hours"] for day in october["days"]].count(25) == 1
    assert sum(day["bad"] or 0 for day in november["days"]) == november["bad"] == 200
    assert november["days"][20]["bad"] is None  # still to come
    assert (september["bad"], september["reached"], september["met"]) == (None, None, None)
    assert november["incidents"][0]["start"] == "2026-11-03T14:00:00+01:00"
    assert november["alerts"] is None  # nobody was asked
    assert as_document(report(shop(), fired=(ALERT,)))["objectives"][0]["periods"][0]["alerts"]


def test_texts_of_others_are_no_markup() -> None:
    odd = shop(description="<script>alert(1)</script> | **x**", sli='a{b="c"}')
    page, marked = as_html(report(odd, odd)), as_markdown(report(odd))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\\<script\\>alert(1)\\</script\\> \\| \\*\\*x\\*\\*" in marked


def test_the_page_allows_its_own_style_and_nothing_else() -> None:
    page = as_html(report(shop(), shop(name="sent")))
    assert "content=\"default-src 'none'; style-src 'sha256-" in page
    assert " style=" not in page
    assert page.count('<section class="slo"') == 2
    assert '<a href="#slo-2">shop/sent</a>' in page


def test_many_incidents_are_told_by_the_costliest_and_a_sentence() -> None:
    bad = [20.0 if place % 12 == 0 else 0.0 for place in range(STEPS)]
    history = History(BEGIN, tuple(bad), (100.0,) * STEPS, BEGIN, NOW)
    made = report(shop(history=history))
    assert as_text(made).count("    Incident ") == 2 * words.MOST
    assert "These are the 10 that cost most; there were " in as_html(made)
    document = as_document(made)["objectives"][0]["periods"][0]
    assert len(document["incidents"]) > 50


@pytest.mark.parametrize(
    ("reached", "objective", "text"),
    [
        (0.99996, 99.9, "99.99 %"),
        (0.9989999, 99.9, "99.89 %"),
        (0.99899999999, 99.9, "99.89 %"),
        (0.9999999, 99.99, "99.999 %"),
        (1.0, 99.9, "100 %"),
        (0.9990004, 99.9, "99.90004 %"),
        (0.0, 99.0, "0 %"),
        (None, 99.9, "not known"),
    ],
)
def test_what_was_reached_is_never_rounded_up(
    reached: float | None, objective: float, text: str
) -> None:
    assert words.percent_reached(reached, objective) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        *((0.124, "12.4 %"), (0.000_04, "under 0.01 %"), (12.3, "1,230 %"), (0.0, "0 %")),
        *((0.0637, "6.4 %"), (1.0, "100 %"), (None, "not known")),
    ],
)
def test_shares_of_a_budget_have_as_many_digits_as_somebody_reads(
    ratio: float | None, text: str
) -> None:
    assert words.share(ratio) == text


def told(**changes: Any) -> SloPast:
    fields: dict[str, Any] = {
        **{"name": "paid", "service": "shop", "sli": "requests", "objective_percent": 99.9},
        **{"window": "30d", "minutes": False, "known_from": 0.0, "known_until": 1800.0},
        **{"step": STEP, "start": 0, "total": (5, 7), "bad": ((1, 2),)},
    }
    return SloPast(**(fields | changes))


def test_the_history_that_a_collector_tells_is_taken_as_it_is() -> None:
    found = measured(told(missing_from=0.0))
    assert (found.history.bad, found.history.total) == ((0, 2), (5, 7))
    assert found.notes == ("Its past is still being read from the source, so numbers may change.",)


@pytest.mark.parametrize(
    "changes",
    [
        *({"step": 60}, {"start": 7}, {"bad": ((2, 1),)}, {"bad": ((0, 6),)}, {"bad": ((-1, 1),)}),
        *({"objective_percent": 100.0}, {"known_until": None}, {"known_from": None}),
    ],
)
def test_an_odd_history_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="tells an odd history"):
        measured(told(**changes))


OWNED: dict[str, Any] = {
    "labels": (("domain", "a|b"), ("owner", "Jo <jo@shop>"), ("team", "pay_ments")),
    "links": (("runbook", 'https://wiki/pay?a=1&b=(2)|">x'), ("trap", "javascript:alert(1)")),
}


def test_every_format_says_whose_objective_it_is_and_links_to_its_pages() -> None:
    owned = report(shop(**OWNED))
    text = as_text(owned)
    assert "  Team: pay_ments; Owner: Jo <jo@shop>; Domain: a|b\n  runbook: https://wiki/" in text
    markdown = as_markdown(owned)
    assert (
        r"Team: pay\_ments · Owner: Jo \<jo@shop\> · Domain: a\|b · "
        "[runbook](<https://wiki/pay?a=1&b=%282%29%7C%22%3Ex>) · trap: javascript:alert(1)"
    ) in markdown
    page = as_html(owned)
    assert (
        '<p class="facts">Team: pay_ments · Owner: Jo &lt;jo@shop&gt; · Domain: a|b · '
        '<a href="https://wiki/pay?a=1&amp;b=%282%29%7C%22%3Ex" rel="noopener noreferrer">'
        "runbook</a>"
        " · trap: javascript:alert(1)</p>"
    ) in page
    assert "Team" not in as_text(report(shop()))
    assert '<p class="facts">Team' not in as_html(report(shop()))
