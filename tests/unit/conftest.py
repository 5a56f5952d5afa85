"""Unit tests ask no name server: every name but that of this machine has no address."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

_HERE = ("localhost", "127.0.0.1", "::1", "", None)
_ask = socket.getaddrinfo


def _without_names(host: Any, *arguments: Any, **options: Any) -> Any:
    if host in _HERE or str(host).replace(".", "").isdigit():
        return _ask(host, *arguments, **options)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.fixture(scope="session", autouse=True)
def no_name_server() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _without_names)
        yield
