"""Systems whose names hold whatever a template, a quote or a wildcard could take for its own."""

from typing import Any

from hypothesis import strategies as st

from obs.spec.globs import escaped
from obs.spec.system import System

_PIECES = (
    *("{{", "}}", "{", "}", "{{x}}", "{{ $labels.stream }}", "{{`", "{{/*", "{{resolve:ssm:x}}"),
    *("$", "$$", "${", "${x}", "$G", "$__all", "${HOME}", "[[stream]]", "$stream"),
    *("%", "%{", "%{if}", "%2", "%41", "(", ")", ",", "=", "=~", "|", "&", "<", ">", "#", ": "),
    *('"', "'", "`", "\\", "\\n", "\n", "\r", "\t", "\x85", "\u2028", "\x00", "\x1b", "- ", "~"),
    *("[", "]", "*", "?", "!", "x", "X", "-", "_", ".", "/", "0", " y", "é", "日", "𝄞", "a" * 90),
)
_NOT_IN_NATS = set(" .*>/\\\t\n\r\x85\u2028\x00\x1b")
_NOT_IN_URL = set(" @\t\n\r\x85\u2028\x00\x1b[]\\")


def _names(without: set[str], longest: int) -> st.SearchStrategy[str]:
    pieces = [piece for piece in _PIECES if not without & set(piece)]
    joined = st.lists(st.sampled_from(pieces), min_size=1, max_size=7).map("".join)
    return joined.map(lambda name: name[:longest].strip() or "x")


NAMES = _names(set(), 256)
"""What an override selects: its labels have any text."""
ASSETS = _names(_NOT_IN_NATS, 255)
"""Names of streams and consumers, as far as NATS allows."""
PATHS = _names(_NOT_IN_URL, 256)
"""Paths of addresses."""


@st.composite
def systems(draw: st.DrawFn) -> System:
    """A system that names everything that it can name."""
    stream, consumer = draw(ASSETS), draw(ASSETS)
    account, bus, rule, queue = (draw(NAMES) for _ in range(4))
    label, server, path = draw(NAMES), draw(NAMES), draw(PATHS)
    url = f"https://example.com/{path}"
    sli = {"source": "main", "stream": stream, "consumer": consumer, "max_messages": 1}
    invocations = {"source": "cloud", "bus": bus, "rules": [escaped(rule)]}
    return System.model_validate(
        {
            "version": 1,
            "system": "shop.eu",
            "sources": {
                "nats": {
                    "main": {
                        "monitor": ["http://nats:8222"],
                        "streams": {"include": [escaped(stream)]},
                        "consumers": {"include": [escaped(consumer)]},
                        "expects": {stream: {"consumers": {consumer: {}}}},
                    }
                },
                "aws": {
                    "cloud": {
                        "region": "eusc-de-east-1",
                        "buses": [{"name": escaped(bus), "rules": [escaped(rule), "other"]}],
                        "queues": [escaped(queue)],
                    }
                },
            },
            "slos": [
                {"name": "lag", "service": "s", "objective": 99, "sli": {"nats_lag": sli}},
                {
                    "name": "delivery",
                    "service": "s",
                    "objective": 99.9,
                    "sli": {"eventbridge": invocations},
                },
            ],
            "alerts": {
                "NatsConsumerLagHigh": {
                    "labels": {"team": label},
                    "overrides": [
                        {"account": account, "stream": stream, "consumer": consumer, "above": 7},
                        {"stream": stream, "consumer": consumer, "above": 9},
                    ],
                },
                "NatsServerDown": {"overrides": [{"server": server, "for": "3m"}]},
                "EventBridgeFailedInvocations": {
                    "overrides": [{"bus": bus, "rule": rule, "above": 3}]
                },
                "SqsDeadLettersWaiting": {"overrides": [{"queue": queue, "severity": "critical"}]},
            },
            "links": {"runbooks": url, "grafana": url},
            "outputs": {"cloudwatch": {"source": "cloud", "namespace": "shop/nats"}},
            "targets": {"grafana": {"folder": label[:180]}, "dashboards": {"folder": label[:180]}},
            "notify": _notify(draw(ASSETS), label, url),
        }
    )


def _notify(channel: str, label: str, url: str) -> dict[str, Any]:
    receivers = {
        "chat": {
            "slack": {
                "api_url_file": "/run/secrets/slack",
                "channel": "#x" + "".join(c for c in channel if c not in "#@"),
            }
        },
        "hook": {"webhook": {"url": url}},
    }
    routes = {
        "critical": {"to": ["hook"]},
        "warning": {"to": ["chat"]},
        "labelled": [{"labels": {"team": label}, "to": ["hook"]}],
    }
    return {"receivers": receivers, "routes": routes}
