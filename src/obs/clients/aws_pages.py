"""The pages of a list, as many as a list can have: each may cost money."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from obs.clients.aws_limits import CallLimits, limited
from obs.errors import SourceError

MOST_PAGES: Final = 1_000  # AWS has 100 and more objects on a page
MOST_PAID_PAGES: Final = 50  # of a request made to fit on one
_MOST_EMPTY: Final = 20  # pages in a row without an item; AWS does send some
_TOKENS: Final[Mapping[str, tuple[str, str]]] = {
    "amp": ("nextToken", "nextToken"),
    "iam": ("Marker", "Marker"),
    "resourcegroupstaggingapi": ("PaginationToken", "PaginationToken"),
    "lambda": ("NextMarker", "Marker"),
}
"""Where a service's answers have the token, and its requests take it, unless both `NextToken`."""


def pages(
    service: str,
    operation: str,
    ask: Callable[[dict[str, str]], dict[str, Any]],
    limits: CallLimits,
    most: int = MOST_PAGES,
) -> Iterator[dict[str, Any]]:
    """Every page; `ask` sends a request with the token given, {} for the first.

    All of them together keep `limits`. Raises SourceError("too_large") where the pages do not come
    to an end: more than `most`, a token twice, or too many without an item.
    """
    answered, asked = _TOKENS.get(service, ("NextToken", "NextToken"))
    more: dict[str, str] = {}
    tokens: set[int] = set()
    empty = 0
    for _ in range(most):
        with limited(limits):
            page = ask(more)
        yield page
        token = page.get(answered)
        if not token:
            return
        if not isinstance(token, str) or hash(token) in tokens:
            raise _endless(operation, "a page refers to itself or to one before")
        tokens.add(hash(token))
        empty = empty + 1 if _is_empty(page) else 0
        if empty > _MOST_EMPTY:
            raise _endless(operation, f"more than {_MOST_EMPTY} empty pages")
        more = {asked: token}
    raise _endless(operation, f"more than {most:,} pages")


def _is_empty(page: Mapping[str, Any]) -> bool:
    return not any(isinstance(each, list) and each for each in page.values())


def _endless(operation: str, why: str) -> SourceError:
    return SourceError(
        "too_large",
        f"{operation}: the list does not end ({why}); verify what answers there",
    )
