"""Who leads a stream and its consumers, as a server's /jsz says."""

from obs.clients.http import Http
from obs.sandbox.nats_server import NatsServer
from obs.sources.nats.jsz import ConsumerReport, StreamReport
from obs.sources.nats.jsz_answer import decode_jsz


def leaders(http: Http, member: NatsServer) -> dict[str, str]:
    """Leaders of the only stream and of its consumers by name, as one server sees them."""
    body = http.get(f"{member.monitor}/jsz?accounts=1&streams=1&consumers=1")
    accounts = decode_jsz(body, member.name).account_details
    assert accounts is not None
    streams = accounts[0].stream_detail
    assert streams is not None
    (stream,) = streams
    assert stream.consumer_detail is not None
    reports: list[StreamReport | ConsumerReport] = [stream, *stream.consumer_detail]
    found = {}
    for report in reports:
        assert report.cluster is not None, report.name
        found[report.name] = report.cluster.leader
    return found
