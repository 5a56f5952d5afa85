"""Secrets are planted everywhere one can come from, and looked for in everything that obs says."""

import base64
import gzip
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import cramjam
import pytest

from obs.redaction.known import KNOWN
from obs.sandbox.nats_server import NatsServer
from tests.integration.applying import run
from tests.integration.collector_process import CollectorProcess, Spec, collectors
from tests.integration.nats_binary import run_by
from tests.integration.nats_jwt import make_operator
from tests.integration.secrets_echo import echoing, echoing_nats
from tests.integration.secrets_planted import (
    files_below,
    leaks,
    nkey_seed,
    planted,
    secret_fields,
    token,
    traces,
)
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

__all__ = ["collectors"]

VARIABLES = {
    "NATS_PASSWORD": planted("NatsLogin.password"),
    "NATS_TOKEN": planted("NatsLogin.token"),
    "NATS_NKEY": nkey_seed("NatsLogin.nkey"),
    "NATS_JWT": f"eyJhbGciOiJub25lIn0.{token('NatsLogin.jwt')}.{token('a signature')}",
    "STACK_TOKEN": planted("HttpLogin.token"),
    "STACK_PASSWORD": planted("HttpLogin.password"),
    "GATEWAY_KEY": planted("Headers.secret_headers"),
    "PRIVACY_KEY": base64.urlsafe_b64encode(planted("PrivacySettings.key")[:32].encode()).decode(),
    "RESOURCE_TOKEN": token("a variable in a field that is not secret"),
    "AWS_SECRET_ACCESS_KEY": token("AWS_SECRET_ACCESS_KEY"),
    "AWS_SESSION_TOKEN": token("AWS_SESSION_TOKEN"),
}
FILES = {
    "nats-password": ("NatsLogin.password_file", planted("NatsLogin.password_file")),
    "nats-token": ("NatsLogin.token_file", planted("NatsLogin.token_file")),
    "nats-nkey": ("NatsLogin.nkey_file", nkey_seed("NatsLogin.nkey_file")),
    "nats-jwt": ("NatsLogin.jwt_file", f"eyJ{token('a head')}.{token('a JWT')}.{token('signed')}"),
    "stack-token": ("HttpLogin.token_file", planted("HttpLogin.token_file")),
    "stack-password": ("HttpLogin.password_file", planted("HttpLogin.password_file")),
    "slack": ("Slack.api_url_file", f"https://slack/{token('Slack.api_url_file')}"),
    "pagerduty": ("PagerDuty.routing_key_file", token("PagerDuty.routing_key_file")),
    "smtp": ("Email.password_file", planted("Email.password_file")),
    "webhook": ("Webhook.url_file", f"https://hook/{token('Webhook.url_file')}"),
    "identity": (
        "AwsCredentials.web_identity_token_file",
        token("AwsCredentials.web_identity_token_file"),
    ),
    "bearer": ("Webhook.credentials_file", planted("Webhook.credentials_file")),
}
IN_ADDRESSES = (
    *("Monitoring.monitor", "NatsLogin.servers", "AwsAccess.endpoint_url"),
    *("AmpStack.endpoint_url", "Reached.url", "OtlpReceiver.endpoint"),
    "ProbeTarget.http",
)
ELSEWHERE = {
    "NatsLogin.credentials_file": "the seed and the JWT of a user",
    "OtlpReceiver.headers_file": "a login and a key",
    "Headers.headers_file": "a login and a key",
    "Web.config_file": "the hash of a password",
    "Tls.key_file": "a private key",
    "PrivacySettings.key_file": "the key, which only services and obs privacy read",
    "Tls.cert_file": "a file that is no certificate",
    "KubernetesLease.token_file": "a collector with a lease elsewhere; see test_lease_places",
}
NOT_SECRET = {
    "Links.runbooks": "is written into every alert",
    "Links.grafana": "is written into every alert",
    "Slo.links": "is written into every alert of the SLO",
    "Webhook.url": "is for addresses that are no secret; url_file is for the others",
    "Tls.ca_file": "is public",
    "KubernetesLease.ca_file": "is public",
    "KubernetesLease.namespace_file": "is the name of a namespace",
    "KubernetesLease.url": "is the API server of a cluster",
    "AlertmanagerStack.config_file": "names its secrets' files; obs writes it",
}
TEMPORARY = (token("a temporary key"), token("a temporary session token"))
WEB_PASSWORD, WRONG = planted("right password"), planted("wrong password")


def test_every_field_of_the_spec_that_may_hold_a_secret_is_planted() -> None:
    of_files = {field for field, _ in FILES.values()}
    of_variables = {f"NatsLogin.{each}" for each in ("password", "token", "nkey", "jwt")}
    of_variables |= {"HttpLogin.token", "HttpLogin.password", "Headers.secret_headers"}
    of_variables |= {"PrivacySettings.key"}
    everything = {*of_files, *of_variables, *IN_ADDRESSES, *ELSEWHERE, *NOT_SECRET}
    assert secret_fields() == everything


class Ground:
    """A spec in which secrets are planted, with hostile servers at every address of it."""

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        self.folder = folder
        self.secrets: dict[str, str] = {**VARIABLES, **dict(FILES.values())}
        self.secrets |= {f"a token in {each}": token(each) for each in IN_ADDRESSES}
        self.secrets |= {"a temporary key": TEMPORARY[0], "a session token": TEMPORARY[1]}
        self.secrets |= {"the right password": WEB_PASSWORD, "a wrong password": WRONG}
        self.echo = servers.enter_context(echoing(TEMPORARY))
        self.nats_port = servers.enter_context(echoing_nats())
        accounts = {"APP": {"obs": VARIABLES["NATS_PASSWORD"]}}
        self.nats = servers.enter_context(run_by(NatsServer(folder / "server", accounts=accounts)))
        self.made: set[Path] = set()
        for name, (_, secret) in FILES.items():
            self.file(name, f"{secret}\n")
        self.spec = self._spec()
        self.spec_file = self.file("spec.json", json.dumps(self.spec))
        folder.joinpath("rules").mkdir()

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        self.made.add(path)
        return path

    def variables(self, **more: str) -> dict[str, str]:
        """The environment: nothing of AWS but what is planted."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        config = self.file(
            "aws-credentials",
            f"[planted]\naws_access_key_id = AKIA{'P' * 16}\n"
            f"aws_secret_access_key = {token('the key of a profile')}\n",
        )
        self.secrets["the key of a profile"] = token("the key of a profile")
        of_aws = {"AWS_ACCESS_KEY_ID": "AKIA" + "E" * 16, "AWS_EC2_METADATA_DISABLED": "true"}
        of_aws["AWS_SHARED_CREDENTIALS_FILE"] = str(config)
        return kept | of_aws | VARIABLES | more

    def address(self, field: str, base: str = "") -> str:
        return f"{base or self.echo.url}/{token(field)}"

    def _spec(self) -> Spec:
        return {
            "version": 1,
            "system": "planted",
            "state_dir": str(self.folder / "state"),
            "sources": {
                "nats": self._nats(),
                "aws": self._aws(),
                "prometheus": self._prometheus(),
                "probe": self._probe(),
            },
            "notify": self._notify(),
            "stacks": self._stacks(),
            "checks": {"collector": self._reached(token="${STACK_TOKEN}")},
            "privacy": {"strategy": "encrypt", "key": "${PRIVACY_KEY}"},
            "outputs": {
                "web": self._web(),
                "otlp": self._otlp(),
                "remote_write": self._remote_write(),
            },
        }

    def _nats(self) -> dict[str, Any]:
        good = {
            "servers": [self.nats.url],
            "account": "APP",
            "user": "obs",
            "password": "${NATS_PASSWORD}",
        }
        tls = {"cert_file": self._key_file(), "key_file": self._key_file()}
        ways: list[dict[str, Any]] = [
            {"user": "somebody", "password": "${NATS_PASSWORD}"},
            {"user": "somebody", "password_file": str(self.folder / "nats-password")},
            {"token": "${NATS_TOKEN}"},
            {"token_file": str(self.folder / "nats-token")},
            {"nkey": "${NATS_NKEY}"},
            {"nkey_file": str(self.folder / "nats-nkey"), "jwt": "${NATS_JWT}"},
            {"nkey": "${NATS_NKEY}", "jwt_file": str(self.folder / "nats-jwt")},
            {"credentials_file": self._credentials()},
            {"token": "${NATS_TOKEN}", "tls": tls},
        ]
        hostile = f"nats://127.0.0.1:{self.nats_port}"
        connections = [
            {"servers": [self.address("NatsLogin.servers", hostile)], "account": f"A{n}"} | way
            for n, way in enumerate(ways)
        ]
        quick = {"poll": "500ms", "timeout": "2s"}
        return {
            "good": {"monitor": [self.nats.monitor], "connection": good, **quick},
            "hostile": {
                "monitor": [f"{self.address('Monitoring.monitor')}?token={token('query')}"],
                "monitor_login": {"user": "somebody", "password": "${STACK_PASSWORD}"},
                "connections": connections,
                **quick,
            },
            "token": {
                "monitor": [self.address("Monitoring.monitor")],
                "monitor_login": {"token_file": str(self.folder / "stack-token")},
                **quick,
            },
        }

    def _aws(self) -> dict[str, Any]:
        def role(name: str) -> str:
            return f"arn:aws:iam::123456789012:role/{name}"

        common = {
            "region": "us-east-1",
            "endpoint_url": self.address("AwsAccess.endpoint_url"),
            "poll": "1s",
            "timeout": "3s",
        }
        return {
            "environment": common,
            "temporary": {**common, "role_arn": role("whole")},
            "cut": {**common, "role_arn": role("cut")},
            "profile": {**common, "profile": "planted"},
            "identity": {
                **common,
                "role_arn": role("whole"),
                "web_identity_token_file": str(self.folder / "identity"),
            },
        }

    def _prometheus(self) -> dict[str, Any]:
        """One behind a gateway that wants headers, one that wants signatures."""
        quick = {"url": self.address("Reached.url"), "poll": "1s", "timeout": "2s"}
        endpoint = self.address("AwsAccess.endpoint_url")
        role = "arn:aws:iam::123456789012:role/whole"
        return {
            "gateway": {
                **quick,
                "secret_headers": {"X-Gateway-Key": "${GATEWAY_KEY}"},
                "headers_file": str(self._headers_file()),
            },
            "signed": {**quick, "sigv4": {"region": "us-east-1"}},
            "assumed": {
                **quick,
                "sigv4": {"region": "us-east-1", "endpoint_url": endpoint, "role_arn": role},
            },
        }

    def _probe(self) -> dict[str, Any]:
        """Targets that repeat what they were sent, one for each way to sign in."""
        body = {"expect": {"status": ["2xx", "4xx"], "json": {"message": "fine"}}}
        ways: dict[str, dict[str, Any]] = {
            "token": {"token": "${STACK_TOKEN}"},
            "password": {"user": "somebody", "password": "${STACK_PASSWORD}", **body},
            "file": {"headers_file": str(self._headers_file()), "dependencies": {"field": "error"}},
            "header": {"secret_headers": {"X-Gateway-Key": "${GATEWAY_KEY}"}, **body},
        }
        targets = [
            {"name": name, "http": self.address("ProbeTarget.http"), **way}
            for name, way in ways.items()
        ]
        quick = {"poll": "1s", "timeout": "900ms", "allow_private": ["localhost"]}
        return {"good-edge": {**quick, "targets": targets}}  # up, whatever its targets answer

    def _notify(self) -> dict[str, Any]:
        def at(name: str) -> str:
            return str(self.folder / name)

        mail = {"to": ["a@example.com"], "from": "b@example.com", "smarthost": "smtp:587"}
        receivers = {
            "chat": {"slack": {"api_url_file": at("slack"), "channel": "#a"}},
            "oncall": {"pagerduty": {"routing_key_file": at("pagerduty")}},
            "mail": {"email": {**mail, "username": "u", "password_file": at("smtp")}},
            "hook": {"webhook": {"url_file": at("webhook"), "credentials_file": at("bearer")}},
        }
        route = {"to": [*receivers]}
        return {"receivers": receivers, "routes": {"critical": route, "warning": route}}

    def _stacks(self) -> dict[str, Any]:
        return {
            "prometheus": {
                **self._reached(token="${STACK_TOKEN}"),
                "rules_dir": str(self.folder / "rules"),
            },
            "alertmanager": {
                **self._reached(token_file=str(self.folder / "stack-token")),
                "config_file": str(self.folder / "alertmanager.yml"),
            },
            "mimir": self._reached(user="somebody", password="${STACK_PASSWORD}"),
            "grafana": self._reached(
                user="somebody", password_file=str(self.folder / "stack-password")
            ),
            "amp": {
                "workspace": "ws-1a2b3c4d",
                "region": "us-east-1",
                "endpoint_url": self.address("AmpStack.endpoint_url"),
            },
        }

    def _reached(self, **login: str) -> dict[str, Any]:
        return {"url": self.address("Reached.url"), "timeout": "3s", **login}

    def _web(self) -> dict[str, Any]:
        hashed = bcrypt.hashpw(WEB_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        self.secrets["the hash of a password"] = hashed
        config = self.file("web.yml", json.dumps({"basic_auth_users": {"reader": hashed}}))
        return {"listen": "127.0.0.1:0", "config_file": str(config)}

    def _otlp(self) -> dict[str, Any]:
        return {
            "endpoint": self.address("OtlpReceiver.endpoint"),
            "traces": True,
            "headers_file": str(self._headers_file()),
            "every": "1s",
            "timeout": "3s",
            "resource": {"team": "${RESOURCE_TOKEN}"},
        }

    def _remote_write(self) -> dict[str, Any]:
        more = {"headers_file": str(self._headers_file()), "every": "1s", "protocol": "v1"}
        return {**self._reached(token="${STACK_TOKEN}"), **more}

    def _headers_file(self) -> Path:
        login, key = planted("a login of a header"), planted("a key in a header")
        self.secrets |= {"a login of a header": login, "a key in a header": key}
        pair = base64.b64encode(f"pusher:{login}".encode()).decode()
        return self.file("headers", f"Authorization: Basic {pair}\nX-Api-Key: {key}\n")

    def _credentials(self) -> str:
        credentials = make_operator().credentials
        lines = credentials.splitlines()
        self.secrets |= {"a user's JWT": lines[1][-60:], "a user's seed": lines[5]}
        return str(self.file("user.creds", credentials))

    def _key_file(self) -> str:
        key = token("Tls.key_file")
        self.secrets["a private key"] = key
        pem = f"-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"
        return str(self.file("key.pem", pem))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ExitStack() as servers:
        yield Ground(tmp_path, servers)


def test_no_secret_reaches_what_the_collector_says_keeps_or_sends(
    ground: Ground, collectors: list[CollectorProcess]
) -> None:
    collector = CollectorProcess(
        ground.folder / "collector",
        ground.spec,
        ("--verbose",),
        ground.variables(),
        login=("reader", WEB_PASSWORD),
    )
    collectors.append(collector)
    collector.start(ready=False)
    _log_in_wrongly(collector)

    def everything_failed() -> bool:
        status = collector.status()
        sources = {each["name"]: each for each in status["sources"]}
        failed = [each for name, each in sources.items() if not name.startswith("good")]
        return (
            len(failed) == 2 + 9 + 5 + 3
            and all(each["error"] for each in failed)
            and sources["good/connection"]["up"]
            and all(each["error"] is not None for each in status["pushes"])
            and len(status["pushes"]) == 2
            and len([each for each in status["probes"] if each["text"]]) == 4
        )

    eventually(everything_failed)
    served = {
        path: collector.get(path).text.encode()
        for path in ("/", "/metrics", "/api/v1/status", "/readyz", "/healthz", "/nowhere")
    }
    pid = collector.process.pid
    served["the process list"] = Path(f"/proc/{pid}/cmdline").read_bytes()
    put_there = {*VARIABLES.values()}
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    collector.stop()
    signed = [each for each in ground.echo.requests if each.path.endswith("/api/v1/query")]
    sent_with = {each.headers.get("x-amz-security-token") for each in signed}
    assert sent_with == {None, VARIABLES["AWS_SESSION_TOKEN"], TEMPORARY[1]}
    pushed = [each for each in ground.echo.requests if each.path.endswith("/v1/metrics")]
    assert pushed
    sent = {"what is pushed": b"".join(gzip.decompress(each.body) for each in pushed)}
    written = [each.body for each in ground.echo.requests if "snappy" in str(each.headers)]
    sent["what is written"] = b"".join(
        bytes(cramjam.snappy.decompress_raw(body)) for body in written
    )
    assert all(b"nats_server_up" in content for content in sent.values())
    made = {*ground.made, *(ground.folder / "server").rglob("*"), collector.spec_file}
    found = files_below(ground.folder, made)
    assert collector.state_file.stat().st_size > 0
    others = {name: each for name, each in ground.secrets.items() if each not in put_there}
    assert leaks(ground.secrets, {**served, **found}) == []
    assert leaks(others, {"the environment": environment}) == []
    in_spec = {"RESOURCE_TOKEN"}  # the spec sends it as a resource attribute
    assert leaks({k: v for k, v in ground.secrets.items() if k not in in_spec}, sent) == []
    assert _plain(served["/readyz"])
    assert _plain(collector.log.encode())


def _plain(text: bytes) -> bool:
    return all(line.isprintable() for line in text.decode().split("\n"))


def _log_in_wrongly(collector: CollectorProcess) -> None:
    """With a wrong password, with a header that is none, and in a request that is malformed."""
    pair = base64.b64encode(f"reader:{WRONG}".encode()).decode()
    for header in (f"Basic {pair}", f"Bearer {pair}", WRONG):
        assert collector.get("/metrics", Authorization=header).status in (200, 401)
    where = urlsplit(collector.url)
    for line in ("broken header", "Content-Length: x", "Transfer-Encoding: \x1b"):
        with socket.create_connection((where.hostname or "", where.port or 0), 5) as connection:
            request = f"GET / HTTP/1.1\r\nAuthorization: Basic {pair}\r\n{line}\r\n\r\n"
            connection.sendall(request.encode())
            connection.settimeout(5)
            connection.recv(4096)


COMMANDS = (
    ("validate",),
    ("validate", "--format", "json"),
    ("check",),
    ("check", "--format", "json"),
    ("check", "--format", "junit"),
    ("build", "--out", "built"),
    ("build", "--out", "built", "--check"),
    ("collect", "--dry-run"),
    *(
        ("alerts", "apply", "--target", target, "--check")
        for target in ("prometheus", "alertmanager", "mimir", "grafana", "amp", "cloudwatch")
    ),
    ("alerts", "apply", "--target", "alertmanager", "--format", "json", "--yes"),
    ("dashboards", "apply", "--check"),
    ("iam", "policy"),
)


def test_no_secret_reaches_what_a_command_prints_or_writes(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ground.folder)
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ground.variables().items():
        monkeypatch.setenv(name, value)
    said = {}
    for command in COMMANDS:
        KNOWN.clear()  # each is a process of its own
        outcome = run(capsys, *command, "--spec", str(ground.spec_file))
        said[f"obs {' '.join(command)}"] = (outcome.out + outcome.err).encode()
        assert outcome.code in (0, 1, 2, 3)
        assert "internal error" not in outcome.err, outcome.err
        assert _plain((outcome.out + outcome.err).encode())
    made = {*ground.made, *(ground.folder / "server").rglob("*")}
    assert leaks(ground.secrets, {**said, **files_below(ground.folder, made)}) == []


def test_no_secret_is_in_what_one_poll_with_temporary_credentials_says(ground: Ground) -> None:
    identity = ground.file("web-identity", token("a web identity"))
    agent = token("the authorization of a container")
    web = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/", "AWS_WEB_IDENTITY_TOKEN_FILE": ""}
    ways: list[dict[str, str]] = [
        {**web, "AWS_WEB_IDENTITY_TOKEN_FILE": str(identity), "AWS_ROLE_ARN": f"{role}{name}"}
        for role in (web["AWS_ROLE_ARN"],)
        for name in ("whole", "cut")
    ]
    ways.append(
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{ground.echo.url}/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": agent,
        }
    )
    of_environment = ground.spec["sources"]["aws"]["environment"]
    spec: Spec = {**ground.spec, "sources": {"aws": {"environment": of_environment}}}
    secrets = ground.secrets | {"an identity": token("a web identity"), "an agent's": agent}

    def said(number: int, way: Mapping[str, str]) -> bytes:
        own = {**spec, "state_dir": str(ground.folder / f"state-{number}")}
        spec_file = ground.file(f"aws-{number}.json", json.dumps(own))
        environment = ground.variables(AWS_ENDPOINT_URL_STS=ground.echo.url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            del environment[name]
        command = ["collect", "--once", "--verbose", "--spec", str(spec_file)]
        ended = subprocess.run(
            [sys.executable, "-m", "obs", *command],
            capture_output=True,
            check=False,
            timeout=60,
            cwd=ground.folder,
            env={**environment, **way} | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert ended.returncode == 3
        return ended.stdout + ended.stderr

    with ThreadPoolExecutor(len(ways)) as pool:
        outputs = dict(
            zip(("whole", "cut", "container"), pool.map(said, range(len(ways)), ways), strict=True)
        )
    assert b"not permitted" in outputs["whole"]
    assert b"not permitted" in outputs["container"]
    assert leaks(secrets, outputs) == []


def test_the_search_finds_a_secret_in_any_encoding() -> None:
    secret = planted("x")
    pair = base64.b64encode(f"user:{secret}".encode())
    assert leaks({"x": secret}, {"there": b"Basic " + pair, "not": b"y"})
    assert leaks({"x": secret}, {"cut": f"..{secret[:20]}".encode()})
    assert len(traces(secret)) >= 6
