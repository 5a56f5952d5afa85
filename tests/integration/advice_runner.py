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
    "replicas": ("num_replicas", int),
    "subjects": ("subjects", lambda text: [text]),
    "max-deliver": ("max_deliver", int),
    "max-pending": ("max_ack_pending", int),
    "wait": ("ack_wait", lambda text: round(parse_duration(text) * 1e9)),
    "storage": ("storage", str),
    "retention": ("retention", str),
    "discard": ("discard", str),
}


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
            output = getattr(self, f"_{program}")(shlex.split(command.partition(" | ")[0])[1:])
            if file:
                (self.folder / file).write_text(output)
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
        flags = dict(re.findall(r"--([a-z-]+) (?!--)(\S+)", " ".join(words)))
        changes = {
            field: read(flags[flag]) for flag, (field, read) in _FIELDS.items() if flag in flags
        }
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


async def _change(
    client: Any, kind: str, verb: str, names: list[str], changes: dict[str, Any]
) -> str:
    """As the NATS CLI: what is not said stays as it is, or has the server's default."""

    async def ask(subject: str, body: object = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        answer: dict[str, Any] = json.loads((await client.request(f"$JS.API.{subject}", data)).data)
        assert "error" not in answer, answer
        return answer

    of = ".".join(names)
    name = {"stream": "STREAM", "consumer": "CONSUMER"}[kind]
    config: dict[str, Any] = {}
    if verb == "edit":
        config = (await ask(f"{name}.INFO.{of}"))["config"]
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
