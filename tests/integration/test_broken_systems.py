"""Of a broken system obs never says that all is well, and its alerts neither miss nor end it."""

import pytest

from tests.broken_systems.table import all_outcomes, table
from tests.broken_systems.watching import Outcome
from tests.integration.promtool import needs_promtool

pytestmark = [pytest.mark.integration, needs_promtool]

SYSTEMS = (
    "one of three servers is dead",
    "one server of three is listed, the others are out of reach",
    "an address moves from one server to another",
    "a server recovers after a restart",
    "JetStream is off after a restart",
    "JetStream has disabled itself",
    "a server is unhealthy: it cannot write",
    "the store is empty after a restart",
    "no server answers: the port is wrong",
    "a stream that the spec expects is missing",
    "a stream is mistyped in an SLI",
    "a consumer is mistyped in an SLI",
    "a bus is mistyped",
    "a rule is mistyped",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    found = all_outcomes(tmp_path_factory.mktemp("broken"))
    print(table(found))  # noqa: T201  shown with -s, or with a test that fails
    return {outcome.name: outcome for outcome in found}


def test_every_system_is_judged(outcomes: dict[str, Outcome]) -> None:
    assert sorted(outcomes) == sorted(SYSTEMS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_page_does_not_say_that_all_is_well(outcomes: dict[str, Outcome], system: str) -> None:
    outcome = outcomes[system]
    assert outcome.level != "ok"
    assert "well" not in outcome.headline.lower()


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_alert_tells_what_is_broken(outcomes: dict[str, Outcome], system: str) -> None:
    assert outcomes[system].new, "no alert fires that would not fire anyway"


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_alert_resolves_because_its_system_is_broken(
    outcomes: dict[str, Outcome], system: str
) -> None:
    assert outcomes[system].resolved == []


@pytest.mark.parametrize("system", SYSTEMS[1:3])
def test_a_consumer_whose_leader_is_out_of_reach_is_not_called_leaderless(
    outcomes: dict[str, Outcome], system: str
) -> None:
    outcome = outcomes[system]
    told = (outcome.headline, *outcome.new, *outcome.held)
    assert [text for text in told if "leader" in text.lower()] == []
