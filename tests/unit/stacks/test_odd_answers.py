"""Whatever a stack answers, the plan is one, or one line says that it is no such answer."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import alertmanager
from obs.checks import http_live
from obs.clients import rest
from obs.clients.http import HttpAnswer
from obs.errors import SourceError
from obs.spec.load import load
from obs.spec.stacks import Reached
from obs.spec.system import System
from obs.stacks.plan import changing_steps
from obs.stacks.prometheus import PrometheusRules
from obs.stacks.stack import Stack
from obs.stacks.targets import alert_stacks, dashboard_stacks
from tests.integration.applying import Request
from tests.integration.grafana_api import Grafana
from tests.integration.mimir_api import Mimir

Answering = Callable[[Request], tuple[int, bytes]]

SPEC = """\
version: 1
system: shop
sources: {{nats: {{main: {{monitor: [http://nats:8222]}}}}}}
slos:
  - name: orders
    service: shop
    objective: 99.0
    sli: {{nats_lag: {{source: main, stream: ORDERS, consumer: billing, max_seconds: 1m}}}}
notify:
  receivers: {{team: {{webhook: {{url: "http://pager/"}}}}}}
  routes: {{critical: {{to: [team]}}, warning: {{to: [team]}}}}
stacks:
  grafana: {{url: "http://there"}}
  mimir: {{url: "http://there", tenant: t, recording: true}}
  alertmanager: {{url: "http://there", config_file: {folder}/alertmanager.yml}}
  prometheus: {{url: "http://there", rules_dir: {folder}, recording: true}}
"""
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    "odd\x1b[31m\n",
    [],
    [None],
    {},
    {"odd": 1},
    [[]],
)
BODIES = (b"", b"\xff", b"null", b"0", b'"text"', b"[]", b"{}", b"[" * 100_000, b'{"a":' * 100_000)


def changed_at_each_node(value: Any, most: int) -> Iterator[Any]:
    """The document with one node replaced by something odd, for each of the first nodes."""
    paths: list[tuple[Any, ...]] = [()]
    for path in paths:
        below = value
        for key in path:
            below = below[key]
        keys = (
            below
            if isinstance(below, dict)
            else range(len(below))
            if isinstance(below, list)
            else ()
        )
        paths += [(*path, key) for key in keys][: max(0, most - len(paths))]
    for path in paths:
        for odd in ODD:
            yield replaced(value, path, odd)


def replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    whole = copy.copy(value)
    whole[path[0]] = replaced(value[path[0]], path[1:], odd)
    return whole


class Wire:
    """Stands in the place of HTTP; `spoil` changes answers by their path."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.spoil: dict[str, bytes] = {}
        self.seen: dict[str, bytes] = {}

    def __call__(self, *_: object, **__: object) -> "Wire":
        return self

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Any,
        document: Any = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        path = url.removeprefix("http://there")
        names = {name.lower(): value for name, value in headers.items()}
        names |= {"content-type": "application/json"} if document is not None else {}
        sent = (body or b"") if document is None else json.dumps(document).encode()
        if method == "GET" and path in self.spoil:
            return HttpAnswer(200, {}, self.spoil[path])
        status, answer = self.answer(Request(method, path, names, sent))
        if method == "GET" and status == 200:
            self.seen[path] = answer
        return HttpAnswer(status, {}, answer)

    def close(self) -> None:
        pass


@pytest.fixture
def system(tmp_path: Path) -> System:
    (tmp_path / "spec.yaml").write_text(SPEC.format(folder=tmp_path))
    return load([tmp_path / "spec.yaml"])


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answering], Wire]:
    def connected(answer: Answering) -> Wire:
        there = Wire(answer)
        monkeypatch.setattr(rest, "Http", there)
        return there

    return connected


def tried(wire: Wire, read: Callable[[], object], odd: dict[str, list[bytes]]) -> list[str]:
    """What is said of each odd answer; nothing is raised but SourceError."""
    said = []
    for path, answers in odd.items():
        for answer in answers:
            wire.spoil = {path: answer}
            try:
                read()
            except SourceError as error:
                said.append(str(error))
    assert [line for line in said if not line.isprintable()] == []
    return said


def apply(stack: Stack) -> None:
    stack.apply(stack.plan(), lambda step: None)


def as_json(text: bytes, most: int = 10) -> list[bytes]:
    changed = changed_at_each_node(json.loads(text), most)
    return [*BODIES, *(json.dumps(each).encode() for each in changed)]


def as_yaml(text: bytes, most: int = 10) -> list[bytes]:
    changed = changed_at_each_node(yaml.load(text, yaml.CSafeLoader), most)
    return [*BODIES, *(json.dumps(each).encode() for each in changed)]


@pytest.mark.parametrize("what", ["rules", "dashboards"])
def test_odd_answers_of_grafana_are_one_line(
    system: System, wire: Callable[[Answering], Wire], what: str
) -> None:
    grafana = Grafana("")
    there = wire(lambda request: grafana(signed(request)))
    find = alert_stacks if what == "rules" else dashboard_stacks
    (stack,) = find(system, "grafana")
    apply(stack)
    there.seen.clear()
    assert changing_steps(stack.plan()) == ()
    few = dict(sorted(there.seen.items(), key=lambda each: len(each[1]))[:4])
    said = tried(there, stack.plan, {path: as_json(text, 4) for path, text in few.items()})
    assert len(said) > 50


def signed(request: Request) -> Request:
    return Request(
        request.method,
        request.path,
        {**request.headers, "authorization": "Bearer "},
        request.body,
    )


def test_odd_answers_of_a_ruler_are_one_line(
    system: System, wire: Callable[[Answering], Wire]
) -> None:
    there = wire(Mimir())
    (stack,) = alert_stacks(system, "mimir")
    apply(stack)
    there.seen.clear()
    assert changing_steps(stack.plan()) == ()
    said = tried(there, stack.plan, {path: as_yaml(text) for path, text in there.seen.items()})
    assert len(said) > 50


def test_odd_answers_of_alertmanager_are_one_line(
    system: System, wire: Callable[[Answering], Wire]
) -> None:
    assert system.notify is not None
    whole = alertmanager.configuration(tuned_alerts(system), system, system.notify)
    good = json.dumps({"config": {"original": json.dumps(whole)}}).encode()
    there = wire(lambda request: (200, good))
    (stack,) = alert_stacks(system, "alertmanager")
    apply(stack)
    assert changing_steps(stack.plan()) == ()
    texts = [json.dumps(each) for each in changed_at_each_node(whole, 25)]
    texts += [body.decode(errors="replace") for body in BODIES]
    odd = [json.dumps({"config": {"original": text}}).encode() for text in texts]
    said = tried(there, stack.plan, {"/api/v2/status": [*odd, *as_json(good)]})
    assert len(said) > 50


def test_odd_answers_of_prometheus_are_one_line(
    system: System, wire: Callable[[Answering], Wire]
) -> None:
    (built,) = alert_stacks(system, "prometheus")
    assert isinstance(built, PrometheusRules)
    groups = [
        loaded(each, name) for name, whole in built._documents.items() for each in whole["groups"]
    ]
    answers = {
        "/api/v1/rules": {"groups": groups},
        "/api/v1/status/config": {"yaml": "global: {evaluation_interval: 1m}"},
    }

    def answer(request: Request) -> tuple[int, bytes]:
        path = request.path.partition("?")[0]
        if path == "/api/v1/format_query":
            return 404, b""
        return 200, json.dumps({"status": "success", "data": answers.get(path)}).encode()

    there = wire(answer)
    (stack,) = alert_stacks(system, "prometheus")
    apply(stack)
    assert changing_steps(stack.plan()) == ()
    seen = {path: as_json(text, 20) for path, text in there.seen.items() if "format" not in path}
    assert len(tried(there, stack.plan, seen)) > 50


def loaded(group: dict[str, Any], file: str) -> dict[str, Any]:
    rules = [
        {
            "name": rule.get("alert") or rule["record"],
            "query": rule["expr"],
            "type": "alerting" if "alert" in rule else "recording",
            "duration": rest_of(rule.get("for")),
            "keepFiringFor": rest_of(rule.get("keep_firing_for")),
            "labels": rule.get("labels", {}),
            "annotations": rule.get("annotations", {}),
            "health": "ok",
        }
        for rule in group["rules"]
    ]
    interval = rest_of(group.get("interval")) or 60
    return {"name": group["name"], "file": f"/rules/{file}", "interval": interval, "rules": rules}


def rest_of(duration: str | None) -> float:
    from obs.spec.quantity import parse_duration

    return parse_duration(duration) if duration else 0.0


def test_odd_answers_to_check_are_one_line(
    system: System, wire: Callable[[Answering], Wire]
) -> None:
    there_are = {
        "activeTargets": [
            {"labels": {"job": "a"}, "scrapeUrl": "http://x", "health": "up", "lastError": ""}
        ],
        "result": [{"metric": {"job": "a", "instance": "b"}}],
    }
    good = json.dumps({"status": "success", "data": there_are}).encode()
    there = wire(lambda request: (200, good))
    reached = Reached.model_validate({"url": "http://there"})
    http_live.read_scrape(reached, system)
    odd = {path: as_json(text) for path, text in there.seen.items()}
    assert len(tried(there, lambda: http_live.read_scrape(reached, system), odd)) > 50


def test_folders_of_grafana_without_end_are_one_line(
    system: System, wire: Callable[[Answering], Wire]
) -> None:
    def answer(request: Request) -> tuple[int, bytes]:
        if request.path.startswith("/api/folders?"):
            return 200, b'[{"title": "other", "uid": "other"}]'
        return 404, b""

    wire(answer)
    (stack,) = dashboard_stacks(system, "grafana")
    with pytest.raises(SourceError, match="more than 100 pages"):
        stack.plan()
