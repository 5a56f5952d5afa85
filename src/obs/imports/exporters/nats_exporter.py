"""The flags of prometheus-nats-exporter as a NATS source, with its names on /metrics."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from obs.imports.exporters.flags import COMMAND_LINE, Flag, Given, Word, read_flags, tell
from obs.imports.exporters.imported import ImportedSources, sources_text
from obs.imports.findings import Findings
from obs.spec.tree import FilePlace

PROGRAMS: Final = ("prometheus-nats-exporter",)
_COMPAT: Final = "outputs.web.compat"
_NAMES: Final = "outputs.web.nats_exporter"
_OURS_ONLY: Final = "obs collects it under its own names; those of the exporter are not served"
_CONNECTIONS: Final = (
    "obs collects connections of accounts that you name: add connections to `collect`, and "
    "`client_connections: {accounts: [NAME]}`"
)
_TLS: Final = (
    "obs reads TLS and passwords of /metrics from a file in the format of Prometheus' "
    "exporter-toolkit; write one, and its path there"
)
_LOG: Final = "obs logs to stderr; systemd or the container's runtime keeps it"
_WHOLE_CLUSTER: Final = (
    "obs finds the other servers of the cluster and shows them too, so one obs does for all; "
    "discover: false keeps to these addresses"
)
FLAGS: Final = (
    Flag(("varz",), ours=_COMPAT),
    Flag(("jsz",), "FILTER", _COMPAT),
    Flag(("connz",), told=_CONNECTIONS, lost=True),
    Flag(("connz_detailed",), told=_CONNECTIONS, lost=True),
    Flag(("healthz",), ours="sources.nats.NAME", told=_OURS_ONLY),
    Flag(("healthz_js_enabled_only",), ours="sources.nats.NAME", told=_OURS_ONLY),
    Flag(("healthz_js_server_only",), ours="sources.nats.NAME", told=_OURS_ONLY),
    Flag(("gatewayz",), ours="sources.nats.NAME.collect", told=_OURS_ONLY),
    Flag(("accstatz",), ours="sources.nats.NAME.collect", told=_OURS_ONLY),
    Flag(("accountz",), ours="sources.nats.NAME.collect", told=_OURS_ONLY),
    Flag(("leafz",), ours="sources.nats.NAME.collect", told=_OURS_ONLY),
    Flag(("routez",), ours="sources.nats.NAME.collect", told=_OURS_ONLY),
    Flag(
        ("subz",),
        told="figures of the server's subject matcher, which obs does not collect: "
        "nats_server_subscriptions and nats_server_cpu_cores show what an operator can change",
        lost=True,
    ),
    Flag(("jsz_stream_meta_keys",), "KEYS", "sources.nats.NAME.metadata_labels"),
    Flag(("jsz_consumer_meta_keys",), "KEYS", "sources.nats.NAME.metadata_labels"),
    Flag(("prefix",), "PREFIX", f"{_NAMES}.prefix"),
    Flag(("use_internal_server_id",), ours=f"{_NAMES}.server_id"),
    Flag(("use_internal_server_name",), ours=f"{_NAMES}.server_id"),
    Flag(("port", "p"), "PORT", "outputs.web.listen"),
    Flag(("addr", "a"), "HOST", "outputs.web.listen"),
    Flag(("path",), "PATH", told="obs serves /metrics; set metrics_path of the scrape", lost=True),
    Flag(("ri",), "SECONDS", told="obs asks again at its next poll, every `poll`"),
    Flag(("tlscert",), "FILE", "outputs.web.config_file", _TLS, lost=True),
    Flag(("tlskey",), "FILE", "outputs.web.config_file", _TLS, lost=True),
    Flag(("tlscacert",), "FILE", "outputs.web.config_file", _TLS, lost=True),
    Flag(("http_user",), "USER", "outputs.web.config_file", _TLS, lost=True),
    Flag(("http_pass",), "PASSWORD", "outputs.web.config_file", _TLS, lost=True, secret=True),
    Flag(("log", "l"), "FILE", told=_LOG),
    Flag(("syslog", "s"), told=_LOG),
    Flag(("remote_syslog", "r"), "ADDRESS", told=_LOG),
    Flag(("D",), told="obs collect --verbose"),
    Flag(("V",), told="obs collect --verbose"),
    Flag(("DV",), told="obs collect --verbose"),
    Flag(("version",), told="obs --version"),
)
URL: Final = "sources.nats.NAME.monitor"
"""Where the exporter's arguments go."""

_LISTEN: Final = ("0.0.0.0", "7777")  # noqa: S104  as the exporter listens
_SOURCE: Final = "nats"


def import_nats_exporter(words: Sequence[Word]) -> ImportedSources:
    """The source and outputs that these flags say."""
    findings = Findings()
    given = read_flags(words, FLAGS, PROGRAMS, findings)
    tell(given, FLAGS, findings)
    monitor = [url for word in given.others if (url := _url(word, findings))]
    if not monitor:
        place = given.others[0].place if given.others else FilePlace(COMMAND_LINE, 1, ())
        findings.lost(place, "no URL of a monitoring port is given, such as http://localhost:8222")
        return ImportedSources(None, tuple(findings.in_order()), "0 sources taken over")
    findings.note(given.others[0].place, _WHOLE_CLUSTER)
    source: dict[str, Any] = {"monitor": monitor}
    if keys := _metadata(given, findings):
        source["metadata_labels"] = keys
    web = _web(given, findings)
    text = sources_text(
        f"{PROGRAMS[0]}: {' '.join(f'-{name}' for name in given.flags)}",
        "nats",
        {_SOURCE: source},
        outputs={"web": web},
        remarks=(
            "compat serves the exporter's names after ours; remove it once nothing reads them.",
        ),
    )
    number = f"{len(monitor)} address{'es' * (len(monitor) > 1)}"
    return ImportedSources(text, tuple(findings.in_order()), f"1 source of {number} taken over")


def _url(word: Word, findings: Findings) -> str:
    """The address; what of it has no counterpart is told, without its value."""
    own_id, comma, url = word.text.rpartition(",")
    if comma:
        findings.lost(word.place, f"the id {own_id!r} of a server: obs has its address, id or name")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        findings.lost(word.place, "is no URL of a monitoring port, such as http://localhost:8222")
        return ""
    if parts.username is not None:
        findings.lost(word.place, "a URL holds no password in obs: write monitor_login")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl().rstrip("/")


def _metadata(given: Given, findings: Findings) -> list[str]:
    keys: dict[str, None] = {}
    for name in ("jsz_stream_meta_keys", "jsz_consumer_meta_keys"):
        if word := given.flags.get(name):
            keys |= dict.fromkeys(each.strip() for each in word.text.split(",") if each.strip())
            findings.lost(
                word.place,
                "metadata_labels: they are labels of nats_stream_metadata_info and "
                "nats_consumer_metadata_info, and not of the exporter's series",
            )
    return list(keys)


def _web(given: Given, findings: Findings) -> dict[str, Any]:
    names: dict[str, str] = {}
    if prefix := given.text("prefix"):
        names["prefix"] = prefix
    for flag, identity in (("use_internal_server_id", "id"), ("use_internal_server_name", "name")):
        if given.on(flag):
            names["server_id"] = identity
    if (jsz := given.flags.get("jsz")) and jsz.text.lower() not in ("all", "consumer", "consumers"):
        findings.note(jsz.place, "compat: serves what -jsz=all does, so more than this filter")
    host, port = given.text("addr") or _LISTEN[0], given.text("port") or _LISTEN[1]
    return {
        "listen": f"{host}:{port}",
        "compat": ["nats-exporter"],
        **({"nats_exporter": names} if names else {}),
    }
