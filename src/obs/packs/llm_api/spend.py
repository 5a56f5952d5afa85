"""Recording rules for spend: tokens of an hour, their prices, and sums of hours.

A month in PromQL: each hour is recorded with the number of its month, and the spend of the month
is the sum of the whole hours of the last 31 days that have this month's number. So a restart of the
service or of Prometheus loses nothing that was recorded.

The growth of a series in an hour is
1. all that it has, where it is new although others were there before: `increase()` misses what a
   process counted before its first scrape. Where nothing was there before, nobody knows when a
   series began, and only its increase counts.
2. the difference to what it had last, where there is no sample an hour ago: Prometheus was away.
3. its increase otherwise, which knows resets.
"""

from collections.abc import Iterator
from typing import Final

from obs.alerts.quantities.distributions import part
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, duration, number, selector
from obs.packs.llm_api import metrics
from obs.packs.llm_api.settings import LlmApiPack, Price
from obs.packs.pack import Record
from obs.spec.globs import is_plain, may_overlap
from obs.spec.pack_settings import as_expression

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_AWAY: Final = 6 * _HOUR
"""How long Prometheus may be away without a loss of what was spent meanwhile."""
_CLOSED: Final = 1.0
"""Seconds that a range is shorter: before Prometheus 3 it includes both of its ends."""
_MILLION: Final = 1_000_000
_TYPES: Final = {"input": "input|prompt", "output": "output|completion"}
"""The types of tokens that have a price, and how instrumentations name them."""
_LABELS: Final = (("budget", "month"),)


def records(settings: LlmApiPack) -> tuple[Record, ...]:
    """The rules of a spec, each after those that it reads; of tokens only where it has no
    prices."""
    return tuple(Record(metric, promql, _LABELS) for metric, promql in _Spend(settings).rules())


class _Spend:
    """Writes the rules of one spec; the labels by which it chooses series are kept."""

    def __init__(self, settings: LlmApiPack) -> None:
        self._settings = settings
        self._kept = tuple(sorted(settings.where))
        self._where = settings.matchers

    def rules(self) -> Iterator[tuple[Metric, str]]:
        """Each metric and its PromQL."""
        yield metrics.HOUR_TOKENS, self._tokens()
        if not self._settings.prices:
            return
        yield metrics.HOUR_UNPRICED, self._unpriced()
        yield metrics.HOUR_SPEND, self._priced()
        yield metrics.DAY_SPEND, self._hours("sum", _DAY, ("provider", "model"))
        yield metrics.MONTH_SPEND, self._month()
        yield metrics.MONTH_KNOWN, self._known()
        yield metrics.FORECAST, self._forecast()
        if self._settings.monthly_budget_dollars is not None:
            budget = number(self._settings.monthly_budget_dollars)
            there = self._sum(metrics.MONTH_SPEND)
            yield metrics.MONTH_BUDGET, f"0 * {there} + {budget}"

    def _by(self, *labels: str) -> str:
        return ", ".join((*labels, *(each for each in self._kept if each not in labels)))

    def _series(self, metric: Metric, *more: Matcher) -> str:
        return selector(metric, (*more, *self._where))

    def _sum(self, metric: Metric, *labels: str) -> str:
        return f"sum by ({self._by(*labels)}) ({self._series(metric)})"

    def _tokens(self) -> str:
        named = _growth(part(metrics.TOKENS, "sum"), self._where)
        for label, to in (
            ("gen_ai_request_model", "model"),
            ("gen_ai_response_model", "model"),
            ("gen_ai_system", "provider"),
            ("gen_ai_provider_name", "provider"),
        ):
            named = f'label_replace({named}, "{to}", "$1", "{label}", "(.+)")'
        return f"sum by ({self._by('provider', 'model', 'gen_ai_token_type')}) ({named})"

    def _priced(self) -> str:
        of_month = f'count_values("month", month(vector(time() - {number(_HOUR / 2)})))'
        terms = " or ".join(
            f"{number(price / _MILLION)} * {self._of(which, _TYPES[name])}"
            for which, prices in self._models()
            for name, price in _parts(prices)
            if price is not None
        )
        spend = f"sum by ({self._by('provider', 'model')}) ({terms})"
        return f"{spend} * on () group_left (month) {of_month}"

    def _unpriced(self) -> str:
        every = "|".join(map(as_expression, self._settings.prices))
        known = "|".join(_TYPES.values())
        terms = [
            self._series(metrics.HOUR_TOKENS, ("model", "!~", every)),
            self._series(metrics.HOUR_TOKENS, ("gen_ai_token_type", "!~", known)),
            *(
                self._of(which, _TYPES[name])
                for which, prices in self._models()
                for name, price in _parts(prices)
                if price is None
            ),
        ]
        labels = ("provider", "model")
        none = f"0 * {self._sum(metrics.HOUR_TOKENS, *labels)}"
        return f"sum by ({self._by(*labels)}) ({' or '.join(terms)}) or {none}"

    def _of(self, which: tuple[Matcher, ...], types: str) -> str:
        return self._series(metrics.HOUR_TOKENS, *which, ("gen_ai_token_type", "=~", types))

    def _models(self) -> Iterator[tuple[tuple[Matcher, ...], Price]]:
        """What chooses the models of each price: its glob, less the more specific ones."""
        globs = sorted(self._settings.prices, key=_specific, reverse=True)
        for index, glob in enumerate(globs):
            others = [each for each in globs[:index] if may_overlap(each, glob)]
            chosen: Matcher = ("model", "=~", as_expression(glob))
            less: list[Matcher] = (
                [("model", "!~", "|".join(map(as_expression, others)))] if others else []
            )
            yield (chosen, *less), self._settings.prices[glob]

    def _hours(self, function: str, window: float, labels: tuple[str, ...]) -> str:
        """The whole hours of a window of seconds, summed or averaged over the sum of an hour."""
        hour = self._sum(metrics.HOUR_SPEND, *labels)
        return f"{function}_over_time(({hour})[{duration(window - _CLOSED)}:{duration(_HOUR)}])"

    def _month(self) -> str:
        labels = ("provider", "model")
        hours = self._hours("sum", 31 * _DAY, (*labels, "month"))
        none_yet = f"0 * {self._sum(metrics.HOUR_SPEND, *labels)}"
        return f"sum by ({self._by(*labels)}) ({hours} and on (month) {_THIS_MONTH}) or {none_yet}"

    def _known(self) -> str:
        hours = self._hours("count", 31 * _DAY, ("month",))
        known = f"sum by ({self._by()}) ({hours} and on (month) {_THIS_MONTH})"
        return f"clamp_max(100 * {known} / scalar(clamp_min({_HOURS_GONE}, 1)), 100)"

    def _forecast(self) -> str:
        usual = self._hours("avg", 7 * _DAY, ())
        return f"{self._sum(metrics.MONTH_SPEND)} + {usual} * scalar({_HOURS_LEFT})"


_THIS_MONTH: Final = 'count_values("month", month())'
_HOURS_GONE: Final = "24 * day_of_month() - 24 + hour()"
_HOURS_LEFT: Final = "24 * days_in_month() - 24 * day_of_month() + 24 - hour() - minute() / 60"


def _growth(metric: Metric, where: tuple[Matcher, ...]) -> str:
    """By how much each series of a counter grew in the last hour."""
    hour = duration(_HOUR)
    ranged = selector(metric, where, _HOUR)
    last = f"last_over_time({ranged})"
    before = f"last_over_time({selector(metric, where, _AWAY)} offset {hour})"
    away_then = f"{selector(metric, where)} offset {hour}"
    new = f"{last} unless {before} and on () {before}"
    after_hole = f"({last} - {before} >= 0) unless {away_then}"
    return f"({new} or {after_hole} or increase({ranged}))"


def _parts(price: Price) -> tuple[tuple[str, float | None], ...]:
    return (("input", price.input), ("output", price.output))


def _specific(glob: str) -> tuple[int, bool, str]:
    """How many characters it says, and whether that is all; in alphabetical order where two say
    as many."""
    return (len(glob.replace("*", "")), is_plain(glob), glob)
