"""Facts on where rules send events: to buses of other accounts and regions."""

from typing import Final

from obs.catalogue.declare import info

PREFIXES = ()

BUS_TARGET: Final = info(
    "eventbridge_rule_bus_target_info",
    ("aws", "bus", "rule", "target_bus", "target_account", "target_region"),
    "A rule that sends its events to another bus, mostly of another account or region. The rules "
    "of that bus count what arrives.",
    title="Rules that send to other buses",
    absent="No rule sends to another bus",
)
