"""Receivers of pushes on loopback that misbehave, in another way at each request."""

import contextlib
import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Sequence
from io import BufferedReader
from typing import Final, Self

Misbehaviour = Callable[["PushReceiver", socket.socket], None]
"""What it does once it has read a request; the connection is closed afterwards."""


class PushReceiver:
    """A TCP server that reads each HTTP request to its end and then misbehaves.

    It accepts every push while `misbehaviours` is empty; else each in turn is what comes next.
    `silent` ones do not even read: for protocols that begin with the client waiting.
    """

    def __init__(self, *, silent: bool = False) -> None:
        self.requests = 0
        self.misbehaviours: Sequence[Misbehaviour] = ()
        self.stopped = threading.Event()
        self._silent = silent
        self._turn = itertools.count()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def drip(self, connection: socket.socket, endless: bytes) -> None:
        """Send a byte every 50 ms, for as long as the other side listens."""
        for place in itertools.count():
            connection.sendall(endless[place % len(endless) :][:1])
            if self.stopped.wait(0.05):
                return

    def flood(self, connection: socket.socket, block: bytes) -> None:
        """Send as fast as the other side reads."""
        while not self.stopped.is_set():
            connection.sendall(block)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            if self._silent:
                self._misbehave(connection)
                return
            with connection.makefile("rb") as reader:
                while _read_request(reader):
                    self.requests += 1
                    if self.misbehaviours:
                        self._misbehave(connection)
                        return
                    connection.sendall(_ACCEPTED)
        self._open.discard(connection)

    def _misbehave(self, connection: socket.socket) -> None:
        misbehaviours = self.misbehaviours
        misbehaviours[next(self._turn) % len(misbehaviours)](self, connection)


_ACCEPTED: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: 1\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)
"""For OTLP, and for AWS in JSON."""


def _read_request(reader: BufferedReader) -> bool:
    length = 0
    line = reader.readline()
    if not line:
        return False
    while line not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        line = reader.readline()
    return len(reader.read(length)) == length


def answers(status: int, body: bytes = b"", *headers: str) -> Misbehaviour:
    """A whole answer with that status."""
    lines = [f"HTTP/1.1 {status} No", f"Content-Length: {len(body)}", *headers]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def send(receiver: PushReceiver, connection: socket.socket) -> None:
        connection.sendall(whole)

    return send


def resets(receiver: PushReceiver, connection: socket.socket) -> None:
    """Resets the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def closes(receiver: PushReceiver, connection: socket.socket) -> None:
    """Closes the connection without an answer."""


def hangs(receiver: PushReceiver, connection: socket.socket) -> None:
    """Never answers."""
    receiver.stopped.wait(20)


def drips(start: bytes, endless: bytes) -> Misbehaviour:
    """Sends `start` at once, and then a byte at a time without end."""

    def send(receiver: PushReceiver, connection: socket.socket) -> None:
        connection.sendall(start)
        receiver.drip(connection, endless)

    return send


def floods(start: bytes, block: bytes) -> Misbehaviour:
    """Sends `start`, and then `block` again and again without end."""

    def send(receiver: PushReceiver, connection: socket.socket) -> None:
        connection.sendall(start)
        receiver.flood(connection, block)

    return send


_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n"
_ESCAPES: Final = b"\x1b]0;owned\x07\x1b[31mno\r\nWARNING all is well\x00\xff"

REFUSALS: Final[Sequence[Misbehaviour]] = (
    *(answers(status) for status in (400, 401, 404, 413, 500, 502, 504)),
    answers(302, b"", "Location: http://127.0.0.1:1/"),
    answers(400, _ESCAPES * 1000, "Content-Type: text/plain"),
    answers(200, b"\xff" * 500, "Content-Type: application/x-protobuf"),
    resets,
    closes,
)
DRIPS: Final[Sequence[Misbehaviour]] = (
    hangs,
    drips(_OK, b"X-Slow: 1\r\n"),
    drips(b"", b"HTTP/1.1 200 OK"),
    drips(_CHUNKED + b"1", b";slow=1"),
    drips(_CHUNKED, b"1\r\nx\r\n"),
    drips(_CHUNKED + b"0\r\n", b"X-Slow: 1\r\n"),
    drips(b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n", b"x"),
)
FLOODS: Final[Sequence[Misbehaviour]] = (
    floods(b"HTTP/1.1 503 No\r\n\r\n", b"x" * 65536),
    floods(_CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    floods(_OK, b"X-Long: 1\r\n" * 5000),
    floods(_OK + b"X-Long: ", b"x" * 65536),
    floods(_CHUNKED + b"1;", b"x" * 65536),
    floods(_CHUNKED + b"0\r\n", b"X-Long: 1\r\n" * 5000),
    answers(
        503,
        gzip.compress(b"\0" * (64 << 20)),  # 64 kB: 64 MB
        "Content-Encoding: gzip",
        "Content-Type: application/x-protobuf",
    ),
)


def sends_first(frames: bytes) -> Misbehaviour:
    """Of a silent one: sends these bytes, and then only reads."""

    def send(receiver: PushReceiver, connection: socket.socket) -> None:
        connection.sendall(frames)
        while not receiver.stopped.is_set() and connection.recv(65536):
            pass

    return send


AWS_REFUSALS: Final[Sequence[Misbehaviour]] = tuple(
    answers(
        status,
        b'{"__type": "%s", "message": "\x1b[31mno\\n\\n"}' % code,
        "Content-Type: application/x-amz-json-1.0",
        "x-amzn-RequestId: 1",
    )
    for status, code in (
        (400, b"AccessDeniedException"),
        (400, b"InvalidParameterValue"),
        (413, b"RequestEntityTooLarge"),
    )
)


HTTP2_SILENCE: Final[Sequence[Misbehaviour]] = (
    sends_first(b""),  # takes the connection and never says a word
    sends_first(bytes.fromhex("000006 04 00 00000000 0004 00000000")),  # a window of no bytes
)
