"""The checks of `obs check`, run beside the polls at long intervals."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from obs import spans
from obs.clients.threads import in_thread
from obs.collector.collector import Collector
from obs.collector.daemon import InCore, Listener
from obs.sources.kind import SourceClient

log = logging.getLogger(__name__)

FIRST_AFTER: Final = 60.0  # seconds: before that a collector has no complete minute

Checks = Callable[[Mapping[str, SourceClient]], Mapping[str, bool]]
"""Runs the checks with these clients; blocks. Returns whether each check passed."""


def checking(
    every: float,
    checks: Checks,
    clients: Mapping[str, SourceClient],
    collector: Collector,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    *,
    tracer: spans.Tracer | None = None,
) -> Listener:
    """Runs the checks every `every` seconds, in a separate thread, one run at a time.

    A run that fails as a whole leaves no result, rather than an old one.
    """

    def run_all() -> Mapping[str, bool]:
        with (tracer or spans.NoTracer()).trace("checks", {}):
            return checks(clients)

    async def run(in_core: InCore) -> None:
        await sleep(FIRST_AFTER)
        while True:
            call = in_thread(run_all, "checks")
            await asyncio.wait({call}, timeout=every)
            if not call.done():
                log.warning("checks did not finish within %g s", every)
                await in_core(collector.take_checks, {})
            try:
                outcomes = await call
            except Exception:  # a failure of the checks must not affect the polls
                log.exception("checks failed to run")
                outcomes = {}
            await in_core(collector.take_checks, outcomes)
            await sleep(every)

    return run
