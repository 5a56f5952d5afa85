"""AWS' answers judged before and after botocore takes them apart, which it does on trust."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from obs.clients.aws_limits import MOST_VALUES, CallLimits, Refused
from obs.errors import SourceError

_DEEPEST: Final = 100
_LONGEST_NAMESPACE: Final = 200  # characters; it becomes part of each element's name
_NAMESPACE: Final = re.compile(rb"xmlns[^=<>]{0,200}=\s*[\"'][^\"'<>]{%d}" % _LONGEST_NAMESPACE)
_CBOR_LENGTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "character": (str,),
    "blob": (bytes, bytearray),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, datetime),
}


class Answer(dict[str, Any]):
    """A structure of an answer; where a member is missing, reading it raises SourceError."""

    operation: str = ""

    def __missing__(self, member: str) -> Any:
        raise invalid(self.operation, f"no {member}")


def invalid(operation: str, why: str) -> SourceError:
    """An answer that is not what AWS says it is."""
    return SourceError("decode", f"{operation}: invalid response ({why})")


def inspect_body(body: bytes, protocol: str, limits: CallLimits) -> None:
    """Judge a body before it is parsed. Raises Refused where parsing it would cost too much.

    A byte of JSON or CBOR can take a hundred bytes of memory, and a short entity of XML, or a long
    name of a namespace, any number of them.
    """
    if "cbor" in protocol:
        limits.take_values(_cbor_values(body))
    elif "json" in protocol:
        limits.take_values(body.count(b",") + body.count(b"[") + body.count(b"{"))
    else:
        if b"<!ENTITY" in body or _NAMESPACE.search(body):
            raise Refused("decode", "invalid response (XML entities or namespaces of its own)")
        limits.take_values(body.count(b"<") - body.count(b"</") + body.count(b"="))


def checked(answer: Any, shape: Any, operation: str) -> Answer:
    """The answer with members that have the types of its output shape. Raises SourceError."""
    if not isinstance(answer, dict):
        raise invalid(operation, "no structure")
    metadata = answer.get("ResponseMetadata")
    if not isinstance(metadata, dict) or "RequestId" not in metadata:
        raise invalid(operation, "no request id")
    found = _structure(answer, shape, operation) if shape is not None else Answer()
    found["ResponseMetadata"] = metadata
    return found


def _structure(value: Any, shape: Any, operation: str) -> Answer:
    found = Answer()
    found.operation = operation
    for name, member in shape.members.items():
        if name in value:
            found[name] = _value(value[name], member, operation, name)
    return found


def _value(value: Any, shape: Any, operation: str, name: str) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return _structure(value, shape, operation)
    if kind == "list" and isinstance(value, list):
        return _list(value, shape.member, operation, name)
    if kind == "map" and isinstance(value, dict):
        return {
            _value(key, shape.key, operation, name): _value(each, shape.value, operation, name)
            for key, each in value.items()
        }
    if kind == "string" and name.endswith("Document") and isinstance(value, dict):
        return value  # botocore has parsed IAM's documents, whose shape is a string
    if not _is(type(value), kind):
        raise invalid(operation, f"{name} is no {kind}")
    return value


def _list(values: list[Any], shape: Any, operation: str, name: str) -> list[Any]:
    if shape.type_name not in _TYPES:
        return [_value(each, shape, operation, name) for each in values]
    # 100 000 points at a time: one look at the types among them.
    if not all(_is(each, shape.type_name) for each in set(map(type, values))):
        raise invalid(operation, f"{name} has a member that is no {shape.type_name}")
    return values


def _is(found: type, kind: str) -> bool:
    """Whether a value of type `found` is one of a shape's `kind`."""
    return issubclass(found, _TYPES.get(kind, ())) and (found is not bool or kind == "boolean")


def _cbor_values(body: bytes) -> int:
    """How many values a CBOR body has, at most one beyond what is allowed. Raises Refused.

    It counts initial bytes and goes over strings; lengths of lists are not trusted.
    """
    values, position, end = 0, 0, len(body)
    open_lists: list[float] = []
    while position < end and values <= MOST_VALUES:
        first = body[position]
        position += 1
        values += 1
        kind, info = first >> 5, first & 31
        number = info
        if info in _CBOR_LENGTHS:
            width = _CBOR_LENGTHS[info]
            number = int.from_bytes(body[position : position + width])
            position += width
        if kind in (2, 3) and info != 31:
            position += number
        _nest(open_lists, kind, info, number, first)
    return values


def _nest(open_lists: list[float], kind: int, info: int, number: int, first: int) -> None:
    """Follow lists, maps and tags; `open_lists` has how many values each still awaits."""
    if first == 0xFF:
        if open_lists:
            open_lists.pop()
    elif open_lists:
        open_lists[-1] -= 1
    if info == 31 and kind in (2, 3, 4, 5):
        open_lists.append(float("inf"))
    elif kind in (4, 5) and number:
        open_lists.append(float(number * (kind - 3)))
    elif kind == 6:
        open_lists.append(1.0)
    while open_lists and open_lists[-1] <= 0:
        open_lists.pop()
    if len(open_lists) > _DEEPEST:
        raise Refused("decode", f"invalid response (nested more than {_DEEPEST} deep)")
