"""The units that Grafana knows; it displays any other as text after the number."""

from difflib import get_close_matches
from typing import Final

from grafanalib import formatunits

_PREFIXES: Final = ("suffix:", "prefix:", "time:", "si:", "count:", "currency:", "bool:")
_NEWER: Final = (
    "bool bool_yes_no bool_on_off string eps epm mps mpm recps recpm rowsps rowspm rps "
    "reqpm msgps candela acres hectares dateTimeAsLocal dateTimeAsLocalNoDateIfToday "
    "dateTimeAsSystem dateTimeAsIso dateTimeAsIsoNoDateIfToday dateTimeAsUS "
    "dateTimeAsUSNoDateIfToday dateTimeFromNow binbps binBps KiBs Kibits MiBs Mibits GiBs "
    "Gibits TiBs Tibits PiBs Pibits KBs Kbits MBs Mbits GBs Gbits TBs Tbits PBs Pbits bps "
    "Bps pps decbits decbytes bits bytes kbytes mbytes gbytes tbytes pbytes deckbytes "
    "decmbytes decgbytes dectbytes decpbytes dtdurationms dtdurations dthms dtdhms "
    "timeticks clockms clocks currencyRUB currencyTRY currencyMYR currencyCNY currencyVND "
    "currencyXPF currencyKRW currencyIDR currencyPHP currencyTND currencyIRR currencyBGN "
    "currencyPYG currencyUYU currencyILS currencymBTC currencyμBTC lengthin lengthkm "
    "pressureatm rotrpm rothz rotrads rotdegs sishort"
)
_CLOSE: Final = 0.8
KNOWN: Final = frozenset(
    (
        *_NEWER.split(),
        *(
            value
            for name, value in vars(formatunits).items()
            if name.isupper() and isinstance(value, str)
        ),
    )
)


def is_unit(unit: str) -> bool:
    """Whether Grafana formats numbers by this unit."""
    return unit in KNOWN or unit.startswith(_PREFIXES)


def closest(unit: str) -> str:
    """The most similar known unit; empty where none is similar enough."""
    close = get_close_matches(unit, KNOWN, n=1, cutoff=_CLOSE)
    return close[0] if close else ""
