"""The programs that a sandbox requires, and the environment it must not use."""

import os
from importlib.util import find_spec

from obs.errors import BadInput
from obs.sandbox.nats_server import server_binary


def require_prerequisites() -> None:
    """Raises BadInput where a program of the sandbox is not installed."""
    server_binary()
    if find_spec("ministack") is None:
        raise BadInput("the demo's AWS endpoint is not installed; install obs-events[demo]")


def clear_environment() -> None:
    """Remove the user's AWS account and proxies, so that no request leaves this machine."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
