"""Servers that repeat in their answers whatever they were sent, in every encoding."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from tests.integration.applying import Request, Server
from tests.integration.secrets_planted import sent_as

ESCAPES = "\x1b[2J\x1b]0;title\x07 \u202e \x9b31m \0 \r\nforged line"
_CUT = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{key}</AccessKeyId>"
    "<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}"
)
_WHOLE = (
    '<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
    "<Credentials><AccessKeyId>ASIA{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
    "<SessionToken>{token}</SessionToken><Expiration>{until}</Expiration></Credentials>"
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/obs</Arn>"
    "<AssumedRoleId>x</AssumedRoleId></AssumedRoleUser></{action}Result>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
)


class Echo:
    """Answers every request with an error that repeats it.

    As AWS STS it gives out `temporary` credentials (secret key, session token), for the role `cut`
    in an answer that ends early. As a container's agent it does the same.
    """

    def __init__(self, temporary: tuple[str, str]) -> None:
        self._temporary = temporary

    def __call__(self, request: Request) -> tuple[int, bytes]:
        body = unquote_plus(request.body.decode("latin-1"))
        secret, token = self._temporary
        until = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        known = {"key": "K" * 16, "secret": secret, "token": token, "until": until}
        if action := re.search(r"Action=(AssumeRole\w*)", body):
            form = _CUT if "role/cut" in body else _WHOLE
            return 200, form.format(action=action.group(1), **known).encode()
        if request.path == "/container":
            names = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
            return 200, json.dumps(dict(zip(names, known.values(), strict=True))).encode()
        return 403, json.dumps(self._error(request)).encode()

    def _error(self, request: Request) -> dict[str, str]:
        parts = [request.path, *(f"{k}: {v}" for k, v in request.headers.items())]
        said = [
            piece
            for part in parts
            for value in (part, part.partition(" ")[2] or part)
            for piece in sent_as(value)
        ]
        # Short enough that clients show each of them: another one with each request.
        self._turn = getattr(self, "_turn", 0) + 7
        turned = said[self._turn % len(said) :] + said
        message = f"{ESCAPES} {' '.join(turned)}"[:3_000]
        return {
            **dict.fromkeys(("message", "Message", "error", "msg"), message),
            "__type": "AccessDeniedException",
            "status": "error",
            "errorType": ESCAPES,
        }


@contextmanager
def echoing(temporary: tuple[str, str]) -> Iterator[Server]:
    """The HTTP server."""
    with Server(Echo(temporary)) as server:
        yield server


@contextmanager
def echoing_nats() -> Iterator[int]:
    """A NATS server that refuses every login and repeats it in its error. Gives the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    info = {"server_id": "x", "version": "2.11.0", "proto": 1, "max_payload": 1 << 20}
    greeting = {**info, "headers": True, "jetstream": True, "nonce": "abcdefgh", "connect_urls": []}

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as sent:
            connection.sendall(f"INFO {json.dumps(greeting)}\r\n".encode())
            login = json.loads(sent.readline().partition(b" ")[2])
            for value in login.values():
                for echo in sent_as(f"{value}"):
                    said = echo.replace("\n", " ").replace("\r", " ")[:900]
                    connection.sendall(f"-ERR 'Authorization Violation {said}'\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            sent.read()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.close()
