"""A TCP address in front of another, whose connections a test cuts."""

import contextlib
import socket
import threading


class Cuttable:
    """Forwards to a port on loopback; while cut, it ends and refuses every connection, and while
    frozen it swallows what is sent.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """`port` is the one that it forwards to; it listens on an address of `host`."""
        self._target = port
        self._open: list[socket.socket] = []
        self._cut = False
        self._frozen = False
        self.host = host
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address as one of NATS."""
        return f"nats://{self.host}:{self.port}"

    def cut(self) -> None:
        """End every connection, and refuse others."""
        self._cut = True
        for each in self._open:
            _end(each)
        self._open.clear()

    def freeze(self) -> None:
        """Let no more bytes through, without ending anything."""
        self._frozen = True

    def mend(self) -> None:
        """Take connections again, and let bytes through."""
        self._cut = self._frozen = False

    def close(self) -> None:
        """Stop."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                if self._cut:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += (client, server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                if not self._frozen:
                    sink.sendall(part)
        _end(source)
        _end(sink)


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
