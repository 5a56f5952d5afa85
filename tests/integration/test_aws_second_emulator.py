"""The collector on two emulators of AWS that were fed the same: moto and ministack.

What is compared is kept clear of what moto is known not to do: it sums all series of a metric that
is asked for without dimensions, mixes up namespaces, has no percentiles and no metric math.
"""

import asyncio
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from obs.collector.assembly import assemble
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT
from obs.sandbox.process import Process, free_ports
from obs.spec.system import System
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import Scrape, samples, spec_of
from tests.integration.test_aws_budget import Clocks
from tests.integration.waiting import PATIENCE

__all__ = ["account", "emulator", "proxy"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed"),
    pytest.mark.skipif(find_spec("flask") is None, reason="moto has no server without flask"),
]

LATENCY = "IngestionToInvocationSuccessLatency"
RULES = {"default": ("nightly",), "orders": ("paid", "refunded")}
EXPORTED = ("eventbridge_", "sqs_")


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of moto's server."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("moto") / "log"
    process = Process(command, log, env={"MOTO_ACCOUNT_ID": ACCOUNT})
    process.start()
    try:
        process.wait_until(lambda: _answers(url), PATIENCE)
        yield url
    finally:
        process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=1):
            return True
    except OSError:
        return False


def feed(endpoint_url: str, minute: int) -> None:
    """Rules on two buses and queues, with points in the minutes around `minute`."""
    sqs = aws_events.aws("sqs", endpoint_url)
    for queue, letters in (("dead", 2), ("empty", 0)):
        url = sqs.create_queue(QueueName=queue)["QueueUrl"]
        for number in range(letters):
            sqs.send_message(QueueUrl=url, MessageBody=f"{number}")
    aws_events.put_queue_age(endpoint_url, "dead", {minute + 60: 42.0})
    for bus, rules in RULES.items():
        aws_events.create_rules(endpoint_url, bus, rules, dead_letter_queue="dead")
        for number, rule in enumerate(rules, start=1):
            points = {
                "Invocations": {minute: 10.0 * number, minute + 60: 5.0},
                "TriggeredRules": {minute + 60: 7.0 * number},
                "FailedInvocations": {minute + 60: 2.0},
                "InvocationsSentToDlq": {minute + 60: 1.0},
                LATENCY: {minute - 60: 100.0, minute: 500.0},
            }
            aws_events.put_rule_points(endpoint_url, bus, rule, points)
            corrected = {"FailedInvocations": {minute + 60: 1.0}}
            aws_events.put_rule_points(endpoint_url, bus, rule, corrected)


def exported(endpoint_url: str, clock: Account, folder: Path) -> Scrape:
    """What a collector shows after two polls, with its counters begun before the feed."""
    source = {"endpoint_url": endpoint_url, "poll": "1m", "delay": "2m", "queues": ["*"]}
    system = System.model_validate(spec_of(folder, aws=source))
    built = assemble(system, clock=Clocks(clock.clock, clock.clock))  # type: ignore[arg-type]
    asyncio.run(built.daemon.poll_once())
    minute = int(clock.clock.now) // 60 * 60
    feed(endpoint_url, minute)
    clock.clock.now += 6 * 60
    asyncio.run(built.daemon.poll_once())
    asyncio.run(built.daemon.poll_once())  # the counters of new rules show their zero first
    scrape = samples(built.collector.exposition.body(openmetrics=False, gzip=False).decode())
    built.collector.close()
    return {name: value for name, value in scrape.items() if name[0].startswith(EXPORTED)}


def test_moto_and_ministack_fed_the_same_give_the_same_numbers(
    account: Account, moto: str, tmp_path: Path
) -> None:
    # Latencies are read by periods of five minutes: all points are to be in one of them.
    begin = (account.clock.now - 3600) // 300 * 300 + 140
    found = []
    for name, url in (("ministack", account.endpoint_url), ("moto", moto)):
        account.clock.now = begin
        found.append(exported(url, account, tmp_path / name))
    of_ministack, of_moto = found
    assert of_moto == of_ministack
    values = {name: sum(v for (n, _), v in of_moto.items() if n == name) for name, _ in of_moto}
    assert values["eventbridge_invocations_total"] == 15 + 15 + 25
    assert values["eventbridge_failed_invocations_total"] == 3 * 3
    assert values["eventbridge_delivery_latency_max_seconds"] == pytest.approx(3 * 0.5)
    assert values["sqs_queue_visible_messages"] == 2
