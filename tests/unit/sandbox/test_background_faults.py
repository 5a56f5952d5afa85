"""The demo's small faults pass, and the first can be watched within a minute."""

from obs.sandbox.background_faults import BACKGROUND_FAULTS


def test_a_fault_ends_before_it_comes_again() -> None:
    assert [fault for fault in BACKGROUND_FAULTS if fault.lasts >= fault.every] == []


def test_what_lasts_has_an_end() -> None:
    assert [each for each in BACKGROUND_FAULTS if (each.end is None) == (each.lasts > 0)] == []


def test_a_consumer_falls_behind_and_works_again_within_the_first_minute() -> None:
    (stop,) = [fault for fault in BACKGROUND_FAULTS if "stops" in fault.begins]
    assert stop.first < 15
    assert stop.first + stop.lasts < 60
