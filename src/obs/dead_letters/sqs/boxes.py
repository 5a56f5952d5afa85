"""The dead-letter queues that a spec names, or means by globs, rules and work queues."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from obs.clients.aws import AwsClient
from obs.dead_letters.box import Box
from obs.dead_letters.kinds import Named, Opening
from obs.dead_letters.sqs.box import QueueBox
from obs.spec.aws import AwsSource
from obs.spec.globs import matches, plain_name, plain_names
from obs.spec.system import System


def named(system: System) -> Iterator[Named]:
    """Those of `queues` that have no `*`."""
    for source, spec in system.sources.aws.items():
        yield from (_named(source, each, spec) for each in plain_names(spec.queues))


def found(system: System) -> Iterator[Named]:
    """Those that globs mean, those of the rules' targets, and those of the work queues."""
    for source, spec in system.sources.aws.items():
        with closing(AwsClient(spec, time.monotonic)) as client:
            for each in dict.fromkeys(_found(client, spec)):
                yield _named(source, each, spec)


def _found(client: AwsClient, spec: AwsSource) -> Iterator[str]:
    globs = [each for each in spec.queues if plain_name(each) is None]
    urls = client.queue_urls() if globs or spec.work_globs else []
    names = {url.rpartition("/")[2]: url for url in urls}
    yield from (each for each in names if matches(each, globs))
    for arn in _of_rules(client, spec):
        yield arn.rpartition(":")[2]
    for name, url in names.items():
        if matches(name, spec.work_globs):
            policy = client.queue_attributes(url, ["RedrivePolicy"]).get("RedrivePolicy", "{}")
            if arn := _target(policy):
                yield arn.rpartition(":")[2]


def _of_rules(client: AwsClient, spec: AwsSource) -> Iterator[str]:
    buses = client.event_buses() if spec.buses else {}
    for bus in buses:
        globs = [rule for each in spec.buses if matches(bus, [each.name]) for rule in each.rules]
        for rule in client.rules(bus) if globs else ():
            if matches(rule, globs):
                for target in client.targets(bus, rule):
                    if arn := target.get("DeadLetterConfig", {}).get("Arn"):
                        yield arn


def _target(policy: str) -> str:
    try:
        return str(json.loads(policy).get("deadLetterTargetArn", ""))
    except (ValueError, AttributeError):
        return ""


def _named(source: str, queue: str, spec: AwsSource) -> Named:
    return Named(f"{source}/{queue}", partial(_open, f"{source}/{queue}", spec))


def _open(name: str, spec: AwsSource, opening: Opening) -> Box:
    return QueueBox(
        name,
        AwsClient(spec, time.monotonic),
        time.monotonic,
        opening,
    )
