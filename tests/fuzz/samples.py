"""Real samples of what each target reads; where a first byte chooses, one for each choice."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from google.rpc.status_pb2 import Status as RpcStatus
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from obs.state import State
from obs.state_export import exported
from obs.web.status import Status
from obs.web.status import encode as encoded_status
from tests.hostile.growth_simulation import Cluster

_ROOT: Final = Path(__file__).parents[2]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chosen(bodies: Iterable[bytes]) -> tuple[bytes, ...]:
    """Each body after the number of its choice."""
    return tuple(bytes([number]) + body for number, body in enumerate(bodies))


_CLUSTER: Final = Cluster(poll=2, streams=1, consumers=2)
_JSZ: Final = _CLUSTER._jsz(config=True)
_TIME: Final = "2026-01-01T00:00:00.123456789Z"
_VARZ: Final = {
    **{"server_id": "n1", "server_name": "n1", "version": "2.11.0", "now": _TIME, "start": _TIME},
    **{"connections": 3, "mem": 1000, "cpu": 1.5, "slow_consumers": 4, "tls_cert_not_after": _TIME},
    "cluster": {"name": "C", "urls": ["n2:6222"]},
    "jetstream": {"config": {"max_memory": 9}, "stats": {"memory": 5, "api": {"errors": 7}}},
    "slow_consumer_stats": {"clients": 1, "routes": 0},
}
_PEERS: Final = {"p": {"name": "n2", "known": True, "last_replicated_index": 4}}
_STREAM: Final = _JSZ["account_details"][0]["stream_detail"][0]  # type: ignore[index]
_CONSUMER: Final = _STREAM["consumer_detail"][0]

NATS_PAGES: Final = (
    b"\x00" + _json(_JSZ),
    b"\x02" + _json(_VARZ),
    b"\x03" + _json({"status": "unavailable", "errors": [{"type": "STREAM", "stream": "S"}]}),
)
_OTHER: Final[tuple[Any, ...]] = (
    _VARZ,
    {"routes": [{"rid": 1, "remote_name": "n2", "remote_id": "M", "ip": "10.0.0.2", "port": 6222}]},
    {"status": "ok", "status_code": 200},
    {"account_statz": [{"acc": "A", "conns": 1, "sent": {"msgs": 1, "bytes": 2}}]},
    {"account_detail": {"account_name": "A", "decoded_jwt": {"nats": {"limits": {"conn": 5}}}}},
    {"total": 2, "connections": [{"cid": 1, "name": "c", "rtt": "1m2.5s", "in_msgs": 1}]},
    {"leafs": [{"name": "l", "account": "A", "ip": "10.0.0.3", "rtt": "1.5ms", "in_msgs": 3}]},
    {"outbound_gateways": {"B": {"configured": True, "connection": {"cid": 1, "rtt": "1ms"}}}},
    {"routes": [{"remote_name": "n2", "rtt": "100µs", "pending_size": 9, "account": "A"}]},
    {"A": {"S-R3F": {"state": "LEADER", "committed": 9, "applied": 8, "peers": _PEERS}}},
    {"accounts": ["A"], "account_detail": {"account_name": "A", "imports": [{"subject": "x.>"}]}},
)
NATS_OTHER_PAGES: Final = _chosen(map(_json, _OTHER))
_LIST: Final = {"total": 1, "offset": 0, "limit": 256}
_ANSWERS: Final = (
    _json(each)
    for each in (
        {**_LIST, "streams": [_STREAM], "missing": ["T"]},
        {**_LIST, "consumers": [_CONSUMER]},
        {"memory": 1, "storage": 2, "streams": 3, "limits": {"max_streams": -1}, "tiers": {}},
        {"created": _TIME, "state": {"first_seq": 1, "last_seq": 9}, "error": None},
        {"message": {"seq": 4, "time": _TIME, "subject": "a.b", "data": "aGk="}},
    )
)
_REFUSED: Final = {"error": {"code": 503, "err_code": 10_076, "description": "no"}}
API_PAGES: Final = (*_chosen(_ANSWERS), b"\x00" + _json(_REFUSED))
ADVISORIES: Final = (
    _json(
        {
            "type": "io.nats.jetstream.advisory.v1.max_deliver",
            **{"id": "x1", "timestamp": _TIME, "stream": "S", "consumer": "C"},
            **{"stream_seq": 7, "deliveries": 3},
        }
    ),
    _json({"subject": "$JS.API.STREAM.CREATE.S", "response": '{"error":{"code":400}}'}),
    _json({"type": "…metric.v1.consumer_ack", "ack_time": 5_000_000, "deliveries": 2}),
)
_SERVER: Final = {"id": "N", "name": "n1", "domain": "hub"}
SYSTEM_REPLIES: Final = (
    *(_json({"server": _SERVER, "data": each}) for each in (_JSZ, *_OTHER[2:-1])),
    _json({"server": _SERVER, "statsz": {"active_servers": 3}}),
)
SERVICE_REPLIES: Final = (
    _json(
        {
            **{"type": "io.nats.micro.v1.stats_response", "name": "s", "id": "i", "version": "1"},
            "started": _TIME,
            "endpoints": [
                {"name": "e", "subject": "s.e", "num_requests": 3, "processing_time": 1_000_000}
            ],
        }
    ),
)
_CLAIMS: Final = base64.urlsafe_b64encode(_json({"exp": 1_800_000_000})).rstrip(b"=")
CREDENTIALS: Final = (
    b"-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QifQ." + _CLAIMS + b".c2lnbmF0dXJl\n"
    b"------END NATS USER JWT------\n",
    _json({"exp": 1_800_000_000}),
)

_AWS: Final = (
    _json(each)
    for each in (
        {
            "MetricDataResults": [
                {"Id": "q0", "Label": "l", "Timestamps": [1.8e9], "Values": [2.0]}
                | {"StatusCode": "Complete"}
            ],
            "NextToken": "t",
        },
        {"MetricAlarms": [{"AlarmName": "a", "Dimensions": [{"Name": "n", "Value": "v"}]}]},
        {"Attributes": {"ApproximateNumberOfMessages": "3", "Policy": "{}"}},
        {"QueueUrls": ["https://sqs.us-east-1.amazonaws.com/0/q"]},
        {"Rules": [{"Name": "r", "State": "ENABLED", "EventPattern": "{}"}]},
        {"Targets": [{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:0:q", "RetryPolicy": {}}]},
    )
)
_THROTTLED: Final = {"__type": "com.amazon#ThrottlingException", "message": "Rate exceeded"}
AWS_JSON: Final = (*_chosen(_AWS), b"\x20" + _json(_THROTTLED))
_ID: Final = b"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
AWS_XML: Final = (
    b"\x00<GetTopicAttributesResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'>"
    b"<GetTopicAttributesResult><Attributes><entry><key>Policy</key><value>{}</value></entry>"
    b"</Attributes></GetTopicAttributesResult>" + _ID + b"</GetTopicAttributesResponse>",
    b"\x01<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::0:user/u</Arn>"
    b"<Account>000000000000</Account></GetCallerIdentityResult>"
    + _ID
    + b"</GetCallerIdentityResponse>",
    b"\x02<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion>"
    b"<Document>%7B%22Version%22%3A%222012-10-17%22%7D</Document>"
    b"<CreateDate>2026-01-01T00:00:00Z</CreateDate><IsDefaultVersion>true</IsDefaultVersion>"
    b"</PolicyVersion></GetPolicyVersionResult>" + _ID + b"</GetPolicyVersionResponse>",
    b"\x20<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>"
    b"<Message>not allowed</Message></Error><RequestId>1</RequestId></ErrorResponse>",
)
AWS_REST: Final = (
    b"\x00<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name><CreationDate>"
    b"2026-01-01T00:00:00Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>",
    b"\x01" + _json({"Pipes": [{"Name": "p", "CurrentState": "RUNNING", "CreationTime": 1.8e9}]}),
    b"\x02" + _json({"Functions": [{"FunctionName": "f", "Timeout": 3, "Layers": []}]}),
    b"\x03" + _json({"Schedules": [{"Name": "s", "Target": {"Arn": "arn:x"}}]}),
    b"\x20<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
)

_SPEC: Final = b"""version: 1
system: shop
environments: {dev: {outputs: {web: {listen: "127.0.0.1:9464"}}}}
sources:
  nats: {main: {monitor: ["http://n:8222"], poll: 10s, streams: {include: ["S*"]}}}
  prometheus: {p: {url: "http://p:9090"}}
alerts:
  NatsConsumerLagHigh: {above: 5, for: 2m}
slos:
  - name: delivery
    service: oms
    objective: 99.9
    window: 30d
    sli: {nats_delivery: {source: main, stream: S, consumer: C}}
maintenance: [{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z, reason: move}]
"""
SPECS: Final = (_SPEC, *(each.read_bytes() for each in [_ROOT / "collectors" / "oms.yaml"]))
WEB_CONFIGS: Final = (
    b"""tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example]
  min_version: TLS13
http_server_config: {http2: true, headers: {X-Frame-Options: deny}}
""",
    b"basic_auth_users:\n  alice: $2y$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n",
)
_TARGET: Final = {"refId": "A", "expr": 'sum by (job) (rate(up{job="$job"}[5m])) > 0'}
_PANEL: Final = {
    **{"id": 1, "title": "a", "type": "timeseries", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}},
    "targets": [_TARGET],
    "datasource": {"type": "prometheus", "uid": "${ds}"},
    "fieldConfig": {
        "defaults": {"unit": "s", "thresholds": {"steps": [{"value": None, "color": "red"}]}},
        "overrides": [{"matcher": {"id": "byName", "options": "x"}, "properties": []}],
    },
}
_VARIABLE: Final = {"name": "job", "type": "query", "query": "label_values(up, job)", "current": {}}
_BOARD: Final = {
    **{"title": "Shop", "uid": "shop", "schemaVersion": 39, "refresh": "30s", "tags": ["a"]},
    "panels": [_PANEL, {"type": "row", "id": 2, "panels": [_PANEL]}],
    "templating": {"list": [_VARIABLE, {"name": "ds", "type": "datasource"}]},
    "annotations": {"list": [{"expr": "ALERTS", "enable": True}]},
}
_V2: Final = {
    "apiVersion": "dashboard.grafana.app/v2beta1",
    "kind": "Dashboard",
    "metadata": {"name": "shop"},
    "spec": {
        "title": "Shop",
        "elements": {"p": {"kind": "Panel", "spec": {"id": 1, "title": "a", "data": {}}}},
        "layout": {"kind": "GridLayout", "spec": {"items": [{"kind": "GridLayoutItem"}]}},
    },
}
DASHBOARDS: Final = (_json(_BOARD), _json({"dashboard": _BOARD}), _json(_V2))
DASHBOARDS_YAML: Final = (
    _json({"kind": "ConfigMap", "data": {"a.json": json.dumps(_BOARD)}}),
    b"kind: GrafanaDashboard\nspec:\n  json: |\n    " + _json(_BOARD) + b"\n---\ntitle: x\n",
)
FOREIGN_SLOS: Final = (
    b"""version: prometheus/v1
service: shop
slos:
  - name: requests
    objective: 99.9
    sli: {events: {error_query: "sum(rate(a{code=~\\"5..\\"}[{{.window}}]))", total_query: "b"}}
    alerting: {name: A, labels: {x: y}, page_alert: {labels: {severity: page}}}
""",
    b"""apiVersion: openslo/v1
kind: SLO
metadata: {name: requests, displayName: Requests}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  objectives: [{target: 0.99, timeSliceTarget: 0.9}]
  indicator: {metadata: {name: i}, spec: {ratioMetric: {counter: true,
    good: {metricSource: {type: Prometheus, spec: {query: "a"}}},
    total: {metricSource: {type: Prometheus, spec: {query: "b"}}}}}}
""",
)


def _state() -> State:
    state = State(Path("memory"), None, lambda _: None)
    state.put("nats_history", "main", b"\x93\x01\x02\xa1a")
    state.put_buckets("shop/requests", [(60, 1_800_000_000 - 60 * n, 1.0, 2.0) for n in range(4)])
    assert state.flush()
    return state


STATE_EXPORTS: Final = (b"".join(exported(_state())),)
STATE_FILES: Final = (_state()._connection.serialize(), b"SQLite format 3\0")

HTTP_REQUESTS: Final = (
    b"GET /metrics HTTP/1.1\r\nHost: c:9464\r\nAccept: application/openmetrics-text;version=1.0.0,"
    b"text/plain;q=0.5\r\nAccept-Encoding: gzip;q=0.9, *;q=0\r\n\r\n",
    b"GET /?filter=a%20b HTTP/1.1\r\nHost: c\r\nAuthorization: Basic YTpi\r\n\r\n",
    b"HEAD /api/v1/status HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"
    b"GET /healthz HTTP/1.0\r\n\r\n",
    b"POST /readyz HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
    b"\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: c\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Content-Length: 5\r\n\r\nhello",
)


def _data(kind: str, result: Any) -> bytes:
    return _json({"status": "success", "data": {"resultType": kind, "result": result}})


_METRIC: Final = {"__name__": "up", "job": "a"}
PROMETHEUS: Final = (
    b"\x00" + _data("vector", [{"metric": _METRIC, "value": [1.8e9, "1"]}]),
    b"\x00" + _data("scalar", [1.8e9, "NaN"]),
    b"\x10" + _data("matrix", [{"metric": _METRIC, "values": [[1.8e9, "1"], [1.8e9, "+Inf"]]}]),
    b"\x20" + _json({"status": "success", "data": ["a", "b"]}),
    b"\x30" + _json({"status": "success", "data": [_METRIC]}),
    b"\x02" + _json({"status": "error", "errorType": "bad_data", "error": "parse error"}),
)
_ALERT: Final = {
    **{"labels": {"alertname": "a"}, "fingerprint": "f", "endsAt": _TIME},
    "receivers": [{"name": "pager"}],
    "status": {"state": "suppressed", "silencedBy": ["s"], "inhibitedBy": ["f"]},
}
_MATCHER: Final = {"name": "a", "value": "b", "isRegex": True, "isEqual": False}
ALERTMANAGER: Final = (
    b"\x00" + _json([{"matchers": [_MATCHER], "startsAt": _TIME, "endsAt": _TIME}]),
    b"\xff" + _json([_ALERT]),
)
_PARTIAL: Final = ExportMetricsServiceResponse()
_PARTIAL.partial_success.rejected_data_points = 3
_PARTIAL.partial_success.error_message = "too old"
OTLP: Final = (
    b"\x00" + _PARTIAL.SerializeToString(),
    b"\x01" + _json({"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}),
    b"\x04" + RpcStatus(code=8, message="slow down").SerializeToString(),
    b"\x06Wed, 21 Oct 2026 07:28:00 GMT",
    b"\x06120",
)
_STATUS: Final = Status(
    system="oms", environment="test", version="0", generated_at=1.8e9, uptime_seconds=5.0
)
_HISTORY: Final = {
    **{"name": "a", "service": "s", "sli": "x", "objective_percent": 99.9, "window": "30d"},
    **{"minutes": False, "known_from": 1.8e9, "known_until": 1.8e9, "step": 900, "start": 0},
    **{"total": [3.0, 4.0], "bad": [[1, 2.0]], "maintenance": [[0, 900]]},
}
_HISTORIES: Final = {"system": "oms", "environment": "e", "generated_at": 0, "slos": [_HISTORY]}
STATUSES: Final = (
    b"\x00" + encoded_status(_STATUS),
    b"\x01" + _json(_HISTORIES),
    b"\x02" + encoded_status(_STATUS),
)
PROBED: Final = (
    _json({"status": "ok", "checks": [{"name": "db", "status": "up", "up": True}]}),
    _json({"status": "ok", "checks": {"db": {"healthy": False}, "cache": "down"}}),
)
_PARENT: Final = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAYLOADS: Final = (
    _json({"type": "changed", "count": 1}),
    _json({"name": "Ada", "mail": "ada@example.com", "ssn": "123-45-6789", "ip": "10.1.2.3"}),
    _json({"specversion": "1.0", "id": "1", "data_base64": base64.b64encode(b"a@b.org").decode()}),
    b"card 4111 1111 1111 1111, phone +1 415 555 0100, key AKIAIOSFODNN7EXAMPLE\n",
    b'{\n  "password": "hunter2",\n  "list": [1, "a@b.org"]\n}\n{"a": 1}\n',
)
TRACED: Final = (
    b"\n".join((_PARENT, b"a=1,b=2", b"user=ada;p=1,x=%20y", b"Root=1-5759e988-bd862e3fe1be46a9")),
    _json({"Body": json.dumps({"traceparent": _PARENT.decode()}), "MessageId": "m"}),
    _json({"detail-type": "c", "source": "o", "detail": {"traceparent": _PARENT.decode()}}),
    _json({"specversion": "1.0", "id": "c", "type": "t", "traceparent": _PARENT.decode()}),
)
