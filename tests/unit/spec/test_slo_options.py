"""What an SLO may say about itself, and the messages about what is wrong with it."""

from pathlib import Path

import pytest

from obs.spec.load import load
from obs.spec.report import InvalidSpec

SPEC = """\
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://nats:8222], streams: {include: ["ORD*"]}}}
slos:
  - name: part
    service: shop
    objective: 99
    sli: {nats_lag: {source: main, stream: ORDERS, consumer: c, max_messages: 5}}
  - name: each
    service: shop
    objective: 99
    sli: {nats_lag: {source: main, stream: "ORD*", consumer: "*", by: consumer, max_messages: 5}}
"""
TIER = "severity: page, long: 1h, short: 5m"
LAG = "{nats_lag: {source: main, stream: ORDERS, consumer: c, max_messages: 5}}"
SERVED = "{nats_service: {source: main, service: x}}"


def complaints(folder: Path, **fields: str) -> list[str]:
    """What is said of a further SLO with these fields."""
    written = {"name": "own", "service": "shop", "objective": "99", "sli": LAG, **fields}
    line = ", ".join(f"{name}: {text}" for name, text in written.items())
    file = folder / "spec.yaml"
    file.write_text(f"{SPEC}  - {{{line}}}\n")
    try:
        load([file], variables={})
    except InvalidSpec as error:
        return [f"{each.field.removeprefix('slos[2].')}: {each.message}" for each in error.problems]
    return []


@pytest.mark.parametrize(
    "fields",
    [
        {"sli": "{composite: {of: [part, shop/part2]}}".replace(", shop/part2", "")},
        {"sli": "{composite: {of: [shop/part], mode: weighted, weights: {shop/part: 2}}}"},
        {"sli": "{metric: {source: main, metric: nats_stream_bytes, below: 10GB}}"},
        {"sli": "{metric: {source: main, metric: nats_consumer_lag_seconds, below: 30s}}"},
        {"sli": "{metric: {source: main, metric: nats_stream_messages, above: 1}}"},
        {
            "tiers": f"[{{{TIER}, factor: 14.4}}, "
            "{severity: ticket, long: 1h, short: 5m, budget: 2%}]"
        },
        {"labels": "{domain: x}", "team": "x", "owner": "y", "links": "{a: 'https://b/c'}"},
    ],
)
def test_what_is_right_is_taken(tmp_path: Path, fields: dict[str, str]) -> None:
    assert complaints(tmp_path, **fields) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"sli": "{composite: {of: [prt]}}"},
            "sli.composite.of[0]: no SLO 'prt'; did you mean part?",
        ),
        (
            {"sli": "{composite: {of: [each]}}"},
            "sli.composite.of[0]: 'each' has a budget for each consumer; it cannot be a part",
        ),
        (
            {"sli": "{composite: {of: [own]}}"},
            "sli.composite.of[0]: 'own' contains this SLO; leave it out of one of them",
        ),
        (
            {"sli": "{composite: {of: [part, part]}}"},
            "sli.composite.of: names an SLO twice; write each once",
        ),
        (
            {"sli": "{composite: {of: [part], weights: {part: 1}}}"},
            "sli.composite.weights: needs mode: weighted",
        ),
        (
            {"sli": "{composite: {of: [part], mode: weighted, weights: {prt: 1}}}"},
            "sli.composite.weights: 'prt' is not in of; did you mean part?",
        ),
        (
            {"sli": "{metric: {source: main, metric: nats_stream_byts, below: 1}}"},
            "sli.metric.metric: the catalogue has no metric 'nats_stream_byts'; "
            "did you mean nats_stream_bytes?",
        ),
        (
            {"sli": "{metric: {source: main, metric: nats_stream_bytes, below: 30s}}"},
            "sli.metric.below: '30s' does not fit: nats_stream_bytes is in bytes; write 10GB",
        ),
        (
            {"sli": "{metric: {source: main, metric: nats_stream_bytes}}"},
            "sli.metric: needs below or above, and not both",
        ),
        (
            {"sli": "{metric: {source: man, metric: nats_stream_bytes, below: 1}}"},
            "sli.metric.source: no NATS source 'man'; did you mean main?",
        ),
        (
            {"sli": "{metric: {source: main, metric: nats_stream_bytes, below: 1, by: [strem]}}"},
            "sli.metric.by: nats_stream_bytes has no label 'strem'; did you mean stream?",
        ),
        (
            {"sli": "{metric: {source: main, metric: slo_burn_rate, below: 1}}"},
            "sli.metric.metric: slo_burn_rate is the collector's own; choose a metric of a source",
        ),
        (
            {"slices": "{of: 5m, good_above: 99%}"},
            "slices: nats_lag counts minutes already; remove slices",
        ),
        (
            {"tiers": f"[{{{TIER}}}]"},
            "tiers[0]: needs factor or budget, and not both",
        ),
        (
            {"tiers": "[{severity: page, long: 1h, short: 2h, factor: 2}]"},
            "tiers[0].short: must be shorter than long, which is 1h",
        ),
        (
            {"tiers": "[{severity: page, long: 61m, short: 5m, factor: 2}]"},
            "tiers[0].long: 1h1m does not fit; write a multiple of 5m",
        ),
        (
            {"tiers": "[{severity: page, long: 3d, short: 5m, factor: 2}]", "window": "1d"},
            "tiers: tiers[0].long is longer than the window, 1d",
        ),
        (
            {"tiers": f"[{{{TIER}, factor: 2}}, {{{TIER}, factor: 3}}]"},
            "tiers: tiers[1] has the severity and the long window of an earlier one; "
            "change one of them",
        ),
        (
            {"tiers": f"[{{{TIER}, budget: 0.02}}]"},
            "tiers[0].budget: 0.02 has no unit; write for example 2%",
        ),
        (
            {"sli": LAG.replace("consumer: c", 'consumer: "*"')},
            "sli.nats_lag.consumer: '*' does not fit; write the name of one stream or consumer: "
            "no wildcard, dot or space, or add by: consumer",
        ),
        (
            {"sli": LAG.replace("stream: ORDERS", 'stream: "PAY*", by: consumer')},
            "sli.nats_lag.stream: source 'main' includes no stream like 'PAY*'; "
            "add it to streams.include",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(
    tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    assert complaints(tmp_path, **fields) == [message]
