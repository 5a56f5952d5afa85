"""Probes in a spec: every mistake with its line and what would be right."""

from pathlib import Path

import pytest

from obs.errors import BadInput
from obs.spec.load import load
from obs.spec.probe_targets import value_at
from obs.spec.system import System

HEAD = """\
version: 1
system: shop
sources:
  probe:
    edge:
      poll: 15s
      targets:
"""
GOOD = """\
        - name: api
          http: https://api.example.com/ready
          token: ${API_TOKEN}
          timeout: 3s
          redirects: 2
          expect: {status: [200, 3xx], body_contains: ok, json: {status: ok, "data.n": 3, up: true}}
          dependencies: {field: components, up: [fine]}
        - {name: db, tcp: "db.internal:5432"}
        - {name: cert, tls: "[2606:4700::1111]:443", server_name: api.example.com}
        - {name: own, http: "http://127.0.0.1:8080/health"}
      allow_private: [10.0.0.0/8, localhost]
slos:
  - name: api
    service: shop
    objective: 99.9
    sli: {probe: {source: edge, targets: [api], below: 500ms}}
"""


def loaded(folder: Path, text: str) -> System:
    file = folder / "spec.yaml"
    file.write_text(text)
    return load([file], variables={})


def problems(folder: Path, targets: str) -> list[str]:
    with pytest.raises(BadInput) as error:
        loaded(folder, HEAD + targets)
    return [line.partition("spec.yaml:")[2] for line in str(error.value).splitlines()]


def test_a_spec_has_targets_of_every_kind(tmp_path: Path) -> None:
    system = loaded(tmp_path, HEAD + GOOD)
    source = system.sources.probe["edge"]
    assert [target.kind for target in source.targets] == ["http", "tcp", "tls", "http"]
    assert [target.address for target in source.targets] == [
        ("api.example.com", 443),
        ("db.internal", 5432),
        ("2606:4700::1111", 443),
        ("127.0.0.1", 8080),
    ]
    assert [source.timeout_of(target) for target in source.targets] == [3, 5, 5, 5]
    assert source.where == "api, db, cert and 1 more"
    expect = source.targets[0].expect
    assert dict(expect.values) == {"status": "ok", "data.n": 3, "up": True}
    assert [expect.takes(status) for status in (200, 204, 302)] == [True, False, True]
    assert system.slos[0].sli.in_words() == "probes of api faster than 500ms"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (
            "{name: a, http: 'http://127.0.0.1/'}",
            "8: sources.probe.edge.targets[0].http: 127.0.0.1 is a loopback address; "
            "add localhost to allow_private if it is meant",
        ),
        (
            "{name: a, http: 'http://localhost./'}",
            "8: sources.probe.edge.targets[0].http: localhost. is a loopback address; "
            "add localhost to allow_private if it is meant",
        ),
        (
            "{name: a, tcp: '169.254.169.254:80'}",
            "8: sources.probe.edge.targets[0].tcp: 169.254.169.254 is a link-local address; "
            "add 169.254.169.254 to allow_private if it is meant",
        ),
        (
            "{name: a, tcp: 'db:5432', tls: 'db:5432'}",
            "8: sources.probe.edge.targets[0]: needs exactly one of http, tcp, tls; "
            "has tcp and tls",
        ),
        (
            "{name: a, tcp: db}",
            "8: sources.probe.edge.targets[0].tcp: 'db' does not fit; write host:port, for "
            "example db.internal:5432",
        ),
        (
            "{name: a, tcp: 'db:5432', expect: {status: [200]}}",
            "8: sources.probe.edge.targets[0].expect: is only for http; remove it, or probe a URL "
            "instead of tcp",
        ),
        (
            "{name: a, http: 'http://x.example/', server_name: y.example}",
            "8: sources.probe.edge.targets[0].server_name: is only for TLS; write an https:// URL "
            "or tls",
        ),
        (
            "{name: a, http: 'http://x.example/', token: '${TOKEN}'}",
            "8: sources.probe.edge.targets[0].http: the token would be sent unencrypted over "
            "http://; write https://, or allow_plaintext: true where the network is trusted",
        ),
        (
            "{name: a, http: 'http://x.example/', secret_headers: {X-Key: '${KEY}'}}",
            "8: sources.probe.edge.targets[0].http: the headers would be sent unencrypted over "
            "http://; write https://, or allow_plaintext: true where the network is trusted",
        ),
        (
            "{name: a, http: 'https://x.example/', body: x}",
            "8: sources.probe.edge.targets[0].body: GET has no body; write method: POST",
        ),
        (
            "{name: a, http: 'https://x.example/', method: HEAD, expect: {body_contains: ok}}",
            "8: sources.probe.edge.targets[0].method: the answer to HEAD has no body; write GET",
        ),
        (
            "{name: a, http: 'https://x.example/', expect: {status: [2x]}}",
            "8: sources.probe.edge.targets[0].expect.status[0]: '2x' does not fit; write a status "
            "such as 200, or a class such as 2xx",
        ),
        (
            "{name: a, http: 'https://x.example/', expect: {body_matches: '('}}",
            "8: sources.probe.edge.targets[0].expect.body_matches: is not a regular expression of "
            "Python: missing ), unterminated subpattern at position 0",
        ),
        (
            "{name: a, http: 'https://x.example/', timeout: 20s}",
            "8: sources.probe.edge.targets[0].timeout: 20s is not less than poll, 15s; write less",
        ),
        (
            "{name: a, htpp: 'https://x.example/'}",
            "8: sources.probe.edge.targets[0].htpp: unknown field; did you mean http?",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    tmp_path: Path, target: str, problem: str
) -> None:
    assert problems(tmp_path, f"        - {target}\n") == [problem]


def test_a_name_that_is_there_twice_is_told_at_the_second(tmp_path: Path) -> None:
    targets = "        - {name: a, tcp: 'x:1'}\n        - {name: a, tcp: 'y:1'}\n"
    assert problems(tmp_path, targets) == [
        "9: sources.probe.edge.targets[1].name: 'a' is the name of targets[0] too; rename one"
    ]


def test_an_slo_on_a_target_that_is_not_probed_says_which_are(tmp_path: Path) -> None:
    slo = "slos: [{name: x, service: y, objective: 99, sli: {probe: {source: edge, targets: %s}}}]"
    for targets, hint in (("[apy]", "did you mean api?"), ("['w*']", "choose from api")):
        text = "        - {name: api, tcp: 'x:1'}\n" + slo % targets
        (problem,) = problems(tmp_path, text)
        assert "slos[0].sli.probe.targets[0]: source 'edge' probes no target" in problem
        assert hint in problem


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("dotted.name", 2),
        ("list.1.x", 3),
        ("list.7", None),
        ("a.b.c", None),
        ("none", None),
    ],
)
def test_a_path_leads_to_a_value_of_a_document(path: str, value: object) -> None:
    document = {"a": {"b": 1}, "dotted.name": 2, "list": [0, {"x": 3}], "none": None}
    assert value_at(document, path) == value
