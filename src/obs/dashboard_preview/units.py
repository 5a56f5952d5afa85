"""Values as Grafana formats them: the units that our dashboards use, and other common ones."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """A formatted value; Grafana draws prefix and suffix smaller than the number."""

    text: str
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.text}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, in seconds since the epoch, and the time zone (None: the machine's) of the reader."""

    now: float
    zone: tzinfo | None = None


_MOST_PLACES: Final = 20
_LARGEST: Final = 1e21  # JavaScript writes no more digits
Form = Callable[[float, int | None, Moment], Text]


def formatted(value: float, unit: str, decimals: int | None, moment: Moment) -> Text:
    """A number in a unit of Grafana; an unknown unit is text after the number.

    `decimals` None lets the size of the number decide, as Grafana's automatic does.
    """
    if not math.isfinite(value):
        return Text(_not_finite(value))
    if (form := _FORMS.get(unit)) is None:
        kind, colon, rest = unit.partition(":")
        form = _KINDS[kind](rest) if colon and kind in _KINDS else _plain(unit and f" {unit}")
    return form(value, decimals, moment)


def fixed(value: float, decimals: int | None) -> str:
    """A number with so many decimals; None: about three significant digits."""
    if not math.isfinite(value):
        return _not_finite(value)
    if abs(value) >= _LARGEST:
        return f"{value:.3g}"
    places = _automatic(value) if decimals is None else max(decimals, 0)
    if places > _MOST_PLACES:
        return f"{value:.3g}"
    factor = 10.0**places
    rounded = math.floor(value * factor + 0.5) / factor
    return f"{rounded + 0.0:.{places}f}"


def _automatic(value: float) -> int:
    if value == int(value):
        return 0
    places = 1 - math.floor(math.log10(abs(value)))
    return max(places + (1 if value > 0 else 0), 0)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "∞" if value > 0 else "-∞"


def _plain(suffix: str = "", factor: float = 1) -> Form:
    return lambda value, decimals, _: Text(fixed(value * factor, decimals), suffix=suffix)


def _scaled(base: int, suffixes: Sequence[str], offset: int = 0) -> Form:
    def form(value: float, decimals: int | None, _: Moment) -> Text:
        power = math.floor(math.log(abs(value), base) + 1e-12) if value else 0
        power = min(max(power, -offset), len(suffixes) - 1 - offset)
        text = fixed(value / float(base) ** power, decimals)
        return Text(text, suffix=suffixes[power + offset])

    return form


_COUNTS: Final = ("", "K", "M", "B", "T")
_SI: Final = ("f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def _count(symbol: str) -> Form:
    return _scaled(1000, [f"{letter} {symbol}" for letter in _COUNTS])


def _si(symbol: str, offset: int = 0) -> Form:
    return _scaled(1000, [f" {prefix}{symbol}" for prefix in _SI], _SI.index("") + offset)


def _binary(symbol: str, offset: int = 0) -> Form:
    return _scaled(1024, [f" {prefix}{symbol}" for prefix in _BINARY], offset)


def _currency(symbol: str) -> Form:
    scaled = _scaled(1000, _COUNTS)

    def form(value: float, decimals: int | None, moment: Moment) -> Text:
        amount = scaled(abs(value), decimals, moment)
        return Text(amount.text, f"-{symbol}" if value < 0 else symbol, amount.suffix)

    return form


_TIME_STEPS: Final = (
    (1e-6, 1e-9, " ns"),
    (1e-3, 1e-6, " µs"),
    (1.0, 1e-3, " ms"),
    (60.0, 1.0, " s"),
    (3_600.0, 60.0, " mins"),
    (86_400.0, 3_600.0, " hours"),
    (604_800.0, 86_400.0, " days"),
    (31_536_000.0, 604_800.0, " weeks"),
    (math.inf, 31_536_000.0, " years"),
)


def _time(unit_seconds: float) -> Form:
    """Time in units of so many seconds; never displayed in a smaller unit."""

    def form(value: float, decimals: int | None, _: Moment) -> Text:
        seconds = value * unit_seconds
        if value == 0:
            return Text("0", suffix=next(name for _, size, name in _TIME_STEPS if size == own))
        for limit, size, name in _TIME_STEPS:
            if abs(seconds) < limit and size >= minimum:
                return Text(fixed(seconds / size, decimals), suffix=name)
        return Text(_not_finite(seconds))

    own = unit_seconds
    minimum = 0.0 if unit_seconds == 1 else unit_seconds
    return form


_PARTS: Final = (
    ("year", 31_536_000_000),
    ("month", 2_592_000_000),
    ("week", 604_800_000),
    ("day", 86_400_000),
    ("hour", 3_600_000),
    ("minute", 60_000),
    ("second", 1000),
    ("millisecond", 1),
)


def _words(unit: str) -> Form:
    """`1 day, 12 hours`: one part, and one more for each decimal."""
    size = dict(_PARTS)[unit]

    def form(value: float, decimals: int | None, _: Moment) -> Text:
        if value == 0:
            return Text(f"0 {unit}s")
        left, more, parts = abs(value) * size, decimals or 0, list[str]()
        for name, each in _PARTS:
            if (left >= each or parts) and len(parts) <= more:
                number, left = divmod(left, each)
                parts.append(f"{number:.0f} {name}{'' if number == 1 else 's'}")
        text = ", ".join(parts) or f"0 {unit}s"
        return Text(f"{text} ago" if value < 0 else text)

    return form


def _clock(value: float, _: int | None, __: Moment) -> Text:
    seconds = int(abs(value))
    text = f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return Text(f"{text} ago" if value < 0 else text)


def _days_clock(value: float, decimals: int | None, moment: Moment) -> Text:
    days = int(abs(value) // 86_400)
    rest = _clock(abs(value) % 86_400, decimals, moment).text
    return Text(f"{days} d {rest}{' ago' if value < 0 else ''}")


def _date(pattern: str, hide_today: bool = False) -> Form:
    def form(value: float, _: int | None, moment: Moment) -> Text:
        try:
            time = datetime.fromtimestamp(value / 1000, moment.zone)
        except (OverflowError, OSError, ValueError):
            return Text("Invalid date")
        today = datetime.fromtimestamp(moment.now, moment.zone).date()
        hidden = hide_today and time.date() == today
        return Text(time.strftime("%H:%M:%S" if hidden else pattern))

    return form


_AGES: Final = (
    (45, 1, "", "a few seconds"),
    (90, 1, "", "a minute"),
    (45 * 60, 60, "minutes", ""),
    (90 * 60, 1, "", "an hour"),
    (22 * 3600, 3600, "hours", ""),
    (36 * 3600, 1, "", "a day"),
    (26 * 86_400, 86_400, "days", ""),
    (45 * 86_400, 1, "", "a month"),
    (320 * 86_400, 30.44 * 86_400, "months", ""),
    (548 * 86_400, 1, "", "a year"),
    (math.inf, 365.25 * 86_400, "years", ""),
)


def _from_now(value: float, _: int | None, moment: Moment) -> Text:
    away = value / 1000 - moment.now
    for limit, size, plural, words in _AGES:
        if abs(away) < limit:
            text = words or f"{max(round(abs(away) / size), 2)} {plural}"
            return Text(f"in {text}" if away > 0 else f"{text} ago")
    raise AssertionError("the last age has no limit")


def _locale(value: float, decimals: int | None, _: Moment) -> Text:
    text = f"{value:,.{3 if decimals is None else decimals}f}"
    return Text(text.rstrip("0").rstrip(".") if "." in text else text)


def _truth(true: str, false: str) -> Form:
    return lambda value, _, __: Text(true if value else false)


_FORMS: Final[Mapping[str, Form]] = {
    "": _plain(),
    "none": _plain(),
    "string": _plain(),
    "short": _scaled(
        1000, ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"]
    ),
    "sishort": _si(""),
    "percent": _plain("%"),
    "percentunit": _plain("%", 100),
    "locale": _locale,
    "ns": _time(1e-9),
    "µs": _time(1e-6),
    "ms": _time(1e-3),
    "s": _time(1),
    "m": _time(60),
    "h": _time(3_600),
    "d": _time(86_400),
    "dtdurations": _words("second"),
    "dtdurationms": _words("millisecond"),
    "dthms": _clock,
    "dtdhms": _days_clock,
    "dateTimeAsIso": _date("%Y-%m-%d %H:%M:%S"),
    "dateTimeAsIsoNoDateIfToday": _date("%Y-%m-%d %H:%M:%S", hide_today=True),
    "dateTimeAsSystem": _date("%Y-%m-%d %H:%M:%S"),
    "dateTimeAsLocal": _date("%Y-%m-%d %H:%M:%S"),
    "dateTimeFromNow": _from_now,
    "bytes": _binary("B"),
    "kbytes": _binary("B", 1),
    "mbytes": _binary("B", 2),
    "bits": _binary("b"),
    "decbytes": _si("B"),
    "decbits": _si("b"),
    "binBps": _binary("B/s"),
    "binbps": _binary("b/s"),
    "Bps": _si("B/s"),
    "bps": _si("b/s"),
    "pps": _si("p/s"),
    "hertz": _si("Hz"),
    "cps": _count("c/s"),
    "ops": _count("ops/s"),
    "reqps": _count("req/s"),
    "rps": _count("rd/s"),
    "wps": _count("wr/s"),
    "iops": _count("io/s"),
    "eps": _count("evt/s"),
    "mps": _count("msg/s"),
    "cpm": _count("c/m"),
    "opm": _count("ops/m"),
    "reqpm": _count("req/m"),
    "currencyUSD": _currency("$"),
    "currencyEUR": _currency("€"),
    "currencyGBP": _currency("£"),
    "bool": _truth("True", "False"),
    "bool_yes_no": _truth("Yes", "No"),
    "bool_on_off": _truth("On", "Off"),
}

_KINDS: Final[Mapping[str, Callable[[str], Form]]] = {
    "suffix": lambda rest: _plain(f" {rest}"),
    "prefix": lambda rest: lambda value, decimals, _: Text(fixed(value, decimals), prefix=rest),
    "currency": _currency,
    "count": _count,
    "si": _si,
    "bool": lambda rest: _truth(rest.partition("/")[0], rest.partition("/")[2] or "-"),
}
"""Units with their text in them, for example `suffix:msg`."""
