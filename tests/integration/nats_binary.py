"""Another nats-server than the installed one: $NATS_SERVER, or the one that is given."""

import os

from obs.sandbox.nats_server import NatsServer


def run_by(server: NatsServer, binary: str | None = None) -> NatsServer:
    """The same server, which has not started yet, run by that executable."""
    chosen = binary or os.environ.get("NATS_SERVER")
    if chosen:
        server.process.argv = (chosen, *server.process.argv[1:])
    return server
