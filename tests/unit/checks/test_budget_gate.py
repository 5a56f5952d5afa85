"""Error budgets that allow a deployment, or block it."""

import pytest

from obs.checks.budget_gate import budgets, chosen, verdict
from obs.errors import BadInput
from obs.web.status import SloState, SloStatus


def slo(
    name: str, remaining: float | None, *, state: SloState = "ok", silent: bool = False
) -> SloStatus:
    return SloStatus(
        name=name,
        service="shop",
        sli="events",
        objective_percent=99.9,
        window="30d",
        state=state,
        budget_remaining=remaining,
        burn_rates={},
        error_ratios={},
        exhaustion_seconds=None,
        good=1.0,
        total=1.0,
        watermark=0.0,
        silent=silent,
    )


PAID, SENT, FAST = slo("paid", 0.5), slo("sent", 0.042), slo("fast", -1.5, state="exhausted")


@pytest.mark.parametrize(
    ("slos", "least", "line"),
    [
        ([PAID], 0.1, "allowed: shop/paid has 50 % of its error budget left (needs 10 %)"),
        ([PAID, SENT], 0.0, "allowed: 2 SLOs have at least 0 % of their error budget left"),
        (
            [PAID, SENT, FAST],
            0.1,
            "blocked: shop/fast has -150 % of its error budget left (needs 10 %); "
            "shop/sent has 4.2 % of its error budget left (needs 10 %)",
        ),
        (
            [slo("new", None, state="no_data"), slo("quiet", 1.0, silent=True)],
            0.0,
            "blocked: shop/new has no data, so its error budget is unknown (needs 0 %); "
            "shop/quiet has no data, so its error budget is unknown (needs 0 %)",
        ),
    ],
)
def test_the_verdict_is_one_line_with_what_is_left_and_what_is_needed(
    slos: list[SloStatus], least: float, line: str
) -> None:
    assert verdict(budgets(slos, least)) == line


def test_what_is_exactly_needed_is_enough() -> None:
    assert budgets([PAID], 0.5)[0].allows


def test_objectives_are_chosen_by_name_service_and_glob_each_once() -> None:
    every = [PAID, SENT, FAST]
    assert chosen(every, []) == every
    assert chosen(every, ["sent", "shop/paid", "s*"]) == [SENT, PAID, FAST]


def test_unknown_names_are_told_all_at_once() -> None:
    with pytest.raises(BadInput) as told:
        chosen([PAID, SENT], ["payd", "other/*"])
    first, second = str(told.value).splitlines()
    assert first == "there is no SLO 'payd'; did you mean paid?"
    assert second.startswith("there is no SLO 'other/*'; there are paid, sent, shop/paid")


def test_a_gate_without_objectives_is_a_mistake() -> None:
    with pytest.raises(BadInput, match="add one to slos"):
        chosen([], [])
