"""Alertmanager on loopback, and a receiver of its notifications."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from obs.sandbox.process import Process, free_ports

_HOST: Final = "127.0.0.1"
_BINARIES: Final = ("prometheus-alertmanager", "alertmanager")  # Debian's name, and the project's


def alertmanager_binary() -> str | None:
    """Path of an installed Alertmanager."""
    return next(filter(None, map(shutil.which, _BINARIES)), None)


class AlertmanagerProcess:
    """An Alertmanager that sends every alert to a webhook, separately and immediately.

    Its files are in `directory`, which must exist.
    """

    def __init__(self, binary: str, directory: Path, webhook: str) -> None:
        (port,) = free_ports(1)
        self.address = f"{_HOST}:{port}"
        self.url = f"http://{self.address}"
        self._config = directory / "alertmanager.yml"
        self._webhook = webhook
        self.process = Process(
            [
                binary,
                f"--config.file={self._config}",
                f"--storage.path={directory / 'alertmanager'}",
                f"--web.listen-address={self.address}",
                "--cluster.listen-address=",  # no cluster: it would listen on all interfaces
            ],
            directory / "alertmanager.log",
        )

    def start(self) -> None:
        """Start it; it answers about a second later. Raises ProcessFailed."""
        self._config.write_text(json.dumps(_configuration(self._webhook)))  # JSON is YAML
        self.process.start()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()


def _configuration(webhook: str) -> dict[str, Any]:
    route = {
        "receiver": "webhook",
        "group_by": ["..."],  # one group for each alert
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
    }
    hook = {"url": webhook, "send_resolved": True}
    return {"route": route, "receivers": [{"name": "webhook", "webhook_configs": [hook]}]}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification about one alert; `at` is on the monotonic clock."""

    at: float
    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname", "")

    @property
    def alert(self) -> frozenset[tuple[str, str]]:
        """The identity of the alert: all its labels."""
        return frozenset(self.labels.items())


class WebhookReceiver:
    """Async context manager: a webhook on loopback that records every notice."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        """Where it receives, once entered."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    async def wait_until(self, enough: Callable[[Sequence[Notice]], bool], seconds: float) -> bool:
        """Whether the notices satisfy `enough` within `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: enough(self.notices))
        except TimeoutError:
            return False
        return True

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/", self._receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, 0).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.json()
        at = time.monotonic()
        async with self._changed:
            self.notices += [
                Notice(at, alert["status"] == "firing", alert["labels"], alert["annotations"])
                for alert in body["alerts"]
            ]
            self._changed.notify_all()
        return web.Response()
