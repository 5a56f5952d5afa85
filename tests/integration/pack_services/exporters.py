"""Real exporters, beside what they read, on free ports of loopback."""

import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from obs.sandbox.process import Process, free_ports

NODE_EXPORTER: Final = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
REDIS: Final = shutil.which("redis-server")
REDIS_EXPORTER: Final = shutil.which("prometheus-redis-exporter") or shutil.which("redis_exporter")
POSTGRES_EXPORTER: Final = shutil.which("prometheus-postgres-exporter") or shutil.which(
    "postgres_exporter"
)


def _postgres_folder() -> Path | None:
    """Where the newest PostgreSQL keeps its programs: Debian has them outside the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parts[-2]))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


POSTGRES: Final = _postgres_folder()


@dataclass(frozen=True)
class Exporter:
    """A running exporter: host:port of its /metrics, its process, and the port of what it reads."""

    target: str
    process: Process
    server: Process | None = None
    port: int = 0

    def text(self) -> str:
        """What a scrape gets now."""
        return scrape(self.target)


def scrape(target: str) -> str:
    """The exposition at host:port."""
    with urllib.request.urlopen(f"http://{target}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@contextmanager
def node_exporter(folder: Path, text_files: Path | None = None) -> Iterator[Exporter]:
    """This machine's node_exporter; `text_files`: a folder of *.prom files that it serves too."""
    assert NODE_EXPORTER
    options = [f"--collector.textfile.directory={text_files}"] if text_files else []
    with _exporting(NODE_EXPORTER, folder / "node_exporter.log", options) as (target, process):
        yield Exporter(target, process)


@contextmanager
def redis_exporter(folder: Path, *options: str) -> Iterator[Exporter]:
    """A Redis server that saves nothing, with `options` (`--maxmemory`, `2mb`); its exporter."""
    assert REDIS
    assert REDIS_EXPORTER
    (port,) = free_ports(1)
    listen = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = Process([REDIS, *listen, *options], folder / "redis.log")
    address = f"-redis.addr=redis://127.0.0.1:{port}"
    with (
        _running(server),
        _exporting(
            REDIS_EXPORTER, folder / "redis_exporter.log", [address], "-web.listen-address"
        ) as (target, process),
    ):
        yield Exporter(target, process, server, port)


@contextmanager
def postgres_exporter(folder: Path, *options: str, queries: str = "") -> Iterator[Exporter]:
    """A PostgreSQL server with `options` (`-c`, `max_connections=20`), and its exporter, which also
    runs the queries of a file's text."""
    assert POSTGRES_EXPORTER
    with postgres(folder / "postgres.log", *options) as (server, port):
        log = folder / "postgres_exporter.log"
        address = {"DATA_SOURCE_NAME": dsn(port)}
        if queries:
            (folder / "queries.yaml").write_text(queries)
            address["PG_EXPORTER_EXTEND_QUERY_PATH"] = str(folder / "queries.yaml")
        with _exporting(POSTGRES_EXPORTER, log, [], env=address) as (target, process):
            yield Exporter(target, process, server, port)


def dsn(port: int) -> str:
    """How to connect to the server of `postgres`."""
    return f"postgresql://obs@127.0.0.1:{port}/postgres?sslmode=disable"


def sql(port: int, statement: str) -> str:
    """The answer of the server of `postgres`, in columns parted by `|`."""
    assert POSTGRES
    command = [str(POSTGRES / "psql"), dsn(port), "-AtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


@contextmanager
def postgres(log: Path, *options: str) -> Iterator[tuple[Process, int]]:
    """A PostgreSQL server with an empty cluster, and its port.

    It refuses to run as root, so root runs it as `postgres`, who may not enter pytest's folders:
    its data is elsewhere, removed afterwards.
    """
    assert POSTGRES
    (port,) = free_ports(1)
    as_user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="obs-postgres-") as folder:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data = ["-D", f"{folder}/data"]
        made = [str(POSTGRES / "initdb"), *data, "-A", "trust", "-U", "obs", "-E", "UTF8", "-N"]
        subprocess.run([*as_user, *made], check=True, capture_output=True, cwd=folder, timeout=60)
        given = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings = [part for each in given.items() for part in ("-c", "=".join(each))]
        argv = [*as_user, str(POSTGRES / "postgres"), *data, "-p", str(port), *settings, *options]
        server = Process(argv, log, cwd=Path(folder))
        with _running(server):
            ready = [str(POSTGRES / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            server.wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
            yield server, port


def _unprivileged() -> list[str]:
    """What runs a command as `postgres`, where this is root; it asks anew for the signal at the end
    of the parent, which a change of user cancels."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "root needs setpriv to run PostgreSQL as another user"
    return [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]


@contextmanager
def _exporting(
    binary: str,
    log: Path,
    options: list[str],
    listen: str = "--web.listen-address",
    env: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, Process]]:
    """host:port of an exporter that answers scrapes, and its process."""
    (port,) = free_ports(1)
    target = f"127.0.0.1:{port}"
    process = Process([binary, f"{listen}={target}", *options], log, env=env)

    def answers() -> bool:
        try:
            return bool(scrape(target))
        except OSError:
            return False

    with _running(process):
        process.wait_until(answers)
        yield target, process


@contextmanager
def _running(process: Process) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        process.stop()
