"""The tracing of the demo's services, each a service of its own. Without a provider nothing is
exported."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from opentelemetry.trace import NoOpTracerProvider, Tracer, TracerProvider

from obs.tracing import Tracing

_FLUSH_MILLISECONDS: Final = 2000


class Traces:
    """Tracing for each service, by the tracer provider that `provider_of` makes for its name."""

    def __init__(self, provider_of: Callable[[str], TracerProvider] | None = None) -> None:
        self.exported = provider_of is not None
        """Whether spans go anywhere."""
        self._provider = lru_cache(maxsize=None)(provider_of or _nowhere)
        self._services: set[str] = set()

    def tracing(self, service: str) -> Tracing:
        """The tracing of a service's messages."""
        return Tracing(self._of(service))

    def tracer(self, service: str) -> Tracer:
        """The tracer of the service's own spans."""
        return self._of(service).get_tracer("oms")

    def close(self) -> None:
        """Export what is left, for a few seconds at most. Blocks."""
        for provider in map(self._provider, self._services):
            for name, arguments in (("force_flush", (_FLUSH_MILLISECONDS,)), ("shutdown", ())):
                if hasattr(provider, name):
                    getattr(provider, name)(*arguments)

    def _of(self, service: str) -> TracerProvider:
        self._services.add(service)
        return self._provider(service)


def _nowhere(_: str) -> TracerProvider:
    return NoOpTracerProvider()


NO_TRACES: Final = Traces()
