import re
from importlib.resources import files
from typing import get_args

import pytest

from obs.lag.reason import REASONS
from obs.sources.nats.server_status import ServerState
from obs.sources.nats.status import ConsumerState
from obs.web.status import Level, SloState

PAGE = files("obs.web").joinpath("page.html").read_text("utf-8")


def words_of(table: str) -> set[str]:
    """The keys of a constant of the page's script."""
    found = re.search(rf"const {table} = \{{(.*?)\}};", PAGE, re.DOTALL)
    assert found, table
    return set(re.findall(r"(\w+):", found[1]))


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("REASONS", REASONS),
        ("CONSUMER_TONE", get_args(ConsumerState)),
        ("SLO_WORDS", get_args(SloState)),
        ("SERVER_WORDS", get_args(ServerState)),
        ("TONE", get_args(Level)),
    ],
)
def test_the_page_knows_every_word_of_the_status(table: str, names: tuple[str, ...]) -> None:
    assert words_of(table) == set(names)


@pytest.mark.parametrize("way", ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "write("])
def test_no_text_can_become_markup_or_code(way: str) -> None:
    assert way not in PAGE


def test_nothing_is_fetched_but_the_status() -> None:
    assert re.findall(r"(?:src|@import|url\()\s*=?", PAGE) == []
    assert PAGE.count("fetch(") == 1
