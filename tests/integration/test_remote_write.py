"""Remote write to a real Prometheus of version 1, and to a strict receiver of version 2."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from obs.catalogue.nats_events import PROCESSING
from obs.clients.remote_write import HttpWriter
from obs.families.family import Family
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.prometheus import prometheus_binary
from obs.sinks.remote_write import RemoteWriteSink
from obs.spec.remote_write import RemoteWrite
from tests.integration.collector_process import CollectorProcess, Spec, collectors, key, spec_of
from tests.integration.receiving_prometheus import Receiving
from tests.integration.waiting import eventually
from tests.integration.write_receivers import V1, V2, WriteReceiver, write_receiver
from tests.unit.sinks.test_remote_write import AT, LABELS, everything, exposed, histogram, lag

__all__ = ["collectors"]

pytestmark = pytest.mark.integration


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Receiving]:
    binary = prometheus_binary()
    if binary is None:
        pytest.skip("Prometheus is not installed")
    server = Receiving(binary, tmp_path)
    server.process.start()
    eventually(server.ready)
    yield server
    server.process.kill()


@pytest.fixture
async def receiver() -> AsyncIterator[WriteReceiver]:
    async with write_receiver() as found:
        yield found


def sink(url: str, **fields: object) -> RemoteWriteSink:
    spec = RemoteWrite.model_validate({"url": url, "every": "10s"} | fields)
    return RemoteWriteSink(spec, HttpWriter(spec), LABELS)


def watching(folder: Path, nats: NatsServer, **remote_write: object) -> Spec:
    push = {"every": "1s", "labels": {"job": "pushed"}} | remote_write
    return spec_of(folder, nats={"monitor": [nats.monitor]}, remote_write=push)


def test_prometheus_has_the_same_series_by_push_and_by_scrape(
    prometheus: Receiving, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    """A receiver that knows version 1 only takes version 2 without an error, and none of it."""
    with NatsServer(tmp_path / "nats") as nats:
        collector = CollectorProcess(
            tmp_path / "obs", watching(tmp_path, nats, url=prometheus.endpoint)
        )
        collectors.append(collector)
        collector.start()
        collector.logged("the receiver takes version 1 only", times=1)
        prometheus.scrape(collector)
        prometheus.reload()
        scraped = '{job="scraped", __name__!~"up|scrape_.*"}'
        still = (
            '__name__=~"nats_server_.*_bytes|obs_build_info|obs_source_up|.*_limit.*|obs_push_up"'
        )

        def same() -> bool:
            pushed = prometheus.query('{job="pushed"}')
            return len(pushed) > 100 and pushed.keys() == prometheus.query(scraped).keys()

        eventually(same)
        eventually(
            lambda: (
                prometheus.query(f'{{job="pushed", {still}}}')
                == prometheus.query(f'{{job="scraped", {still}}}')
            )
        )
        scrape = collector.scrape()
        assert scrape[key("obs_push_up", sink="remote_write")] == 1
        assert scrape[key("obs_push_pending_points", sink="remote_write")] == 0
        assert scrape[key("obs_push_rejected_points_total", sink="remote_write")] == 0
        assert sum(v for s, v in scrape.items() if s[0] == "obs_push_errors_total") == 0
        (shown,) = collector.status()["pushes"]
        assert (shown["sink"], shown["up"], shown["pending_points"]) == ("remote_write", True, 0)
        # The reload takes the source away: its series end at once, not after five minutes.
        collector.spec["sources"] = {}
        collector.spec_file.write_text(json.dumps(collector.spec))
        assert collector.process.pid is not None
        os.kill(collector.process.pid, signal.SIGHUP)
        collector.logged("in force")
        eventually(lambda: not prometheus.query('{job="pushed", __name__=~"nats_.*"}'))
        assert prometheus.query('{job="pushed", __name__="obs_build_info"}')
        assert collector.stop() == 0


def test_prometheus_reads_every_form_of_series_and_where_they_end(prometheus: Receiving) -> None:
    now = round(time.time()) - 10
    pusher = sink(prometheus.endpoint)
    expected = exposed(everything())
    assert pusher.push(everything(), now).accepted == len(expected)
    found = prometheus.query('{system="oms"}', now + 1)
    assert found == {
        tuple(pair for pair in series if pair[0] != "instance"): value
        for series, value in expected.items()
    }
    quantile = f"histogram_quantile(0.5, {PROCESSING.name}_bucket)"
    assert len(prometheus.query(quantile, now + 1)) == 1
    pusher.push([lag(1), histogram(1.0)], now + 2)
    assert len(prometheus.query('{system="oms"}', now + 3)) < len(expected)
    assert not prometheus.query("eventbridge_failed_invocations_total", now + 3)
    # Samples of a time that Prometheus has passed by are refused, counted, and not sent again.
    late = pusher.push([lag(1)], now - 7200)
    assert (late.accepted, late.pending) == (0, 0)
    assert late.rejected > 0
    pusher.close()


async def test_a_receiver_of_version_2_has_the_same_series(receiver: WriteReceiver) -> None:
    pusher = sink(receiver.url)
    outcome = await asyncio.to_thread(pusher.push, everything(), AT)
    (found,) = receiver.requests
    assert {series: sample.value for series, sample in found.items()} == exposed(everything())
    assert (outcome.accepted, outcome.failure) == (len(found), None)
    assert receiver.headers["content-type"] == V2
    assert receiver.headers["user-agent"].startswith("obs/")
    receiver.status = 415
    refused = await asyncio.to_thread(pusher.push, [lag(1)], AT + 1)
    assert refused.rejected > 0
    assert receiver.headers["content-type"] == V1  # tried, and refused like the other
    receiver.status = None
    assert (await asyncio.to_thread(pusher.push, [lag(1)], AT + 2)).accepted == 1


async def test_credentials_come_from_files_as_they_are_and_are_never_told(
    receiver: WriteReceiver, tmp_path: Path
) -> None:
    token, headers = tmp_path / "token", tmp_path / "headers"
    headers.write_text("x-gateway: secret-of-the-gateway\n")
    pusher = sink(
        receiver.url, token_file=str(token), headers_file=str(headers), tenant="team-a", every="1s"
    )
    for secret in ("first-token", "second-token"):
        token.write_text(f"{secret}\n")
        await asyncio.to_thread(pusher.push, [lag(1)], AT)
        assert receiver.headers["authorization"] == f"Bearer {secret}"
        assert receiver.headers["x-gateway"] == "secret-of-the-gateway"
        assert receiver.headers["x-scope-orgid"] == "team-a"
    token.unlink()
    outcome = await asyncio.to_thread(pusher.push, [lag(1)], AT + 1)
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.pending, outcome.rejected) == ("auth", 1, 0)
    basic = sink(receiver.url, user="me", password="${REMOTE_WRITE_PASSWORD}", every="1s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMOTE_WRITE_PASSWORD", "open sesame")
        await asyncio.to_thread(basic.push, [lag(1)], AT)
    assert receiver.headers["authorization"] == "Basic bWU6b3BlbiBzZXNhbWU="


async def test_requests_are_signed_for_amazon_managed_prometheus(
    receiver: WriteReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-aws")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    pusher = sink(receiver.url, sigv4={"region": "eu-west-1"})
    families: list[Family] = [lag(2)]
    assert (await asyncio.to_thread(pusher.push, families, AT)).accepted == 2
    sent = receiver.headers
    request = AWSRequest(
        "POST", receiver.url, {"host": sent["host"], "X-Amz-Date": sent["x-amz-date"]}, receiver.raw
    )
    request.context["timestamp"] = sent["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret-of-aws"), "aps", "eu-west-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert sent["authorization"].endswith(f"Signature={signer.signature(text, request)}")
    assert "/eu-west-1/aps/aws4_request" in sent["authorization"]
    receiver.requests.clear()
    receiver.status, receiver.answer_headers = 403, {}
    told = (await asyncio.to_thread(pusher.push, families, AT + 1)).failure
    assert told is not None
    assert told.reason == "auth"
