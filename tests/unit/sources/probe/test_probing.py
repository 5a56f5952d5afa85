"""Probes of a service on loopback: what succeeds, and what fails for which reason."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import trustme

from obs.catalogue import probe as catalogue
from obs.clients import resolving
from obs.clients.checked_connection import Failure
from obs.clients.probe_http import MOST_BYTES
from obs.snapshot.probe import Probed
from obs.sources.probe.polls import ProbeRounds
from obs.sources.probe.probing import probed
from obs.spec.allowed_addresses import AllowedAddresses
from obs.spec.probe import ProbeSource
from obs.spec.probe_targets import ProbeTarget
from tests.unit.sources.probe.service import Service, serving

NOTHING: dict[str, str] = {}
LOOPBACK = AllowedAddresses.of(("localhost",))


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with serving() as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.ready = True
    running.seen.clear()
    return running


def probe(seconds: float = 3.0, allowed: AllowedAddresses = LOOPBACK, /, **fields: Any) -> Probed:
    return probed(ProbeTarget.model_validate({"name": "a", **fields}), allowed, seconds)


def test_every_reason_of_a_failure_is_in_the_catalogue() -> None:
    assert get_args(Failure) == catalogue.FAILURES


def test_a_good_answer_is_up_with_the_time_of_each_phase(service: Service) -> None:
    found = probe(http=f"{service.url}/ready")
    assert (found.up, found.failure, found.status) == (True, "", 200)
    assert list(found.phases) == ["resolve", "connect", "first_byte", "transfer"]
    assert found.seconds == pytest.approx(sum(found.phases.values()))


@pytest.mark.parametrize(
    ("path", "fields", "failure", "why"),
    [
        ("/none", {}, "status", "HTTP status 404, not 2xx"),
        ("/ready", {"expect": {"status": [204, "3xx"]}}, "status", "200, not 204 or 3xx"),
        ("/text", {"expect": {"body_contains": "halt"}}, "body", "does not contain"),
        ("/text", {"expect": {"body_matches": r"version 2\.\d"}}, "body", "does not match"),
        ("/text", {"expect": {"json": {"status": "ok"}}}, "body", "not valid JSON"),
        ("/ready", {"expect": {"json": {"status": "fine"}}}, "body", "status of the body is 'ok'"),
        ("/ready", {"expect": {"json": {"a.b": 1}}}, "body", "is not there, not 1"),
        ("/nonsense", {}, "protocol", "not valid HTTP"),
        ("/short", {}, "protocol", "ended early"),
        ("/hangs-up", {}, "connection", ""),
        ("/loop", {"redirects": 3}, "redirect", "more than 3 redirects"),
        ("/file", {"redirects": 3}, "redirect", "no http:// or https:// URL"),
        ("/metadata", {"redirects": 3}, "address", "169.254.169.254 is a link-local address"),
    ],
)
def test_a_bad_answer_fails_for_its_reason(
    service: Service, path: str, fields: dict[str, Any], failure: str, why: str
) -> None:
    found = probe(http=service.url + path, **fields)
    assert (found.up, found.failure) == (False, failure)
    assert why in found.why


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/text", {"expect": {"body_contains": "go", "body_matches": r"version \d+\.\d+"}}),
        ("/chunked", {"expect": {"body_contains": "ok: all"}}),
        ("/redirect", {"redirects": 1, "expect": {"json": {"components.db.status": "UP"}}}),
        ("/redirect", {"expect": {"status": [302]}}),
        ("/metadata", {"expect": {"status": ["3xx"]}}),
        ("/ready", {"method": "POST", "body": "{}"}),
    ],
)
def test_an_answer_as_expected_succeeds(
    service: Service, path: str, fields: dict[str, Any]
) -> None:
    found = probe(http=service.url + path, **fields)
    assert (found.up, found.why) == (True, "")


@pytest.mark.parametrize("path", ["/hangs", "/drips"])
def test_one_deadline_holds_for_all_of_a_probe(service: Service, path: str) -> None:
    begin = time.monotonic()
    found = probe(0.2, http=service.url + path)
    assert found.failure == "timeout"
    assert time.monotonic() - begin < 1.5


def test_of_an_endless_body_only_the_beginning_is_read(service: Service) -> None:
    found = probe(http=f"{service.url}/endless", expect={"body_contains": "ok ok"})
    assert found.up
    found = probe(http=f"{service.url}/endless", expect={"json": {"status": "ok"}})
    assert (found.failure, found.why) == ("body", "the body is too long to be read as JSON")
    assert MOST_BYTES == 65_536


def test_a_regular_expression_that_backtracks_ends_with_the_probe(service: Service) -> None:
    begin = time.monotonic()
    found = probe(
        0.4, http=f"{service.url}/endless", expect={"body_matches": r"(([a-z ])+.)+[A-Z]([a-z])+$"}
    )
    assert (found.failure, found.why) == ("body", "body_matches took too long for this body")
    assert time.monotonic() - begin < 2


def test_a_503_tells_which_dependency_is_down(service: Service) -> None:
    service.ready = False
    found = probe(http=f"{service.url}/ready", dependencies={"field": "components"})
    assert found.failure == "status"
    assert found.dependencies
    assert found.dependencies.up == {"db": False, "cache": True}


def test_a_port_that_accepts_a_connection_is_up_and_one_that_does_not_is_refused(
    service: Service,
) -> None:
    assert probe(tcp=f"localhost:{service.server_port}").up
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert probe(tcp=f"127.0.0.1:{port}").failure == "refused"


def test_a_name_that_cannot_be_looked_up_fails_with_dns() -> None:
    assert probe(http="http://none.invalid/").failure == "dns"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]"])
def test_loopback_is_refused_unless_the_spec_says_so(service: Service, host: str) -> None:
    found = probe(3.0, AllowedAddresses(), tcp=f"{host}:{service.server_port}")
    assert found.failure == "address"
    assert "a loopback address that allow_private does not name" in found.why
    assert service.seen == []


def test_the_address_that_was_checked_is_the_one_that_is_connected(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = iter([("203.0.113.9",), ("127.0.0.1",)])  # another one at each lookup
    asked = []

    def resolved(host: str, port: int, flags: int = 0) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in next(lookups)]

    monkeypatch.setattr(resolving, "_look_up", resolved)
    found = probe(
        0.3,
        AllowedAddresses.of(("203.0.113.0/24",)),
        http=f"http://rebinding.example:{service.server_port}/",
    )
    assert found.up is False
    assert asked == ["rebinding.example"]
    assert service.seen == []


def test_of_several_addresses_only_the_allowed_ones_are_tried(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(host: str, port: int, flags: int = 0) -> list[Any]:
        both = ("169.254.169.254", "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in both]

    monkeypatch.setattr(resolving, "_look_up", resolved)
    assert probe(http=f"http://several.example:{service.server_port}/ready").up


def test_credentials_stay_with_their_host_when_a_redirect_leads_elsewhere(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_TOKEN", "planted-token-1")
    monkeypatch.setenv("PROBE_KEY", "planted-key-2")
    secrets = {"token": "${PROBE_TOKEN}", "secret_headers": {"X-Key": "${PROBE_KEY}"}}
    assert probe(http=f"{service.url}/redirect", redirects=1, **secrets).up
    sent = [headers for _, headers, _ in service.seen]
    assert [each.get("authorization") for each in sent] == ["Bearer planted-token-1"] * 2
    assert [each["x-key"] for each in sent] == ["planted-key-2"] * 2
    with serving() as other:
        service.elsewhere = f"{other.url}/ready"
        found = probe(
            http=f"{service.url}/elsewhere", redirects=1, method="POST", body="secret", **secrets
        )
        assert found.up
        ((request, headers, body),) = other.seen
    assert (request, body) == ("POST /ready", b"")
    assert not {"authorization", "x-key"} & headers.keys()


def test_a_secret_that_cannot_be_read_is_no_failure_of_the_target(service: Service) -> None:
    found = probe(http=f"{service.url}/ready", token="${NOT_SET_ANYWHERE}")
    assert found.up is None
    assert "NOT_SET_ANYWHERE is not set" in str(found.unknown)
    assert service.seen == []


def test_an_unforeseen_error_says_nothing_about_the_target(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obs.sources.probe.probing.check_answer", lambda *_: NOTHING["secret"])
    found = probe(http=f"{service.url}/ready")
    assert (found.up, str(found.unknown)) == (None, "unforeseen KeyError")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls_is_verified_and_tells_when_the_certificate_expires(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    ours = {"ca_file": str(ca_file)}
    with serving(context_of(authority, "127.0.0.1", "other.example")) as service:
        place = f"127.0.0.1:{service.server_port}"
        found = probe(http=f"{service.url}/ready", **ours)
        assert found.up
        assert "tls" in found.phases
        assert found.expires
        assert found.expires > time.time()
        alone = probe(tls=place, **ours)
        assert (alone.up, alone.expires) == (True, found.expires)
        assert probe(tls=place, server_name="other.example", **ours).up
        wrong = probe(tls=place, server_name="wrong.example", **ours)
        assert (wrong.failure, wrong.expires) == ("tls", None)
        assert "Hostname mismatch" in wrong.why
        unknown = probe(tls=place)
        assert unknown.failure == "tls"
        assert "certificate not accepted" in unknown.why


def test_a_client_certificate_is_shown_to_whoever_asks_for_one(
    authority: trustme.CA, tmp_path: Path
) -> None:
    context = context_of(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    mine = authority.issue_cert("client.example")
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    pem = {name: str(tmp_path / "client.pem") for name in ("cert_file", "key_file")}
    with serving(context) as service:
        url, ours = f"{service.url}/ready", {"ca_file": str(tmp_path / "ca.pem")}
        assert probe(http=url, **ours, **pem).up
        assert probe(http=url, **ours).failure in ("tls", "connection")
        missing = probe(http=url, **ours, cert_file=str(tmp_path / "x"), key_file="y")
        assert missing.up is None


def test_a_slow_target_delays_no_other(service: Service) -> None:
    spec = ProbeSource.model_validate(
        {
            "allow_private": ["localhost"],
            "timeout": "400ms",
            "targets": [
                *({"name": f"slow-{n}", "http": f"{service.url}/hangs"} for n in range(20)),
                {"name": "quick", "http": f"{service.url}/ready"},
            ],
        }
    )
    begin = time.monotonic()
    snapshot = ProbeRounds(spec, lambda: 1_000.0).poll()
    assert time.monotonic() - begin < 2
    assert snapshot.at == 1_000
    *slow, quick = snapshot.probed
    assert {each.failure for each in slow} == {"timeout"}
    assert quick.up
    assert quick.seconds < 0.3


def test_a_probe_that_never_ends_is_given_up() -> None:
    spec = ProbeSource.model_validate(
        {"timeout": "100ms", "targets": [{"name": "a", "tcp": "example.com:80"}]}
    )
    ended = threading.Event()

    def hangs(_: ProbeTarget) -> Probed:
        ended.wait(20)
        return Probed("a")

    (found,) = ProbeRounds(spec, time.time, hangs).poll().probed
    ended.set()
    assert (found.failure, found.why) == ("timeout", "timed out")


def test_no_error_has_a_query_or_a_secret_of_the_url(service: Service) -> None:
    found = probe(http=f"{service.url}/none?key=planted-in-query")
    assert found.failure == "status"
    assert "planted" not in found.why
    assert not re.search("planted", repr(found))
