"""Secrets that can be told apart, how they look wherever they are sent, and what holds them."""

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import quote, quote_plus

import nkeys

from obs.spec.model import Address, Model
from obs.spec.secret import FileSecret, VariableSecret
from obs.spec.system import System


def planted(name: str) -> str:
    """A secret with characters that every encoding writes in another way."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f'{digest[:14]}/+"<&>\\ {digest[14:28]}'


def token(name: str) -> str:
    """A secret of letters and digits, for where nothing else may be."""
    digest = hashlib.sha256(name.encode()).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()[:40] + "7X"


def nkey_seed(name: str) -> str:
    """The seed of a NATS user."""
    digest = hashlib.sha256(name.encode()).digest()
    return bytes(nkeys.encode_seed(digest, nkeys.PREFIX_BYTE_USER)).decode()


def traces(secret: str) -> set[str]:
    """What shows that a text has the secret in it, or half of it, in whatever encoding."""
    octets = secret.encode()
    found = {octets.hex()[:28], octets.hex()[:28].upper()}
    for before in range(3):
        inner = base64.b64encode(b"x" * before + octets).decode()[4:28]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    halves = secret.split('/+"<&>\\ ')
    return found | ({*halves} if len(halves) > 1 else {secret, secret[:20], secret[-20:]})


def sent_as(text: str) -> list[str]:
    """What a server may make of a text that it repeats."""
    octets = text.encode()
    return [
        *(text, quote(text), quote(text, safe="").lower(), quote_plus(text)),
        *(json.dumps(text), json.dumps(json.dumps(text)), html.escape(text), repr(text)),
        *(repr(octets), octets.hex(), octets.hex().upper()),
        *(base64.b64encode(b"x" * shift + octets).decode() for shift in range(3)),
        base64.urlsafe_b64encode(octets).decode(),
        text[: len(text) * 2 // 3],  # cut by the server
    ]


def secret_fields(model: type[Model] = System) -> set[str]:
    """Every field of the spec that holds a secret, names a file that may, or is an address that
    may: as `Model.field`."""
    found: set[str] = set()
    seen: set[type[Model]] = set()
    waiting: list[type[Model]] = [model]
    while waiting:
        of = waiting.pop()
        if of in seen:
            continue
        seen.add(of)
        for name, info in of.model_fields.items():
            for kind, marks in _kinds(info.annotation, info.metadata):
                if isinstance(kind, type) and issubclass(kind, Model):
                    waiting.append(kind)
                elif (
                    kind in (VariableSecret, FileSecret)
                    or name.endswith("_file")
                    or any(isinstance(mark, Address) for mark in marks)
                ):
                    found.add(f"{_declared_in(of, name).__name__}.{name}")
    return found


def _kinds(kind: Any, marks: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        yield from _kinds(inner, [*marks, *more])
    elif origin in (Union, UnionType, tuple, dict):
        for each in get_args(kind):
            yield from _kinds(each, marks)
    else:
        yield kind, marks


def _declared_in(model: type[Model], name: str) -> type[Model]:
    """The most general model that has the field."""
    return next(
        each for each in reversed(model.__mro__) if name in getattr(each, "__annotations__", {})
    )


def leaks(secrets: Mapping[str, str], outputs: Mapping[str, bytes]) -> list[str]:
    """Which secret is in which output."""
    return [
        f"{name} is in {where}: {_around(content, trace)}"
        for where, content in outputs.items()
        for name, secret in secrets.items()
        for trace in sorted(traces(secret))
        if trace.encode() in content
    ]


def _around(content: bytes, trace: str) -> str:
    at = content.index(trace.encode())
    return repr(content[max(at - 80, 0) : at + 80])


def files_below(folder: Path, skip: set[Path]) -> dict[str, bytes]:
    """Content and name of every file, but of those that the test made."""
    found = {}
    for path in folder.rglob("*"):
        found[f"the name {path}"] = path.name.encode()
        if path.is_file() and path not in skip:
            found[str(path)] = path.read_bytes()
    return found
