"""Which alerts a slow test of all of them takes: those that are written alike say the same."""

import os
from collections.abc import Sequence

from obs.alerts.alert import TunedAlert


def of_each_shape(alerts: Sequence[TunedAlert]) -> Sequence[TunedAlert]:
    """An alert of each shape; every alert where OBS_ALL_ALERTS is set."""
    if os.environ.get("OBS_ALL_ALERTS"):
        return alerts
    shapes: dict[object, TunedAlert] = {}
    for tuned in alerts:
        when = tuned.when
        shape = (type(when), len(when.metrics()), tuned.hold > 0, tuned.keep_firing > 0)
        shapes[shape] = tuned
    return [*shapes.values()]
