"""JetStream's API as plain requests, which know every option and no more than is needed."""

import json
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

TIMEOUT = 1.5


class RefusedError(Exception):
    """The server answered with an error; `code` is JetStream's own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


AWAY = (NatsError, TimeoutError, OSError, RefusedError)
"""What a request raises while a server or leader is away."""


async def ask(
    client: Client, subject: str, body: object = None, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """The answer of `$JS.API.` and the subject. Raises AWAY."""
    payload = b"" if body is None else json.dumps(body).encode()
    answer = await client.request(f"$JS.API.{subject}", payload, timeout=timeout)
    return _checked(answer.data)


async def publish(
    client: Client, subject: str, headers: dict[str, str], timeout: float = TIMEOUT
) -> dict[str, Any]:
    """The publication's answer. Raises AWAY."""
    answer = await client.request(subject, b"x" * 20, timeout=timeout, headers=headers)
    return _checked(answer.data)


def _checked(data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(data)
    if error := answer.get("error"):
        raise RefusedError(int(error.get("err_code", 0)), str(error.get("description")))
    return answer
