"""Follows the advice of checks: runs its commands, as a shell with the AWS and NATS CLIs would."""

import asyncio
import contextlib
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nats
from botocore import xform_name

from obs.cli.main import main
from obs.sandbox.aws_events import aws
from obs.spec.quantity import parse_duration

_RENAMED = {"--notification-endpoint": "--endpoint"}  # by the AWS CLI
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "max-age": ("max_age", lambda text: round(parse_duration(text) * 1e9)),
    "max-bytes": ("max_bytes", int),
    "max-msgs": ("max_msgs", int),
    "max-msgs-per-subject": ("max_msgs_per_subject", int),
    "replicas": ("num_replicas", int),
    "subjects": ("subjects", lambda text: [text]),
    "max-deliver": ("max_deliver", int),
    "max-pending": ("max_ack_pending", int),
    "wait": ("ack_wait", lambda text: round(parse_duration(text) * 1e9)),
    "storage": ("storage", str),
    "retention": ("retention", str),
    "discard": ("discard", str),
}
_WHOLE = "the whole configuration"
_SET = re.compile(r'\.(\w+)(?:\["([^"]+)"\])? = (.+)')
_DELETED = re.compile(r'del\(\.(\w+)(?:\["([^"]+)"\])?\)')


class AdviceRunner:
    """Commands on the endpoints of a test, in `folder`."""

    def __init__(self, endpoint_url: str, nats_url: str, spec: Path, folder: Path) -> None:
        self.endpoint_url = endpoint_url
        self.nats_url = nats_url
        self.spec = spec
        self.folder = folder

    def follow(self, advice: str) -> list[str]:
        """Run every line that is a command; gives those that are for people."""
        prose = []
        for line in advice.splitlines():
            program = line.split(" ")[0]
            if program not in ("aws", "nats", "obs"):
                prose.append(line)
                continue
            command, _, file = line.partition(" > ")
            command, _, pipe = command.partition(" | jq ")
            output = getattr(self, f"_{program}")(shlex.split(command)[1:])
            if file:
                (self.folder / file).write_text(_jq(output, pipe) if pipe else output)
        return prose

    def _aws(self, words: list[str]) -> str:
        client = aws(words[0], self.endpoint_url)
        operation = words[1].replace("-", "_")
        names = {xform_name(name): name for name in client.meta.service_model.operation_names}
        shape = client.meta.service_model.operation_model(names[operation]).input_shape
        members = {xform_name(name): (name, kind) for name, kind in shape.members.items()}
        parameters = {}
        for flag, value in zip(words[2::2], words[3::2], strict=True):
            if flag == "--region":
                continue
            member = _RENAMED.get(flag, flag).removeprefix("--").replace("-", "_")
            name, kind = members[member]
            parameters[name] = self._value(value, kind.type_name)
        getattr(client, operation)(**parameters)
        return ""

    def _value(self, text: str, kind: str) -> Any:
        if text.startswith("file://"):
            return (self.folder / text.removeprefix("file://")).read_text()
        if kind in ("map", "structure") or text.startswith("["):
            return json.loads(text)
        if kind == "list":
            return [text]
        return int(text) if kind in ("integer", "long") else text

    def _nats(self, words: list[str]) -> str:
        return asyncio.run(self._jetstream(words))

    async def _jetstream(self, words: list[str]) -> str:
        names = [word for word in words[2:4] if not word.startswith("-")]
        flags = dict(re.findall(r"--([a-z-]+)[ =](?!--)(\S+)", " ".join(words)))
        changes = {
            field: read(flags[flag]) for flag, (field, read) in _FIELDS.items() if flag in flags
        }
        if "config" in flags:
            changes = {_WHOLE: json.loads((self.folder / flags["config"]).read_text())}
        client = await nats.connect(self.nats_url)
        try:
            return await _change(client, words[0], words[1], names, changes)
        finally:
            await client.close()

    def _obs(self, words: list[str]) -> str:
        yes = ["--yes"] if "apply" in words else []
        with contextlib.redirect_stdout(io.StringIO()) as output:
            assert main([*words, "--spec", str(self.spec), *yes]) == 0, output.getvalue()
        return output.getvalue()


def _jq(document: str, program: str) -> str:
    """As jq does with the programs of advice: `.config`, and one change of it."""
    config: dict[str, Any] = json.loads(document)["config"]
    (filters,) = shlex.split(program)
    change = filters.removeprefix(".config | ")
    if match := _SET.fullmatch(change):
        field, key, value = match.groups()
        if key:
            config.setdefault(field, {})[key] = json.loads(value)
        else:
            config[field] = json.loads(value)
        return json.dumps(config)
    deleted = _DELETED.fullmatch(change)
    assert deleted, program
    field, key = deleted.groups()
    if key:
        del config[field][key]
    else:
        config.pop(field, None)
    return json.dumps(config)


async def _change(
    client: Any, kind: str, verb: str, names: list[str], changes: dict[str, Any]
) -> str:
    """As the NATS CLI: what is not said stays as it is, or has the server's default."""

    async def ask(subject: str, body: object = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        answer: dict[str, Any] = json.loads((await client.request(f"$JS.API.{subject}", data)).data)
        assert "error" not in answer, answer
        return answer

    if verb == "cluster":  # step-down, which is no configuration
        await ask(f"STREAM.LEADER.STEPDOWN.{names[-1]}")
        return ""
    of = ".".join(names)
    name = {"stream": "STREAM", "consumer": "CONSUMER"}[kind]
    config: dict[str, Any] = {}
    if verb == "info":
        return json.dumps(await ask(f"{name}.INFO.{of}"))
    if verb == "rm":
        await ask(f"{name}.DELETE.{of}")
        return ""
    if verb == "edit":
        config = (await ask(f"{name}.INFO.{of}"))["config"]
    config = changes.pop(_WHOLE, config)
    if kind == "stream":
        action = "UPDATE" if verb == "edit" else "CREATE"
        await ask(f"STREAM.{action}.{names[0]}", {**config, "name": names[0], **changes})
        return ""
    config = config or {"durable_name": names[1], "ack_policy": "explicit"}
    if "ack_wait" in changes:
        config.pop("backoff", None)
    body = {"stream_name": names[0], "config": {**config, **changes}}
    await ask(f"CONSUMER.DURABLE.CREATE.{of}", body)
    return ""
