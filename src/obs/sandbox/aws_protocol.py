"""The protocols of AWS clients, as far as a proxy must know them to return realistic errors.

botocore chooses by service and version: JSON (the operation in X-Amz-Target), the older query
protocol (a form, XML answers), or Smithy RPC with CBOR (the operation in the path).
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

_ERRORS: Final = {
    # name: status, code in JSON and CBOR, code in the query protocol, message
    "throttled": (400, "ThrottlingException", "Throttling", "Rate exceeded"),
    "unavailable": (503, "ServiceUnavailableException", "ServiceUnavailable", "Unavailable"),
    "denied": (
        400,
        "AccessDeniedException",
        "AccessDenied",
        "User: arn:aws:iam::000000000000:user/obs is not authorized to perform this operation",
    ),
    "credentials": (
        400,
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    ),
    "expired": (
        400,
        "ExpiredTokenException",
        "ExpiredToken",
        "The security token included in the request is expired",
    ),
    "signature": (403, "InvalidSignatureException", "SignatureDoesNotMatch", ""),
}
_SCOPE: Final = re.compile(r"Credential=([^/]*)/[^/]*/([^/]*)/")
_LISTS: Final = ("EventBuses", "Rules", "Targets", "QueueUrls", "ResourceTagMappingList")
_TOKENS: Final = ("NextToken", "PaginationToken")  # the latter is that of tags
_TOKEN: Final = "obs-page-"


def operation_of(path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The operation of a request; empty where it is not an AWS request."""
    if "/operation/" in path:
        return path.rpartition("/operation/")[2]
    target = headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode("latin-1")).get("Action", [""])[0]


def region_of(headers: Mapping[str, str]) -> str:
    """The region that a request is signed for; empty where it is not signed."""
    return _scope(headers, 2)


def access_key_of(headers: Mapping[str, str]) -> str:
    """The access key that a request is signed with; empty where it is not signed."""
    return _scope(headers, 1)


def _scope(headers: Mapping[str, str], part: int) -> str:
    scope = _SCOPE.search(headers.get("Authorization", ""))
    return scope[part] if scope else ""


def error_answer(name: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an error, in the protocol of the request.

    A signature error quotes the request's own credentials, as AWS does.
    """
    status, code, query_code, message = _ERRORS[name]
    if name == "signature":
        signed = "\n".join(f"{key.lower()}:{value}" for key, value in headers.items())
        message = f"The Canonical String for this request should have been\n{signed}"
    request_id = {"x-amzn-requestid": "obs-fault"}
    if "X-Amz-Target" in headers:
        content = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": code}
        return status, content | request_id, _json({"__type": code, "message": message})
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        content = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", code, "message", message)))
        return status, content | request_id, body
    xml = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{query_code}</Code><Message>{message}"
        "</Message></Error><RequestId>obs-fault</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"} | request_id, xml.encode()


def in_parts(body: bytes) -> bytes:
    """An answer of GetMetricData whose queries all have status PartialData, in any protocol."""
    for whole, part in (
        (b'"Complete"', b'"PartialData"'),
        (b">Complete<", b">PartialData<"),
        (b"\x68Complete", b"\x6bPartialData"),
    ):
        body = body.replace(whole, part)
    return body


def without_token(body: bytes) -> tuple[bytes, int]:
    """A JSON request without the token that `paged_answer` gave, and the token's position."""
    request: dict[str, Any] = json.loads(body)
    found = [str(request.pop(name)) for name in _TOKENS if request.get(name)]
    position = int((found or ["0"])[0].removeprefix(_TOKEN))
    return _json(request), position


def paged_answer(body: bytes, position: int) -> bytes:
    """The page at `position` of a JSON answer: one element of its list, one point a query."""
    answer: dict[str, Any] = json.loads(body)
    for name in _TOKENS:
        answer.pop(name, None)
    for name in _LISTS:
        if name in answer:
            size = len(answer[name])
            answer[name] = answer[name][position : position + 1]
            return _with_token(answer, position, size)
    results = answer.get("MetricDataResults", [])
    size = max((len(result["Values"]) for result in results), default=0)
    for result in results:
        left = len(result["Values"]) - position - 1
        for column in ("Timestamps", "Values"):
            result[column] = result[column][position : position + 1]
        result["StatusCode"] = "PartialData" if left > 0 else "Complete"
    return _with_token(answer, position, size)


def _with_token(answer: dict[str, Any], position: int, size: int) -> bytes:
    if position + 1 < size:
        answer[_TOKENS["ResourceTagMappingList" in answer]] = f"{_TOKEN}{position + 1}"
    return _json(answer)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _cbor_text(text: str) -> bytes:
    body = text.encode()
    if len(body) < 24:
        return bytes([0x60 + len(body)]) + body
    return b"\x79" + len(body).to_bytes(2, "big") + body
