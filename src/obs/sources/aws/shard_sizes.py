"""How many rules, queues and series each shard of an account and region would have."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing

from obs.catalogue.declare import EXPORTED
from obs.catalogue.exported import Exported
from obs.clients.aws import AwsClient
from obs.sources.aws.inventory import take_inventory
from obs.spec.aws import AwsSource
from obs.spec.shard import WHOLE


def sizes(spec: AwsSource, exported: Exported) -> Mapping[int, tuple[Mapping[str, int], int]]:
    """By what is listed now; the share of the spec says how many shards there are.

    Raises SourceError.
    """
    with closing(AwsClient(spec, time.monotonic)) as client:
        found = take_inventory(client, spec.of_share(WHOLE), time.time())
    share = spec.share
    objects: dict[int, Counter[str]] = {
        number: Counter() for number in range(1, len(share.every()) + 1)
    }
    for rule in found.rules:
        objects[share.number_of((share.source, "rule", rule.bus, rule.name))]["rule"] += 1
    for queue in found.queues:
        objects[share.number_of((share.source, "queue", queue.name))]["queue"] += 1
    of = {kind: _series_of(kind, exported) for kind in ("rule", "queue")}
    return {
        number: (counts, sum(of[kind] * count for kind, count in counts.items()))
        for number, counts in objects.items()
    }


def _series_of(kind: str, exported: Exported) -> int:
    """Series of a rule or a queue at most, without those that are there only at times."""
    last = [each for each in EXPORTED.values() if each.labels[:1] == ("aws",)]
    return sum(each.labels[-1] == kind and each in exported and not each.rare for each in last)
