"""obs collect."""

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from obs.cli.arguments import (
    Commands,
    chosen_spec,
    command,
    format_argument,
    only_argument,
    source_kinds,
    spec_arguments,
    spec_paths,
)
from obs.cli.logs import set_up_logging
from obs.cli.parser import Parser
from obs.cli.terminal import is_quiet
from obs.errors import DONE, UNAVAILABLE
from obs.logs import end_log

if TYPE_CHECKING:
    from obs.collector.assembly import Assembled
    from obs.collector.checking import Checks
    from obs.collector.leading import Leading
    from obs.collector.service_manager import ServiceManager
    from obs.spec.system import System
    from obs.web.server import Server


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    collect = command(
        commands,
        "collect",
        _collect,
        summary="Run the collector: poll the sources, serve /metrics and the status page.",
        examples=[
            "obs collect --spec collectors/oms.yaml",
            "obs collect --spec collectors/oms.yaml --only nats --listen 0.0.0.0:9464",
            "obs collect --spec collectors/oms.yaml --dry-run",
            "obs collect --spec collectors/oms.yaml --once",
            "obs collect --spec collectors/oms.yaml --shard 2/5",
        ],
        exit_codes=(0, 2, 3),
    )
    spec_arguments(collect)
    only_argument(collect, "poll only sources of this kind")
    collect.add_argument(
        "--listen", metavar="HOST:PORT", help="address to serve on, instead of outputs.web.listen"
    )
    how = collect.add_mutually_exclusive_group()
    how.add_argument(
        "--once", action="store_true", help="poll every source once, print the metrics and exit"
    )
    how.add_argument(
        "--dry-run",
        action="store_true",
        help="estimate the monthly cost of the AWS requests, with --shard also the objects and "
        "series of each shard, and exit",
    )
    collect.add_argument(
        "--shard",
        metavar="N/OF",
        help="watch only one part of the streams, rules, queues and SLOs, of so many; other "
        "collectors watch the others (docs/growing.md)",
    )
    format_argument(collect)
    collect.add_argument("--verbose", action="store_true", help="log at debug level")
    collect.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="a line for each log entry: plain, or a JSON object (default: text)",
    )


def _collect(arguments: argparse.Namespace) -> int:
    from obs.collector.signals import outlive_hangup

    gc.set_threshold(1_000_000, 20, 20)  # what is imported stays: searching it delays the start
    if not (arguments.once or arguments.dry_run):
        outlive_hangup()
    system = _system(arguments)
    usual = logging.WARNING if is_quiet() else logging.INFO
    level = logging.DEBUG if arguments.verbose else usual
    set_up_logging(level, as_json=arguments.log_format == "json")
    for library in _libraries():
        logging.getLogger(library).setLevel(logging.ERROR)
    if arguments.dry_run:
        from obs.cli.dry_run import dry_run

        return dry_run(system, arguments)
    try:
        code = asyncio.run(_once(system, arguments) if arguments.once else _run(system, arguments))
    finally:
        end_log()
    sys.stdout.flush()
    sys.stderr.flush()
    # The state is saved; a poll that hangs in a system call must not delay the exit.
    os._exit(code)


def _system(arguments: argparse.Namespace) -> "System":
    """The spec's system, or the part of it that --shard names."""
    from obs.spec.shard import parsed_shard
    from obs.spec.sharding import of_shard

    shard = parsed_shard(arguments.shard) if arguments.shard else None
    return of_shard(chosen_spec(arguments).system, shard)


def _libraries() -> Iterator[str]:
    """Loggers of libraries whose warnings would only repeat those of the collector."""
    from obs.sources.kinds import KINDS

    yield from ("asyncio", "opentelemetry")
    for kind in KINDS:
        yield from kind.libraries


async def _run(system: "System", arguments: argparse.Namespace) -> int:
    kinds = source_kinds(arguments)
    if system.ha is None:
        return await _serve(system, arguments, kinds, None)
    from obs.collector.leading import Leading, takes_part
    from obs.spec.sources import SOURCE_KINDS

    if not takes_part(system, kinds):
        return await _serve(system, arguments, kinds, None)
    leading = Leading(system, kinds, SOURCE_KINDS)
    await leading.start()
    try:
        code = await _serve(system, arguments, kinds, leading)
    except BaseException:
        leading.keeper.stop()
        raise
    await leading.close()
    return code


async def _serve(
    system: "System",
    arguments: argparse.Namespace,
    kinds: Collection[str],
    leading: "Leading | None",
) -> int:
    from pathlib import Path

    from obs.cli.slo_report import written
    from obs.cli.slo_report_every import of_collector
    from obs.collector.assembly import assemble
    from obs.collector.reloading import Reloading, SpecFiles
    from obs.collector.served import ServedCollector
    from obs.collector.service_manager import READY, ServiceManager
    from obs.collector.signals import Stop, listen_for_signals
    from obs.web.server import serve

    stop = Stop()
    listen_for_signals(stop)
    web = system.outputs.web
    access = None
    if web.config_file:
        from obs.web.access import Access

        access = Access(Path(web.config_file))

    def assembled(system: "System", before: "Assembled | None", only_try: bool) -> "Assembled":
        checks, reports = _checks(system, kinds), of_collector(system, written)
        return assemble(
            system,
            kinds,
            checks=checks,
            reports=reports,
            before=before,
            only_try=only_try,
            leading=leading,
        )

    built = assembled(system, None, False)
    site = ServedCollector(built.collector)
    if leading:
        leading.keeper.alive = site.health
    try:
        server = await serve(site, arguments.listen or web.listen, access)
    except BaseException:
        await built.daemon.close()
        raise
    logging.getLogger(__name__).info("serving %s", server.url)
    manager = ServiceManager()
    manager.tell(READY)
    watching = asyncio.create_task(manager.watch(site.health))
    closing = asyncio.create_task(_close_at(stop.asked, server, manager))  # while the polls end
    try:
        files = SpecFiles(spec_paths(arguments), lambda: _system(arguments), assembled)
        running = Reloading(files, system, built, site, stop, tell=manager.tell, role=leading)
        del built  # else the first collector would outlive every reload
        await running.run()
    finally:
        closing.cancel()
        watching.cancel()
        await server.close()
    return DONE


async def _close_at(stop: asyncio.Event, server: "Server", manager: "ServiceManager") -> None:
    from obs.collector.service_manager import STOPPING

    await stop.wait()
    manager.tell(STOPPING)
    await server.close()


def _checks(system: "System", kinds: Collection[str]) -> "Checks | None":
    """The checks that the collector runs periodically; None where the spec has no interval, or
    where they are another shard's."""
    if system.checks.every is None or not system.share.is_first:
        return None
    from functools import partial

    from obs.checks.accepted import verify
    from obs.checks.applied import require_extras, stacks_of
    from obs.checks.catalogue import BY_NAME, CHECKS
    from obs.checks.context import CheckContext
    from obs.checks.run import outcomes, part_of, run

    verify(system, BY_NAME)
    require_extras(stacks_of(system))
    part = part_of(system, kinds)
    return lambda clients: outcomes(run(part, CHECKS, partial(CheckContext, clients=clients)))


async def _once(system: "System", arguments: argparse.Namespace) -> int:
    from obs.collector.assembly import assemble

    built = assemble(system, source_kinds(arguments))
    await built.daemon.poll_once()
    exposition = built.collector.exposition
    if sys.stdout.isatty():  # names of other systems may have what a terminal obeys
        print(exposition.body(openmetrics=False, gzip=False).decode(), end="")
    else:
        sys.stdout.buffer.writelines(exposition.stream(openmetrics=False, gzip=False))
        sys.stdout.buffer.flush()
    stale = built.collector.stale_sources()
    for health in stale:
        print(f"source {health.name}: {health.error}", file=sys.stderr)
    await built.daemon.close()
    return UNAVAILABLE if stale else DONE
