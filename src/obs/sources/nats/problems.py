"""What to say of servers that do not tell all, in the log, on the page and by `obs check`."""

from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer


def not_told(source: str, snapshot: NatsSnapshot | None) -> list[str]:
    """What the last poll could not tell, a sentence each."""
    if snapshot is None:
        return []
    servers = [in_words(source, each) for each in snapshot.incomplete if each.only is None]
    return [*servers, *snapshot.uncounted]


def in_words(source: str, server: IncompleteServer) -> str:
    """What is wrong and, where the spec can mend it, how; `source` is the source's name."""
    who, because = _who(server), f" ({server.words})" if server.words else ""
    match server.why:
        case "unreachable" if not server.address:
            return f"{who} is not polled: {advice(source, server)}"
        case "unreachable":
            return f"{who} does not respond{because}"
        case "recovering":
            return f"{who} is not ready{because}"
        case "jetstream_off":
            return f"JetStream is off on {who}{because}"
        case "incomplete":
            return f"{who} may not list everything{because}"


def advice(source: str, server: IncompleteServer) -> str:
    """How to have a server polled."""
    return f"add the monitoring address of server {server.name} to sources.nats.{source}.monitor"


def _who(server: IncompleteServer) -> str:
    if server.name == server.address:
        return server.name if server.name.startswith("account ") else f"server {server.name}"
    if server.name and server.address:
        return f"server {server.name} ({server.address})"
    return f"server {server.name or server.address}"
