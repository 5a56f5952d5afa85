"""obs dashboards preview."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.output import safe
from obs.cli.parser import Parser
from obs.cli.terminal import say
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obs.clients.prometheus import Prometheus

_VARIABLE: Final = "OBS_PROMETHEUS"


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs dashboards`."""
    preview = command(
        actions,
        "preview",
        _preview,
        summary="Preview dashboards with data from Prometheus, without Grafana.",
        examples=[
            "obs dashboards preview --spec collectors/oms.yaml --prometheus http://localhost:9090",
            "obs dashboards preview dashboards/json --prometheus http://localhost:9090",
        ],
        exit_codes=(0, 2, 3, 130),
    )
    preview.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="dashboard or folder of dashboards, plain or wrapped for Kubernetes (default: the "
        "dashboards of the spec)",
    )
    spec_arguments(preview)
    preview.add_argument(
        "--prometheus",
        metavar="URL",
        default=os.environ.get(_VARIABLE),
        help=f"Prometheus server to query (default: ${_VARIABLE}; use that for a URL with "
        "user:password@)",
    )
    preview.add_argument(
        "--port",
        type=int,
        default=3001,
        metavar="NUMBER",
        help="port to serve on; 0 picks a free one (default: 3001)",
    )
    preview.add_argument(
        "--scrape",
        default="15s",
        metavar="DURATION",
        help="scrape interval of the data source, for $__rate_interval (default: 15s)",
    )


def _preview(arguments: argparse.Namespace) -> int:
    from contextlib import closing

    from obs.dashboard_preview.parts import plotly_script

    plotly_script()  # reports a missing extra before any request
    if not 0 <= arguments.port <= 65_535:
        raise BadInput(f"--port {arguments.port}: a port is a number from 0 to 65535")
    scrape = _seconds(arguments.scrape)
    boards = _boards(arguments)
    with closing(_prometheus(arguments.prometheus)) as prometheus:
        _serve(boards, prometheus, arguments.port, scrape)
    return DONE


def _seconds(duration: str) -> float:
    from obs.spec.quantity import parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        raise BadInput(f"--scrape: {error}") from None


def _boards(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    if arguments.files:
        if arguments.spec:
            raise BadInput("give files or --spec, not both")
        from obs.dashboard_lint.read import read
        from obs.dashboard_preview.given import all_readable

        found = read(arguments.files)
        for problem in found.unreadable:
            print(safe(f"Left out     {problem}"))
        return all_readable(each.json for each in found.dashboards)
    from obs.dashboards.build import boards

    return [board.json for board in boards(chosen_spec(arguments).system)]


def _prometheus(url: str | None) -> "Prometheus":
    import time

    from obs.clients.http import without_user
    from obs.clients.prometheus import Prometheus
    from obs.dashboard_preview.evaluate import MOST_SERIES
    from obs.redaction.address import remember_address

    if not url:
        raise BadInput(f"no Prometheus: give --prometheus URL, or set {_VARIABLE}")
    if not url.startswith(("http://", "https://")):
        raise BadInput("--prometheus: write a URL, for example http://localhost:9090")
    remember_address(url)
    prometheus = Prometheus(url, most_series=MOST_SERIES + 1)
    prometheus.query("1", time.time())
    print(f"Prometheus   {without_user(url)}")
    return prometheus


def _serve(
    boards: "Sequence[dict[str, Any]]", prometheus: "Prometheus", port: int, scrape: float
) -> None:
    import asyncio
    import contextlib

    from obs.dashboard_preview.server import serving

    async def serve() -> None:
        async with serving(boards, prometheus, port=port, scrape=scrape) as url:
            print(
                f"Dashboards   {url}",
                *(safe(f"  {url}d/{each['uid']}  {each['title']}") for each in boards),
                sep="\n",
            )
            say("Press Ctrl-C to stop.")
            await asyncio.Event().wait()

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(serve())
