"""SLO reports, written beside the polls when a period of the calendar has ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from obs.clients.threads import in_thread
from obs.collector.collector import Collector
from obs.collector.daemon import InCore, Listener
from obs.collector.slo_history import pasts
from obs.errors import ObsError
from obs.web.slo_history import SloPast

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 60.0
"""Seconds between looks at the calendar."""


class Reports(Protocol):
    """Writes the reports."""

    def due(self, at: float) -> object | None:
        """What has no report yet at a moment (Unix seconds)."""
        ...

    def write(self, slos: Sequence[SloPast], at: float) -> Path | None:
        """Write it, unless data may still come. Raises OSError and ObsError."""
        ...


def reporting(
    reports: Reports,
    collector: Collector,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Listener:
    """Writes each report once it is due. What fails is tried again at the next look."""

    def look() -> Path | None:
        at = collector.clock.wall()
        if reports.due(at) is None:
            return None
        return reports.write(pasts(collector.objectives.all), at)

    async def run(in_core: InCore) -> None:
        while True:
            try:
                if (written := await in_thread(look, "slo-report")) is not None:
                    log.info("wrote %s", written)
            except (OSError, ObsError) as error:
                log.warning("cannot write the SLO report: %s", error)
            await sleep(LOOK_EVERY)

    return run
