"""Each service has its own name for the token that asks for the next page."""

from typing import Any

import pytest

from obs.clients.aws_limits import new_call
from obs.clients.aws_pages import pages
from obs.errors import SourceError


@pytest.mark.parametrize(
    ("service", "answered", "asked"),
    [
        ("events", "NextToken", "NextToken"),
        ("iam", "Marker", "Marker"),
        ("amp", "nextToken", "nextToken"),
        ("lambda", "NextMarker", "Marker"),
    ],
)
def test_pages_follow_the_token_of_their_service(service: str, answered: str, asked: str) -> None:
    whole: dict[str, dict[str, Any]] = {
        "": {"Items": [1], answered: "two"},
        "two": {"Items": [2], answered: "three"},
        "three": {"Items": [3]},
    }

    def ask(token: dict[str, str]) -> dict[str, Any]:
        assert set(token) <= {asked}
        return whole[token.get(asked, "")]

    found = [page["Items"] for page in pages(service, "List", ask, new_call(5))]
    assert found == [[1], [2], [3]]


def test_a_list_of_functions_that_refers_to_itself_ends() -> None:
    page = {"Functions": ["f"], "NextMarker": "again"}
    with pytest.raises(SourceError, match="a page refers to itself"):
        list(pages("lambda", "ListFunctions", lambda token: page, new_call(5)))
