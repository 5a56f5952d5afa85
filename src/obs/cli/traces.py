"""Traces of a command, where the spec asks for them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from obs.extras import require_extra
from obs.spans import SpanCounts

if TYPE_CHECKING:
    from obs.spec.system import System


@contextmanager
def traced(system: "System", name: str) -> Iterator[None]:
    """Records what runs inside as one trace; sent at the end, which a receiver cannot make fail.

    Raises MissingExtra.
    """
    if system.outputs.traces is None:
        yield
        return
    require_extra("otlp", "outputs.otlp.traces")
    from obs.sinks.traces import open_tracer

    tracer = open_tracer(system, SpanCounts())
    try:
        with tracer.trace(name, {}):
            yield
    finally:
        tracer.close()
        if tracer.failure is not None:
            print(f"the trace of this command could not be sent: {tracer.failure}", file=sys.stderr)
