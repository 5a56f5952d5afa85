"""The registry: everything that parses foreign bytes, a line each."""

from typing import Final

from obs.errors import BadInput, ObsError, SourceError
from tests.fuzz import on_aws, on_files, on_http, on_messages, on_nats, samples
from tests.fuzz.target import Target

_PARSED: Final = (SourceError,)
_INPUT: Final = (BadInput,)
_NOTHING: Final = ()

TARGETS: Final = (
    Target("nats-poll", on_nats.poll, _PARSED, samples.NATS_PAGES, 60),
    Target("nats-pages", on_nats.pages, _PARSED, samples.NATS_OTHER_PAGES),
    Target("jetstream-api", on_nats.api, _PARSED, samples.API_PAGES),
    Target("advisories", on_nats.advisories, _NOTHING, samples.ADVISORIES),
    Target("sys-answers", on_nats.system, _PARSED, samples.SYSTEM_REPLIES),
    Target("service-replies", on_nats.services, _NOTHING, samples.SERVICE_REPLIES),
    Target("nats-credentials", on_nats.credentials, _NOTHING, samples.CREDENTIALS),
    Target("aws-json", on_aws.json_answers, _PARSED, samples.AWS_JSON),
    Target("aws-xml", on_aws.query_answers, _PARSED, samples.AWS_XML),
    Target("aws-rest", on_aws.rest_answers, _PARSED, samples.AWS_REST),
    Target("spec", on_files.spec, _INPUT, samples.SPECS, 60),
    Target("web-config", on_files.web_config, _INPUT, samples.WEB_CONFIGS),
    Target("dashboard-json", on_files.dashboard_json, _INPUT, samples.DASHBOARDS),
    Target("dashboard-yaml", on_files.dashboard_yaml, _INPUT, samples.DASHBOARDS_YAML),
    Target("imported-slos", on_files.imported_slos, _INPUT, samples.FOREIGN_SLOS),
    Target("state-export", on_files.state_export, _INPUT, samples.STATE_EXPORTS),
    Target("state-file", on_files.state_file, _INPUT, samples.STATE_FILES, 30),
    Target("http-requests", on_http.web_server, _NOTHING, samples.HTTP_REQUESTS),
    Target("prometheus", on_http.prometheus, _PARSED, samples.PROMETHEUS),
    Target("alertmanager", on_http.alertmanager, _PARSED, samples.ALERTMANAGER),
    Target("otlp", on_http.otlp, _PARSED, samples.OTLP),
    Target("collector-status", on_http.collector_status, _PARSED, samples.STATUSES),
    Target("probed-bodies", on_http.probed, on_http.PROBE_ERRORS, samples.PROBED),
    Target("privacy", on_messages.privacy, (ObsError,), samples.PAYLOADS),
    Target("privacy-stream", on_messages.privacy_stream, (ObsError,), samples.PAYLOADS),
    Target("trace-headers", on_messages.trace_headers, _NOTHING, samples.TRACED),
    Target("traced-messages", on_messages.traced, _NOTHING, samples.TRACED),
)

BY_NAME: Final = {target.name: target for target in TARGETS}
