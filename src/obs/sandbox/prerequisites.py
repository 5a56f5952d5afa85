"""The programs that a sandbox requires, and the environment it must not use."""

import os

from obs.extras import require_extra
from obs.sandbox.nats_server import server_binary


def require_prerequisites() -> None:
    """Raises BadInput where a program of the sandbox is not installed."""
    server_binary()
    require_extra("demo", "the AWS endpoint")


def clear_environment() -> None:
    """Remove the user's AWS account and proxies, so that no request leaves this machine."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
