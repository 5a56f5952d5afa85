"""A small API server of Kubernetes over HTTPS: Leases and ConfigMaps with resourceVersions."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.integration.certificates import Certificates

TOKEN = "eyJ-service-account"
_PATH = re.compile(
    r"/(apis/coordination\.k8s\.io/v1|api/v1)/namespaces/shop/(leases|configmaps)(?:/([\w.-]+))?"
)
_KINDS = {"leases": ("coordination.k8s.io/v1", "Lease"), "configmaps": ("v1", "ConfigMap")}


@dataclass
class KubernetesApi:
    """What it holds, by kind and name, and the address."""

    url: str = ""
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    version: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, document: Any) -> tuple[int, Any]:
        """As the real one: 409 where the resourceVersion is another, or the object is there."""
        match = _PATH.fullmatch(path)
        if match is None:
            return 404, _status(404, "the server could not find the requested resource")
        kind, name = match[2], match[3] or document["metadata"]["name"]
        with self.lock:
            known = self.objects.get((kind, name))
            if method == "POST" and known is not None:
                return 409, _status(409, f'{kind} "{name}" already exists')
            if method != "POST" and known is None:
                return 404, _status(404, f'{kind} "{name}" not found')
            if method == "GET":
                return 200, known
            if (document["apiVersion"], document["kind"]) != _KINDS[kind]:
                return 400, _status(400, "the kind does not match the path")
            wanted = document["metadata"].get("resourceVersion")
            if known and wanted not in (None, known["metadata"]["resourceVersion"]):
                return 409, _status(409, "the object has been modified; please apply your changes")
            self.version += 1
            document["metadata"]["resourceVersion"] = f"{self.version}"
            self.objects[kind, name] = document
            return (201 if method == "POST" else 200), document


def lease_at(api: KubernetesApi, certificates: Certificates, folder: Path) -> dict[str, str]:
    """What a spec says to keep its lease there; `folder` gets the service account's files."""
    (folder / "token").write_text(f"{TOKEN}\n")
    (folder / "namespace").write_text("shop")
    files = {f"{name}_file": str(folder / name) for name in ("token", "namespace")}
    return {"name": "obs-shop", "url": api.url, "ca_file": str(certificates.ca), **files}


@contextmanager
def kubernetes_api(certificates: Certificates) -> Iterator[KubernetesApi]:
    api = KubernetesApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            document = json.loads(self.rfile.read(length)) if length else None
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, found = 401, _status(401, "Unauthorized")
            else:
                status, found = api.answer(self.command, self.path, document)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    api.url = f"https://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": code, "message": message}
