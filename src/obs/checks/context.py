"""What checks read: each fact once per run, however many checks need it."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import Any, TypeVar, cast

from obs.checks.applied import require_extras
from obs.checks.http_live import (
    collector_at,
    read_exposition,
    read_rules,
    read_scrape,
    read_status,
)
from obs.checks.packs import NeedFacts, read_needs
from obs.checks.scraped import ScrapeFacts
from obs.errors import SourceError
from obs.sources.kind import SourceClient
from obs.sources.kinds import each_source
from obs.spec.stacks import Reached
from obs.spec.system import System
from obs.stacks.loaded_rules import LoadedRules
from obs.stacks.plan import PlanStep
from obs.stacks.targets import alert_stacks, dashboard_stacks
from obs.web.status import Status

ResultT = TypeVar("ResultT")


class CheckContext:
    """Context manager: the clients of one run of the checks. Everything raises SourceError."""

    def __init__(self, system: System, clients: Mapping[str, SourceClient] | None = None) -> None:
        """`clients`: of sources, to use instead of new ones; they stay open."""
        self.system = system
        self._clients = clients or {}
        self._answers: dict[tuple[str, str], Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "CheckContext":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, name: str) -> SourceClient:
        """The client of a source. Raises LookupError where its kind has none."""

        def opened() -> SourceClient:
            if name in self._clients:
                return self._clients[name]
            by_name = {of: (kind, spec) for kind, of, spec in each_source(self.system)}
            kind, spec = by_name[name]
            kind.require_extra(name)
            client: SourceClient | None = kind.client(spec, time.monotonic)
            if client is None:
                raise LookupError(f"{name}: {kind.words} needs no client")
            self._stack.callback(client.close)
            return client

        return self.once("client", name, opened)

    def close_later(self, close: Callable[[], object]) -> None:
        """Close something when the checks have run."""
        self._stack.callback(close)

    def status(self) -> Status:
        """The collector's status document."""
        return self.once("status", "", lambda: read_status(collector_at(self.system)))

    def exposition(self) -> str:
        """One scrape of the collector."""
        return self.once("exposition", "", lambda: read_exposition(collector_at(self.system)))

    def scrape(self) -> ScrapeFacts:
        """What Prometheus scrapes."""
        return self.once("scrape", "", lambda: read_scrape(self._prometheus(), self.system))

    def rules(self) -> LoadedRules:
        """What Prometheus has loaded."""
        return self.once("rules", "", lambda: read_rules(self._prometheus(), self.system))

    def pack_needs(self, pack: str) -> tuple[NeedFacts, ...]:
        """What Prometheus has of the series that a pack needs."""
        return self.once("packs", pack, lambda: read_needs(self._prometheus(), self.system, pack))

    def steps(self, stack: str) -> tuple[PlanStep, ...]:
        """What applying to a stack would do; nothing is done."""
        require_extras([stack])
        find = dashboard_stacks if stack == "grafana" else alert_stacks
        steps: list[PlanStep] = []
        for opened in find(self.system, stack):
            with closing(opened):
                steps += opened.plan()
        return tuple(steps)

    def once(self, kind: str, name: str, read: Callable[[], ResultT]) -> ResultT:
        """The result of the first read, or the error that it raised: both are remembered."""
        key = (kind, name)
        if key not in self._answers:
            try:
                self._answers[key] = read()
            except SourceError as error:
                self._answers[key] = error
            except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
                why = f"{kind}: invalid response ({type(error).__name__})"
                self._answers[key] = SourceError("decode", why)
        answer = self._answers[key]
        if isinstance(answer, SourceError):
            raise answer
        return cast("ResultT", answer)

    def _prometheus(self) -> Reached:
        stack = self.system.stacks.prometheus
        assert stack is not None
        return stack
