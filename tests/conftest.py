"""What holds for all tests."""

import gc
from collections.abc import Callable

import pytest
from hypothesis import settings

from obs.artifacts import Files
from obs.redaction.known import KNOWN
from tests.golden_files import differences

# A busy machine must not fail a test of logic; how long things take is measured by tests/bench. The
# same code has the same verdict each time; `pytest --hypothesis-profile=search` looks further.
settings.register_profile("same each time", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("search", deadline=None, max_examples=400)
settings.load_profile("same each time")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the files of tests/golden anew"
    )


def pytest_collection_finish() -> None:
    """Leave the tests themselves, a million objects that stay, out of every collection of garbage,
    and collect less often: both took an eighth of the time of unit tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def matches_golden(request: pytest.FixtureRequest) -> Callable[[Files, str], None]:
    """Compares built files with a folder of tests/golden; a failure shows the diff."""

    def compare(files: Files, folder: str) -> None:
        found = differences(files, folder, update=request.config.getoption("--update-golden"))
        if found:
            pytest.fail(f"{found}\n\nintended? run pytest --update-golden", pytrace=False)

    return compare


@pytest.fixture(autouse=True)
def no_known_secrets() -> None:
    """Nothing is redacted for a secret that another test has read."""
    KNOWN.clear()
