"""The flags of nats-surveyor, or its YAML file, as a NATS source of the system account."""

from collections.abc import Sequence
from typing import Any, Final

from obs.imports.exporters.flags import COMMAND_LINE, Flag, Given, Word, read_flags, tell
from obs.imports.exporters.imported import ImportedSources, Variable, sources_text
from obs.imports.findings import Findings
from obs.spec.tree import Fields, FilePlace, Scalar

PROGRAMS: Final = ("nats-surveyor",)
_SYSTEM: Final = "sources.nats.NAME.system"
_COLLECT: Final = "sources.nats.NAME.collect"
_NO_SECRETS: Final = (
    "a secret is no text in a spec: the variable NATS_{} holds it, or {}_file names a file"
)
_TLS: Final = (
    "obs reads TLS and passwords of /metrics from a file in the format of Prometheus' "
    "exporter-toolkit; write one, and its path there"
)
_ALL_JSZ: Final = "obs reads streams and consumers of all accounts, of leaders and followers"
FLAGS: Final = (
    Flag(("servers", "s"), "URLS", f"{_SYSTEM}.servers"),
    Flag(
        ("count", "c"),
        "NUMBER",
        told="obs learns the servers from the servers, and tells which one does not answer",
    ),
    Flag(("timeout",), "DURATION", "sources.nats.NAME.timeout"),
    Flag(("server-discovery-timeout",), "DURATION", told="obs waits no fixed time for servers"),
    Flag(("creds",), "FILE", f"{_SYSTEM}.credentials_file"),
    Flag(("nkey",), "FILE", f"{_SYSTEM}.nkey_file"),
    Flag(("jwt",), "JWT", f"{_SYSTEM}.jwt_file", _NO_SECRETS.format("JWT", "jwt"), True, True),
    Flag(("seed",), "SEED", f"{_SYSTEM}.nkey_file", _NO_SECRETS.format("NKEY", "nkey"), True, True),
    Flag(("user",), "USER", f"{_SYSTEM}.user"),
    Flag(
        ("password",),
        "PASSWORD",
        f"{_SYSTEM}.password_file",
        _NO_SECRETS.format("PASSWORD", "password"),
        True,
        True,
    ),
    Flag(("token-file",), "FILE", f"{_SYSTEM}.token_file"),
    Flag(("tlscert",), "FILE", f"{_SYSTEM}.tls.cert_file"),
    Flag(("tlskey",), "FILE", f"{_SYSTEM}.tls.key_file"),
    Flag(("tlscacert",), "FILE", f"{_SYSTEM}.tls.ca_file"),
    Flag(("tlsfirst",), ours=f"{_SYSTEM}.tls_first"),
    Flag(("port", "p"), "PORT", "outputs.web.listen"),
    Flag(("addr", "a"), "HOST", "outputs.web.listen"),
    Flag(("http-tlscert",), "FILE", "outputs.web.config_file", _TLS, True),
    Flag(("http-tlskey",), "FILE", "outputs.web.config_file", _TLS, True),
    Flag(("http-tlscacert",), "FILE", "outputs.web.config_file", _TLS, True),
    Flag(("http-user",), "USER", "outputs.web.config_file", _TLS, True),
    Flag(("http-pass",), "PASSWORD", "outputs.web.config_file", _TLS, True, True),
    Flag(("prefix",), "PREFIX", told="the names of obs are fixed", lost=True),
    Flag(
        ("observe",),
        "FOLDER",
        told="obs measures micro services: add services to `collect`, and a `connection` of each "
        "account",
        lost=True,
    ),
    Flag(
        ("jetstream",),
        "FOLDER",
        told="obs hears advisories over `connections`, one of each account; `obs nats permissions` "
        "prints their rights",
        lost=True,
    ),
    Flag(("accounts",), ours=_COLLECT),
    Flag(("accounts-detailed",), ours=_COLLECT),
    Flag(("gatewayz",), ours=_COLLECT),
    Flag(("raftz",), ours=_COLLECT),
    Flag(("jsz",), "KIND", "sources.nats.NAME", _ALL_JSZ),
    Flag(("jsz-limit",), "NUMBER", "sources.nats.NAME.max_accounts"),
    Flag(("jsz-leaders-only",), told="obs shows each stream and consumer as its leader tells it"),
    Flag(
        ("jsz-filter",),
        "METRICS",
        "metrics.exclude",
        "obs has other names: exclude those of its metrics that you do not want",
        True,
    ),
    Flag(("sys-req-prefix",), "PREFIX", told="obs asks $SYS.REQ", lost=True),
    Flag(("pprof",), told="obs has none"),
    Flag(("log-level",), "LEVEL", told="obs collect --verbose"),
    Flag(("config",), "FILE", told="import this file instead: obs import nats-surveyor FILE"),
)
_LOGIN: Final = {
    "creds": "credentials_file",
    "nkey": "nkey_file",
    "user": "user",
    "token-file": "token_file",
}
_TLS_FIELDS: Final = {"tlscacert": "ca_file", "tlscert": "cert_file", "tlskey": "key_file"}
_SECRETS: Final = {"password": "password", "jwt": "jwt", "seed": "nkey"}
_VARIABLE: Final = "NATS_{}"
_SERVER: Final = "nats://127.0.0.1:4222"
_LISTEN: Final = ("0.0.0.0", "7777")  # noqa: S104  as surveyor listens
_GROUPS: Final = ("servers", "accounts", "routes", "gateways", "leafnodes")


def import_nats_surveyor(words: Sequence[Word]) -> ImportedSources:
    """The source and outputs that these flags say."""
    findings = Findings()
    return _imported(read_flags(words, FLAGS, PROGRAMS, findings), findings)


def import_surveyor_file(document: Fields, findings: Findings) -> ImportedSources:
    """Those that its YAML file says, whose keys are the flags' names."""
    words: list[Word] = []
    for key, value in document.fields.items():
        place = document.place if not isinstance(value, Scalar) else value.place
        if not isinstance(value, Scalar):
            findings.lost(place, "is no text; left out")
        elif value.value is not None:
            text = value.value
            written = str(text).lower() if isinstance(text, bool) else str(text)
            words.append(Word(f"--{key}={written}", place))
    return _imported(read_flags(words, FLAGS, PROGRAMS, findings), findings)


def _imported(given: Given, findings: Findings) -> ImportedSources:
    tell(given, FLAGS, findings)
    for word in given.others:
        findings.lost(word.place, "is no flag; left out")
    urls = given.text("servers") or _SERVER
    system: dict[str, Any] = {"servers": [each.strip() for each in urls.split(",")]}
    system |= {ours: given.text(flag) for flag, ours in _LOGIN.items() if given.text(flag)}
    for flag, ours in _SECRETS.items():
        if given.text(flag):  # the spec names a variable, never the secret
            system[ours] = Variable(_VARIABLE.format(ours.upper()))
    if tls := {ours: given.text(flag) for flag, ours in _TLS_FIELDS.items() if given.text(flag)}:
        system["tls"] = tls
    if given.on("tlsfirst"):
        system["tls_first"] = True
    if "user" in system and "password" not in system:
        _user_alone(system, given, findings)
    source: dict[str, Any] = {"system": system}
    if timeout := given.text("timeout"):
        source["timeout"] = timeout
    if limit := given.text("jsz-limit"):
        source["max_accounts"] = int(limit) if limit.isdigit() else limit
    if given.on("raftz"):
        source["collect"] = [*_GROUPS, "raft"]
    web = {"listen": f"{given.text('addr') or _LISTEN[0]}:{given.text('port') or _LISTEN[1]}"}
    text = sources_text(PROGRAMS[0], "nats", {"nats": source}, outputs={"web": web})
    return ImportedSources(text, tuple(findings.in_order()), "1 source taken over")


def _user_alone(system: dict[str, Any], given: Given, findings: Findings) -> None:
    """Surveyor takes a user without a password for a token."""
    place = given.flags["user"].place if "user" in given.flags else FilePlace(COMMAND_LINE, 1, ())
    del system["user"]
    system["token"] = Variable(_VARIABLE.format("TOKEN"))
    findings.lost(place, "without a password it is a token: give it in the variable NATS_TOKEN")
