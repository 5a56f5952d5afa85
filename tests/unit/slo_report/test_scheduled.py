"""Reports that are written when a period has ended."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from obs.slo.history import STEP, History
from obs.slo.periods import REPORTED
from obs.slo_report.report import Asked, Measured, Report
from obs.slo_report.scheduled import Identity, ScheduledReport

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3600, 86_400


def at(month: int, day: int, hour: int = 0, year: int = 2026) -> int:
    return int(datetime(year, month, day, hour, tzinfo=BERLIN).timestamp())


BEGIN, TURN = at(10, 1), at(11, 1)


def measured(known_from: int = BEGIN, known_until: int = TURN, **changes: object) -> Measured:
    start = known_from // STEP * STEP
    steps = (known_until - start) // STEP
    history = History(start, (0.0,) * steps, (9.0,) * steps, known_from, known_until)
    fields: dict[str, object] = {"notes": (), **changes}
    return Measured("paid", "shop", "", "requests", 99.9, history, **fields)  # type: ignore[arg-type]


class Written:
    def __init__(self, folder: Path, every: str = "monthly") -> None:
        self.reports: list[Report] = []
        asked = Asked(REPORTED[every], BERLIN, 1, ended=True)
        self.scheduled = ScheduledReport(
            Identity("shop", "production", "shop"), folder / "reports", asked, "html", self._text
        )

    def _text(self, report: Report) -> str:
        self.reports.append(report)
        return "report"

    def at(self, moment: int, *slos: Measured) -> str:
        file = self.scheduled.write(slos, moment, "the collector")
        return file.name if file else ""


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def test_a_month_that_has_ended_is_reported_once_in_a_file_of_its_own(written: Written) -> None:
    slo = measured(known_until=TURN + HOUR)
    assert written.at(TURN + 300, slo) == "slo-report-shop-2026-10.html"
    assert written.at(TURN + 400, slo) == ""
    assert written.at(TURN + 20 * DAY, slo) == ""
    assert written.at(at(12, 1), measured(known_until=at(12, 1))) == "slo-report-shop-2026-11.html"
    (october, november) = written.reports
    assert [p.account.period.key for p in october.objectives[0].periods] == ["2026-10", "2026-09"]
    assert [p.account.so_far for p in november.objectives[0].periods] == [False, False]


@pytest.mark.parametrize(
    ("every", "moment", "name"),
    [
        ("weekly", at(11, 4), "2026-W44"),
        ("quarterly", at(11, 4), "2026-Q3"),
        ("yearly", at(11, 4), "2025"),
    ],
)
def test_a_report_is_about_a_week_a_quarter_or_a_year(
    tmp_path: Path, every: str, moment: int, name: str
) -> None:
    slo = measured(at(12, 1, year=2025), at(11, 4))
    assert Written(tmp_path, every).at(moment, slo) == f"slo-report-shop-{name}.html"


def test_data_that_may_still_come_is_waited_for_but_not_for_ever(written: Written) -> None:
    late = measured(known_until=TURN - 60)
    unread = measured(notes=("Its past is still being read.",))
    assert written.at(TURN + 60, late) == ""
    assert written.at(TURN + 2 * HOUR, unread) == ""
    assert written.at(TURN + 3 * HOUR + 60, late) == "slo-report-shop-2026-10.html"


def test_a_collector_that_was_down_at_the_turn_waits_for_its_sources_first(
    written: Written,
) -> None:
    began = TURN + 2 * DAY
    assert written.at(began, measured(known_until=TURN - 60)) == ""
    assert written.at(began + 60, measured(known_until=began)) == "slo-report-shop-2026-10.html"


def test_of_a_month_before_the_first_data_there_is_no_report(written: Written) -> None:
    assert written.at(TURN + DAY, measured(TURN + HOUR, TURN + DAY)) == ""
    assert written.at(TURN + DAY) == ""


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path, written: Written) -> None:
    file = tmp_path / "reports" / "slo-report-shop-2026-10.html"
    file.parent.mkdir()
    file.write_text("signed")
    assert written.at(TURN + DAY, measured()) == ""
    assert file.read_text() == "signed"
