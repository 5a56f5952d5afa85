"""Clients of PostgreSQL and Redis that keep their connection, without a driver."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

_PROTOCOL: Final = 196_608  # 3.0
_READY: Final = b"Z"
_FAILED: Final = b"E"


class SqlSession:
    """A session of the server of `exporters.postgres`, as a pool holds one."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        who = b"user\0obs\0database\0postgres\0\0"
        self._socket.sendall(struct.pack("!ii", 8 + len(who), _PROTOCOL) + who)
        self.wait()

    def send(self, statement: str) -> None:
        """Send a statement, and do not wait for it."""
        text = statement.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text)

    def wait(self) -> bool:
        """Wait for the end of what was sent; whether it succeeded."""
        kind, failed = b"", False
        while kind != _READY:
            kind, length = self._read(1), struct.unpack("!i", self._read(4))[0]
            self._read(length - 4)
            failed = failed or kind == _FAILED
        return not failed

    def run(self, statement: str) -> bool:
        """Whether the statement succeeded."""
        self.send(statement)
        return self.wait()

    def close(self) -> None:
        """End the session as a client that goes away does."""
        self._socket.close()

    def _read(self, count: int) -> bytes:
        read = b""
        while len(read) < count:
            part = self._socket.recv(count - len(read))
            if not part:
                raise ConnectionError("PostgreSQL closed the connection")
            read += part
        return read


class RedisSession:
    """A connection to a Redis server, and its commands one by one."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._lines = self._socket.makefile("rb")

    def run(self, *command: str) -> str:
        """The first line of the answer, with its type: `+OK`, `$-1`, `-OOM …`."""
        return next(self.runs(command))

    def runs(self, *commands: tuple[str, ...]) -> Iterator[str]:
        """The same for commands sent at once."""
        self._socket.sendall(b"".join(map(_resp, commands)))
        answers = []
        for _ in commands:
            line = self._lines.readline().decode().rstrip()
            if line.startswith("$") and line != "$-1":
                self._lines.read(int(line[1:]) + 2)
            answers.append(line)
        return iter(answers)

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()


@contextmanager
def sql_sessions(port: int, most: int) -> Iterator[list[SqlSession]]:
    """At most so many sessions, fewer where the server accepts no more; closed at the end."""
    with ExitStack() as stack:
        made: list[SqlSession] = []
        with suppress(ConnectionError):
            for _ in range(most):
                made.append(SqlSession(port))
                stack.callback(made[-1].close)
        yield made


def _resp(command: tuple[str, ...]) -> bytes:
    parts = [each.encode() for each in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
