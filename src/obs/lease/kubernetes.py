"""A lease in a Lease object of Kubernetes; what is handed over is in ConfigMaps beside it."""

import base64
import binascii
import json
import math
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from obs.clients.http import Http
from obs.errors import BadInput, Reason, SourceError
from obs.lease.record import Record, decoded, encoded
from obs.lease.store import Conflict, Stored
from obs.redaction.text import one_line
from obs.spec.ha import KubernetesLease, Lease
from obs.spec.secret import FileSecret
from obs.spec.tls import Tls

_LARGEST: Final = 512 << 10  # bytes; a ConfigMap has 1 MiB at most, in base64
_SELDOM: Final = 60.0  # etcd keeps every version for some minutes
_LONGEST_ANSWER: Final = 4 << 20
_OK: Final = (200, 201)
_NOT_FOUND, _CONFLICT = 404, 409
_RECORD: Final = "obs/record"
_BODY: Final = "body"
_REASONS: Final[Mapping[int, Reason]] = {401: "auth", 403: "auth", 429: "throttled"}

Object = dict[str, Any]


class KubernetesStore:
    """Objects of one namespace. The revision of a value is its object's resourceVersion."""

    largest = _LARGEST
    seldom = _SELDOM

    def __init__(
        self, spec: KubernetesLease, limit: float, wall: Callable[[], float] = time.time
    ) -> None:
        """`limit`: seconds of a request. `wall` gives Unix seconds, for people who look at it."""
        self._spec = spec
        self._wall = wall
        self._namespace = ""
        tls = Tls(ca_file=spec.ca_file)
        self._http = Http(tls, timeout=limit, max_bytes=_LONGEST_ANSWER, sign=self._signed)

    @property
    def where(self) -> str:
        """The Lease."""
        return f"Kubernetes Lease {self._spec.name}"

    def read(self, key: str) -> Stored | None:
        """As the API server has it now."""
        found = self._asked("GET", key, None, missing=True)
        if found is None:
            return None
        revision = str(found.get("metadata", {}).get("resourceVersion", ""))
        value = _leased(found) if _is_lease(key) else _kept(found)
        return Stored(value, revision)

    def write(self, key: str, value: bytes, revision: str | None) -> str:
        """Only in place of this resourceVersion."""
        document = self._object(key, value)
        if revision is not None:
            document["metadata"]["resourceVersion"] = revision
        found = self._asked("POST" if revision is None else "PUT", key, document)
        assert found is not None
        return str(found.get("metadata", {}).get("resourceVersion", ""))

    def put(self, key: str, value: bytes) -> None:
        """Whatever the resourceVersion."""
        document = self._object(key, value)
        if self._asked("PUT", key, document, missing=True) is None:
            self._asked("POST", key, document)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _asked(
        self, method: str, key: str, document: Object | None, *, missing: bool = False
    ) -> Object | None:
        """The object in the answer. `missing`: None where there is no such object."""
        group, name = self._place(key)
        url = f"{self._spec.url}{group}" + ("" if method == "POST" else f"/{name}")
        answer = self._http.exchange(method, url, document=document)
        if answer.status == _NOT_FOUND and missing:
            return None
        if document is not None and answer.status in (_CONFLICT, _NOT_FOUND):
            raise Conflict("unavailable", f"{name}: another one has written it")
        if answer.status not in _OK:
            reason = _REASONS.get(answer.status, "http_status")
            said = one_line(_message(answer.body), 200)
            raise SourceError(reason, f"{method} {name}: HTTP status {answer.status}: {said}")
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
            raise SourceError("decode", f"{method} {name}: no object in the answer")
        return found

    def _place(self, key: str) -> tuple[str, str]:
        """The path of the objects of its kind, and its name: that of the spec, and the part of the
        key after that of the system."""
        if not self._namespace:
            self._namespace = self._spec.namespace or _read(self._spec.namespace_file)
        name = ".".join((self._spec.name, *key.split(".")[1:]))
        api = "/apis/coordination.k8s.io/v1" if _is_lease(key) else "/api/v1"
        kind = "leases" if _is_lease(key) else "configmaps"
        return f"{api}/namespaces/{self._namespace}/{kind}", name

    def _object(self, key: str, value: bytes) -> Object:
        _, name = self._place(key)
        labels = {"app.kubernetes.io/managed-by": "obs"}
        metadata: Object = {"name": name, "namespace": self._namespace, "labels": labels}
        if not _is_lease(key):
            body = {_BODY: base64.b64encode(value).decode()}
            of = {"apiVersion": "v1", "kind": "ConfigMap"}
            return {**of, "metadata": metadata, "binaryData": body}
        record = decoded(value) or Record("", 0, 0.0)
        metadata["annotations"] = {_RECORD: value.decode()}
        at = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": record.holder,
                "leaseDurationSeconds": max(math.ceil(record.ttl), 1),
                "leaseTransitions": record.epoch,
                "renewTime": at,
            },
        }

    def _signed(self, _: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {_read(self._spec.token_file)}"}


def _is_lease(key: str) -> bool:
    return ".state" not in key


def _leased(found: Object) -> bytes:
    """The record of a Lease, which somebody may have edited: without a holder nobody has it."""
    spec, annotations = found.get("spec"), found["metadata"].get("annotations")
    text = annotations.get(_RECORD) if isinstance(annotations, dict) else None
    record = decoded(text.encode() if isinstance(text, str) else None)
    holder = spec.get("holderIdentity") if isinstance(spec, dict) else None
    if record is None:
        transitions = spec.get("leaseTransitions") if isinstance(spec, dict) else 0
        epoch = transitions if isinstance(transitions, int) and transitions >= 0 else 0
        return encoded(Record(str(holder or ""), epoch, 0.0))
    return encoded(record) if holder else encoded(Record("", record.epoch, record.ttl))


def _kept(found: Object) -> bytes | None:
    data = found.get("binaryData")
    text = data.get(_BODY) if isinstance(data, dict) else None
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


def _message(body: bytes) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("message", "")) if isinstance(found, dict) else ""


def _read(file: str) -> str:
    try:
        return FileSecret(file).reveal().strip()
    except BadInput as error:
        raise SourceError("auth", str(error)) from None


def open_store(spec: Lease, limit: float) -> KubernetesStore:
    """The Lease of the spec; sends nothing yet. `limit`: seconds of a request."""
    assert spec.kubernetes is not None
    return KubernetesStore(spec.kubernetes, limit)
