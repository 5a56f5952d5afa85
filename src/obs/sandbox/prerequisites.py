"""What a sandbox needs of the machine it runs on, and what it must not see of it."""

import os

from obs.extras import require_extra
from obs.sandbox.nats_server import server_binary


def require_prerequisites() -> None:
    """Raises BadInput where what a sandbox runs is not installed."""
    server_binary()
    require_extra("demo", "the AWS endpoint")


def clear_environment() -> None:
    """Nothing may leave this machine: no AWS account of the user's, no proxy."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
