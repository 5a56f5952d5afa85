"""Which series a metric has whose dimensions are globs: listed rarely, for listing costs money."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.errors import SourceError
from obs.snapshot.cloudwatch import AskedMetric, Dimensions
from obs.spec.globs import is_plain, plain_name

LIST_EVERY: Final = 900.0  # seconds; CloudWatch lists a new series after up to fifteen minutes
MOST_SERIES: Final = 500  # of one asked metric
_LONGEST_VALUE: Final = 1_024  # characters of a dimension's value
_OF_ONE_METRIC: Final = ("auth", "too_large", "decode")  # reasons that say nothing of others

log = logging.getLogger(__name__)


Selection = tuple[str, str, Dimensions]
"""Namespace, name and the globs of the dimensions: what several statistics may share."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The series of a selection as listed at `at` (Unix seconds); None: named in full.

    `left_out` counts series by reason (cap, unreadable), and selections that may not or cannot be
    listed (denied, too_large, decode). `requests` is how many it took.
    """

    series: tuple[Dimensions, ...] = ()
    at: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0


def selection_of(one: AskedMetric) -> Selection:
    """What is listed for an asked metric."""
    return one.namespace, one.listed_as or one.name, one.dimensions


class MetricListings:
    """The series of asked metrics. Not safe for two calls at the same time."""

    def __init__(self, name: str, client: AwsClient) -> None:
        self._name = name
        self._client = client
        self._known: dict[Selection, Listing] = {}
        self._tried = -LIST_EVERY

    def current(self, asked: Iterable[Selection], at: float) -> Mapping[Selection, Listing]:
        """The series of each at the time `at` (Unix seconds), listed again where that is due.

        Where AWS does not list them those known stay. Raises SourceError where none are known,
        unless the fault is of that one metric.
        """
        wanted = [*dict.fromkeys(asked)]
        due = not 0 <= at - self._tried < LIST_EVERY  # also where the clock was set back
        globs = [one for one in wanted if _is_listed(one) and (due or one not in self._known)]
        if due and globs:
            self._tried = at
        listed = dict(zip(globs, in_parallel(lambda one: self._list(one, at), globs), strict=True))
        self._known = {
            one: listed.get(one) or self._known.get(one) or _named_in_full(one) for one in wanted
        }
        return self._known

    def _list(self, one: Selection, at: float) -> Listing:
        known = self._known.get(one)
        try:
            found = _list_series(self._client, one, at)
            if known is None or len(known.series) != len(found.series):
                self._tell(one, len(found.series))
            return found
        except SourceError as error:
            if known is None and error.reason not in _OF_ONE_METRIC:
                raise
            what = "lists none of them" if known is None else "keeping the series known so far"
            log.warning("%s: %s %s: %s: %s", self._name, *one[:2], what, error)
            reason = "denied" if error.reason == "auth" else error.reason
            return known or Listing(left_out={reason: 1})

    def _tell(self, one: Selection, number: int) -> None:
        """How many series there are: a mistake in a name shows in no other way."""
        namespace, metric, globs = one
        of = ", ".join(f"{name}={glob}" for name, glob in globs)
        said = f"{number} series" if number else "no series (yet, or a name is wrong)"
        log.info("%s: CloudWatch lists %s of %s %s of %s", self._name, said, namespace, metric, of)


def of_the_spec(asked: Iterable[AskedMetric]) -> dict[AskedMetric, Listing]:
    """The series that the spec names in full; none of those with globs."""
    every = {one: selection_of(one) for one in asked}
    return {
        one: Listing() if _is_listed(each) else _named_in_full(each) for one, each in every.items()
    }


def _list_series(client: AwsClient, one: Selection, at: float) -> Listing:
    """List the series of a metric now; at most MOST_SERIES are taken. Raises SourceError."""
    namespace, metric, globs = one
    filters = {name: plain_name(glob) for name, glob in globs}
    found: set[Dimensions] = set()
    left_out: Counter[str] = Counter()
    requests = 0
    for page in client.listed_metrics(namespace, metric, filters, LIST_EVERY):
        requests += 1
        for pairs in page:
            series = tuple((name, pairs[name]) for name, _ in globs)
            if not _matches(series, globs) or series in found:
                continue
            if not all(map(_is_readable, pairs.values())):
                left_out["unreadable"] += 1
            elif len(found) >= MOST_SERIES:
                left_out["cap"] += 1
            else:
                found.add(series)
    return Listing(tuple(sorted(found)), at, left_out, requests)


def _is_listed(one: Selection) -> bool:
    """Whether CloudWatch has to list its series."""
    return not all(is_plain(glob) for _, glob in one[2])


def _named_in_full(one: Selection) -> Listing:
    """The only series of a metric whose dimensions are no globs."""
    return Listing((tuple((name, plain_name(glob) or "") for name, glob in one[2]),))


def _matches(series: Dimensions, globs: Dimensions) -> bool:
    pairs = zip(series, globs, strict=True)
    return all(fnmatchcase(value, glob) for (_, value), (_, glob) in pairs)


def _is_readable(value: str) -> bool:
    return value.isprintable() and 0 < len(value) <= _LONGEST_VALUE
