"""Something on loopback that answers as AWS does, or as no AWS ever would."""

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from obs.sandbox.aws_protocol import operation_of

KEEP = "keep the connection"
ACCOUNT = "000000000000"
BUS = "oms-events"
RULE = "oms-schema-changed"
TEMPORARY_KEY = "ASIAQ3EGRTMPKEYX7K2L"
TEMPORARY_SECRET = "tmpSecret0Kq9vN2bLx7RzW4yJ8pHcD5sFgT1mUaE"
TEMPORARY_TOKEN = "FwoTokenIQoJb3JpZ2luX2VjEJr0lk9sAaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    operation: str  # or the path, for metadata endpoints
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[socket.socket, Request], object]


@dataclass
class HostileAws:
    """Answers like a healthy account of one rule, except where `sick` has something for it.

    `sick` is by operation, or "*" for all. After a behaviour the connection is closed, unless it
    returns KEEP.
    """

    sick: dict[str, Behaviour] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)
    sent: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def endless(self, start: bytes, block: bytes) -> Behaviour:
        """Send `block` again and again after `start`."""

        def send(connection: socket.socket, request: Request) -> None:
            connection.sendall(start)
            while not self.stopped.is_set():
                connection.sendall(block)
                self.sent += len(block)

        return send

    def dripping(self, text: bytes, pause: float = 1.0) -> Behaviour:
        """Send a byte a second (or each `pause`), then spaces."""

        def send(connection: socket.socket, request: Request) -> None:
            for position in range(1_000_000):
                connection.sendall(text[position : position + 1] or b" ")
                if self.stopped.wait(pause):
                    return

        return send

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as file:
            while not self.stopped.is_set():
                request = _read(file)
                if request is None:
                    return
                self.seen[request.operation] += 1
                self.requests.append(request)
                sick = self.sick.get(request.operation) or self.sick.get("*")
                if sick is None:
                    connection.sendall(healthy(request))
                elif sick(connection, request) is not KEEP:
                    return


def answering(whole: bytes) -> Behaviour:
    """Send these bytes."""

    def send(connection: socket.socket, request: Request) -> object:
        connection.sendall(whole)
        return KEEP if whole.startswith(b"HTTP/1.1 ") and b"Content-Length" in whole else None

    return send


def http(
    body: bytes, content: str = "application/x-amz-json-1.1", status: int = 200, **headers: str
) -> bytes:
    """A whole answer; underscores in the names of headers become hyphens."""
    lines = {"Content-Type": content, "x-amzn-RequestId": "1", "Content-Length": f"{len(body)}"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def xml(body: str, status: int = 200) -> bytes:
    """An answer of the query protocol."""
    return http(body.encode(), "text/xml", status)


def json_answer(value: Any) -> bytes:
    """An answer of the JSON protocol."""
    return http(json.dumps(value).encode())


def assumed_role() -> str:
    """What STS answers to AssumeRole."""
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<Credentials><AccessKeyId>{TEMPORARY_KEY}</AccessKeyId><SecretAccessKey>"
        f"{TEMPORARY_SECRET}</SecretAccessKey><SessionToken>{TEMPORARY_TOKEN}</SessionToken>"
        "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )


def healthy(request: Request) -> bytes:
    """What an account with one rule, without a target, answers."""
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{BUS}"
    match request.operation:
        case "ListEventBuses":
            return json_answer({"EventBuses": [{"Name": BUS, "Arn": arn}]})
        case "ListRules":
            rule = {"Name": RULE, "Arn": arn, "State": "ENABLED", "EventBusName": BUS}
            return json_answer({"Rules": [rule]})
        case "ListTargetsByRule":
            return json_answer({"Targets": []})
        case "GetMetricData":
            asked = json.loads(request.body)["MetricDataQueries"]
            at = int(time.time()) // 60 * 60 - 300
            results = [
                {"Id": one["Id"], "StatusCode": "Complete", "Timestamps": [at], "Values": [1.0]}
                for one in asked
            ]
            return json_answer({"MetricDataResults": results, "Messages": []})
        case "AssumeRole" | "AssumeRoleWithWebIdentity":
            return xml(assumed_role().replace("AssumeRoleRe", f"{request.operation}Re"))
        case _:
            return json_answer({})


def _read(file: Any) -> Request | None:
    first = file.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers = dict(_headers(file))
    body = file.read(int(headers.get("Content-Length", "0")))
    operation = operation_of(first[1], headers, body) or first[1]
    return Request(operation, first[1], headers, body)


def _headers(file: Any) -> Iterator[tuple[str, str]]:
    while (line := file.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        yield name, value.strip()
