"""Reads the collector and Prometheus over HTTP, without judging what they return."""

import time
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlencode

from obs.catalogue import own
from obs.catalogue.query import equal, selector
from obs.checks.scraped import ScrapeFacts, ScrapeTarget, built
from obs.clients.http import without_user
from obs.clients.rest import LARGEST, Rest, document
from obs.errors import SourceError
from obs.spec.stacks import Reached
from obs.spec.system import System
from obs.stacks.answers import fields, items, text, texts, understood
from obs.stacks.loaded_rules import LoadedRules, read_loaded
from obs.web.slo_history import SloHistories
from obs.web.slo_history import decode as decode_histories
from obs.web.status import UNREADABLE, Status, decode

_LONGEST_PAUSE: Final = 0.2  # seconds: a person is waiting for the result
_DAY: Final = 86_400.0
_LARGEST: Final = 256_000_000  # bytes of our own answers: 10 000 consumers have 60 million
_TARGETS: Final = "/api/v1/targets"
_OWN_TIMEOUT: Final = "5s"


def collector_at(system: System) -> Reached:
    """The collector's address: checks.collector, else the address it listens on."""
    if system.checks.collector is not None:
        return system.checks.collector
    host, _, port = system.outputs.web.listen.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104
    scheme = "https" if system.outputs.web.config_file else "http"
    return Reached.model_validate({"url": f"{scheme}://{host}:{port}", "timeout": _OWN_TIMEOUT})


def read_status(collector: Reached) -> Status:
    """The collector's status document. Raises SourceError."""
    try:
        return decode(read_document(collector))
    except UNREADABLE:
        where = without_user(collector.url)
        raise SourceError("decode", f"{where}: not a collector's status document") from None


def read_document(collector: Reached) -> bytes:
    """The collector's status document as it sent it. Raises SourceError."""
    with closing(_rest(collector, _LARGEST)) as rest:
        answer = rest.find("/api/v1/status")
    if answer is None:
        why = "no collector of obs; give the address after `serving` in a collector's log"
        raise SourceError("http_status", f"{without_user(collector.url)}: {why}")
    return answer.body


def read_slo_history(collector: Reached) -> SloHistories:
    """The events of the collector's SLOs. Raises SourceError."""
    where = without_user(collector.url)
    with closing(_rest(collector, _LARGEST)) as rest:
        answer = rest.find("/api/v1/slo/history")
    if answer is None:
        raise SourceError(
            "http_status", f"{where}: tells no history of its SLOs; is it of an earlier version?"
        )
    try:
        return decode_histories(answer.body)
    except UNREADABLE:
        raise SourceError("decode", f"{where}: not a history of SLOs") from None


def read_exposition(collector: Reached) -> str:
    """One scrape of the collector. Raises SourceError."""
    with closing(_rest(collector, _LARGEST)) as rest:
        return rest.get("/metrics").body.decode(errors="replace")


def read_scrape(prometheus: Reached, system: System) -> ScrapeFacts:
    """What Prometheus scrapes, and which of it are the system's collectors. Raises SourceError."""
    collectors = f"last_over_time({selector(own.BUILD_INFO, equal(system.labels), _DAY)})"
    with closing(_rest(prometheus)) as rest:
        targets = _data(rest, _TARGETS, state="active")
        series = _data(rest, "/api/v1/query", query=collectors)
        with understood(rest, _TARGETS, "Prometheus"):
            return ScrapeFacts(
                tuple(_target(fields(each)) for each in items(targets["activeTargets"])),
                frozenset(_instance(fields(each)["metric"]) for each in items(series["result"])),
            )


def _target(found: dict[str, Any]) -> ScrapeTarget:
    job, instance = _instance(found["labels"])
    return ScrapeTarget(
        job=job,
        instance=instance,
        url=text(found["scrapeUrl"]),
        up=found["health"] == "up",
        error=text(found.get("lastError", "")),
    )


def _instance(labels: object) -> tuple[str, str]:
    known = texts(labels)
    return known.get("job", ""), known.get("instance", "")


def instant(rest: Rest, promql: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each series of a query now. Raises SourceError."""
    found = _data(rest, "/api/v1/query", query=promql)
    with understood(rest, "/api/v1/query", "Prometheus"):
        series = [fields(each) for each in items(found["result"])]
        return [(texts(each["metric"]), float(text(each["value"][1]))) for each in series]


def prometheus_rest(prometheus: Reached) -> Rest:
    """What asks Prometheus; to be closed."""
    return _rest(prometheus)


def read_rules(prometheus: Reached, system: System) -> LoadedRules:
    """What Prometheus has loaded. Raises SourceError."""
    with closing(_rest(prometheus)) as rest:
        return read_loaded(rest, built(system))


def _data(rest: Rest, path: str, **parameters: str) -> Any:
    answer = document(rest.get(f"{path}?{urlencode(parameters)}"), without_user(rest.url))
    with understood(rest, path, "Prometheus"):
        return answer["data"]


def _rest(reached: Reached, max_bytes: int = LARGEST) -> Rest:
    def pause(seconds: float) -> None:
        time.sleep(min(seconds, _LONGEST_PAUSE))

    return Rest(reached, pause=pause, max_bytes=max_bytes)
