"""From nothing to a spec that runs: `obs init` and `obs doctor` against real servers."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from obs.cli.main import main
from obs.sandbox.aws_emulator import ACCOUNT, AwsEmulator
from obs.sandbox.nats_server import NatsServer
from obs.spec.load import load

pytestmark = pytest.mark.integration

API: Final = "$JS.API"
ADVISORY: Final = "$JS.EVENT.ADVISORY.CONSUMER"
READING: Final = (f"{API}.STREAM.LIST", f"{API}.CONSUMER.LIST.*", f"{API}.STREAM.MSG.GET.*")
ROLES: Final = {"111111111111": ["*"], "222222222222": ["events:ListEventBuses", "sqs:*"]}


def user(name: str, publish: tuple[str, ...] = (), subscribe: tuple[str, ...] = ()) -> Any:
    """A user whose password is its name; with rights, one who has no others."""
    allowed = {"publish": {"allow": [*publish]}, "subscribe": {"allow": ["_INBOX.>", *subscribe]}}
    return {"user": name, "password": name, **({"permissions": allowed} if publish else {})}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A stream with a consumer, and users of its account with more and with fewer rights."""
    weak = user("weak", READING, (f"{ADVISORY}.MAX_DELIVERIES.>",))
    accounts = {
        "SHOP": {"jetstream": "enabled", "users": [user("shop"), weak, user("blind", ("x",))]},
        "SYS": {"users": [user("sys")]},
    }
    extra = {"accounts": accounts, "system_account": "SYS"}
    with NatsServer(tmp_path_factory.mktemp("nats"), extra=extra) as running:
        asyncio.run(_fill(running.url))
        yield running


async def _fill(url: str) -> None:
    client = await nats.connect(url, user="shop", password="shop")
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name="ORDERS", subjects=["orders.>"], max_age=3600))
    worker = ConsumerConfig(
        durable_name="worker", ack_wait=20, max_deliver=4, ack_policy=AckPolicy.EXPLICIT
    )
    await jetstream.add_consumer("ORDERS", worker)
    await client.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder, to work in."""
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.chdir(shop)
    monkeypatch.delenv("OBS_SPEC", raising=False)
    return shop


def sign_in(folder: Path, name: str) -> list[str]:
    (folder / name).write_text(name)
    return ["--user", name, "--password-file", name]


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code of `obs doctor`, and what it found wrong by the resource."""
    capsys.readouterr()
    code = main(["doctor", "--format", "json", *arguments])
    checks = json.loads(capsys.readouterr().out)
    return code, {
        finding["resource"]: finding["what"]
        for check in checks
        for finding in check["findings"]
        if finding["outcome"] == "failed"
    }


def test_two_commands_lead_from_a_server_to_its_consumers(
    server: NatsServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--nats", server.monitor]) == 0
    assert "1 stream, 1 consumer; 1 SLO proposed" in capsys.readouterr().out
    (slo,) = load([folder / "obs.yaml"]).slos
    assert (slo.service, slo.in_words()) == ("shop", "lag of ORDERS/worker within 1m20s")
    done = subprocess.run(
        [sys.executable, "-m", "obs", "collect", "--once", "--quiet"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert 'nats_consumer_lag_messages{nats="main",account="SHOP",stream="ORDERS"' in done.stdout
    assert done.stderr == ""
    before = (folder / "obs.yaml").read_text()
    assert main(["init", "--nats", server.monitor]) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "obs.yaml").read_text() == before


@pytest.mark.parametrize(
    ("name", "code", "streams", "field"),
    [
        ("shop", 0, "1 stream, 1 consumer; 2 SLOs", "connection"),
        ("sys", 0, "1 stream, 1 consumer; 1 SLO", "system"),
        ("weak", 1, "1 stream, 1 consumer; 2 SLOs", "connection"),
        ("blind", 1, "nothing could be read", "connection"),
    ],
)
def test_over_a_client_address_it_finds_out_who_signs_in_and_what_that_user_may_not(
    server: NatsServer,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
    streams: str,
    field: str,
) -> None:
    assert main(["init", "--nats", server.url, *sign_in(folder, name)]) == code
    out, err = capsys.readouterr()
    assert streams in out
    source = load([folder / "obs.yaml"]).sources.nats["main"]
    assert getattr(source, field).user == name
    lacking = f"subscribe to {ADVISORY}.MSG_TERMINATED.>"
    assert (lacking in err) == (name == "weak")
    doctor, wrong = findings(capsys)
    assert doctor == (0 if code == 0 else 1)
    if name == "weak":  # what it can do without is left out of the spec
        assert wrong == {"main.connection": f"its user lacks the permission to {lacking}"}
    if name == "blind":
        assert f"{API}.STREAM.LIST" in wrong["main"]


def test_where_nothing_answers_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--nats", "http://127.0.0.1:1"]) == 3
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("http://127.0.0.1:1/varz: cannot connect, or connection lost; a server")
    assert last == "nothing was written"
    assert not (folder / "obs.yaml").exists()


def test_the_doctor_names_what_did_not_answer_and_the_next_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(
        "version: 1\nsystem: shop\nsources: {nats: {main: {monitor: [http://127.0.0.1:1]}}}\n"
        'outputs: {web: {listen: "127.0.0.1:0"}}\n'
    )
    assert main(["doctor", "--spec", "a.yaml", "--quiet"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✗ nats-reach"
    assert lines[2] == "      curl -sS http://127.0.0.1:1/varz"


@pytest.fixture(scope="module")
def cloud() -> Iterator[AwsEmulator]:
    """Two accounts with a bus, rules and queues, and a role in each; one may list little."""
    with AwsEmulator(enforce_iam=True) as emulator:
        for account, actions in ROLES.items():
            _create(emulator, account, actions)
        yield emulator


def _create(emulator: AwsEmulator, account: str, actions: list[str]) -> None:
    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            endpoint_url=emulator.endpoint_url,
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )

    def policy(**statement: object) -> str:
        whole = [{"Effect": "Allow", **statement}]
        return json.dumps({"Version": "2012-10-17", "Statement": whole})

    trust = policy(Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    client("iam").create_role(RoleName="obs", AssumeRolePolicyDocument=trust)
    allowed = policy(Action=actions, Resource="*")
    client("iam").put_role_policy(RoleName="obs", PolicyName="p", PolicyDocument=allowed)
    events, sqs = client("events"), client("sqs")
    letters, orders = (
        sqs.get_queue_attributes(
            QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        for name in ("letters", "orders")
    )
    events.create_event_bus(Name="shop-events")
    for rule, more in (("placed", {"DeadLetterConfig": {"Arn": letters}}), ("paid", {})):
        events.put_rule(Name=rule, EventBusName="shop-events", EventPattern='{"source":["o"]}')
        events.put_targets(
            Rule=rule, EventBusName="shop-events", Targets=[{"Id": "1", "Arn": orders, **more}]
        )


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


@pytest.mark.usefixtures("signed_in")
def test_two_accounts_become_one_source_and_what_one_may_not_list_is_named(
    cloud: AwsEmulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roles = [w for each in ROLES for w in ("--aws-role-arn", f"arn:aws:iam::{each}:role/obs")]
    where = ["--aws-region", "us-east-1", "--endpoint-url", cloud.endpoint_url]
    assert main(["init", *where, *roles]) == 1
    err = capsys.readouterr().err
    assert "could not see cloud-222222222222: events:ListRules: " in err
    assert "could not see cloud-222222222222: cloudwatch:GetMetricData: " in err
    assert "    obs iam policy --source cloud-222222222222\n" in err
    system = load([folder / "obs.yaml"])
    assert list(system.sources.aws) == ["cloud-111111111111", "cloud-222222222222"]
    first = system.sources.aws["cloud-111111111111"]
    assert [bus.name for bus in first.buses] == ["shop-events"]
    assert first.queues == ("letters",)
    (slo,) = system.slos
    assert slo.sli.measured.source == "cloud-111111111111"
    text = (folder / "obs.yaml").read_text()
    assert "# without a dead-letter queue, what fails is lost:\n      #   shop-events: paid" in text
    code, wrong = findings(capsys)
    assert code == 1
    assert list(wrong) == ["cloud-222222222222"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_is_one_that_the_shell_takes(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    file = tmp_path / "obs"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    script = {
        "bash": _BASH.format(file=file),
        "zsh": f'autoload -Uz compinit; compinit -u -D; eval "$(<{file})"; print $_comps[obs]',
        "fish": f'source {file}; complete -C "obs al"; complete -C "obs collect --on"',
    }[shell]
    quiet = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
    done = subprocess.run(
        [program, quiet, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    expected = {
        "bash": ["alerts", "--only", "--once"],
        "zsh": ["obs"],
        "fish": ["alerts", "--once"],
    }
    assert [each for each in expected[shell] if each not in done.stdout] == []
    assert done.stderr == ""


_BASH: Final = """
source {file}
complete -p obs >/dev/null || exit 1
press() {{  # what TAB offers for the last word
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${{#COMP_LINE}}
  COMPREPLY=(); $(complete -p obs | sed 's/.*-F //; s/ obs$//') obs "${{@: -1}}" "${{@: -2:1}}"
  printf '%s\\n' "${{COMPREPLY[@]}}"
}}
press obs al
press obs collect --on
"""
