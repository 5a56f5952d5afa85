"""The built configuration in Alertmanager's own hands: accepted, routed, inhibited, rendered."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.alerts.alert import TunedAlert
from obs.alerts.routing import NO_RECEIVER, inhibitions
from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.alertmanager import TEXT, TITLE
from obs.sandbox.alerting import alertmanager_binary
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.alertmanagers import fire, inhibited, routed, running_alertmanager
from tests.integration.waiting import eventually
from tests.unit.alerts.silencing import firing, silences

REFERENCE = Path(__file__).parents[2] / "collectors" / "oms.yaml"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("amtool") is None or alertmanager_binary() is None,
        reason="Alertmanager is not installed (Debian: prometheus-alertmanager)",
    ),
]


def system_in(environment: str) -> System:
    return load([REFERENCE], env=environment, variables={})


def configured(system: System, folder: Path) -> Path:
    (text,) = build(system, ["alertmanager"])["alertmanager"].values()
    path = folder / "alertmanager.yml"
    path.write_text(text, encoding="utf-8")
    return path


def amtool(*arguments: str) -> str:
    done = subprocess.run(
        ["amtool", *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
def test_amtool_finds_no_fault_in_any_environment(environment: str, tmp_path: Path) -> None:
    config = configured(system_in(environment), tmp_path)
    assert "SUCCESS" in amtool("check-config", str(config))


def test_every_kind_of_receiver_and_quiet_hours_are_taken(tmp_path: Path) -> None:
    spec = {
        "version": 1,
        "system": "orders",
        "sources": {
            "nats": {"main": {"monitor": ["http://nats:8222"]}},
            "aws": {"cloud": {"region": "eu-west-1", "put_events": True, "schedule_groups": ["a"]}},
        },
        "notify": {
            "inhibit": [{"source": ["NatsConsumerSlow"], "target": ["NatsConsumerLagHigh"]}],
            "receivers": {
                "all": {
                    "slack": {"api_url_file": "/run/slack", "channel": "#orders"},
                    "pagerduty": {"routing_key_file": "/run/pagerduty"},
                    "email": {
                        "to": ["a@b.example", "c@b.example"],
                        "from": "obs@b.example",
                        "smarthost": "mail:587",
                        "username": "obs",
                        "password_file": "/run/mail",
                        "require_tls": False,
                    },
                    "webhook": {"url": "http://hook:8080/", "credentials_file": "/run/token"},
                    "sns": {
                        "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders",
                        "role_arn": "arn:aws:iam::123456789012:role/alerts",
                    },
                }
            },
            "routes": {
                "critical": {"to": ["all"], "wait": "0s", "quiet": ["nights", "sundays"]},
                "warning": {"to": ["all"], "repeat": "1h30m"},
                "info": {"to": ["all"], "group_by": ["alertname", "nats"]},
                "labelled": [{"labels": {"team": 'a "quoted" \\ team'}, "to": ["all"]}],
            },
            "quiet_hours": {
                "nights": {"from": "20:00", "until": "07:00", "timezone": "Europe/Berlin"},
                "sundays": {"days": ["sunday"]},
            },
        },
    }
    config = configured(System.model_validate(spec), tmp_path)
    assert "SUCCESS" in amtool("check-config", str(config))
    team = r'team="a \"quoted\" \\ team"'
    where = ("managed_by=obs", "system=orders", "environment=production", "severity=info")
    found = amtool("config", "routes", "test", f"--config.file={config}", *where, team)
    assert found.split() == ["all"]


EXPECTED = {
    "production": {"critical": "oncall,chat,topic", "warning": "chat", "info": NO_RECEIVER},
    "staging": {"critical": "chat,topic", "warning": "chat", "info": NO_RECEIVER},
    "development": {"critical": "chat", "warning": "chat", "info": NO_RECEIVER},
}
WATCHDOG = {"production": "deadman", "staging": "deadman", "development": NO_RECEIVER}


@pytest.mark.parametrize("environment", EXPECTED)
def test_every_alert_reaches_whom_its_severity_says(environment: str, tmp_path: Path) -> None:
    system = system_in(environment)
    expected: dict[tuple[tuple[str, str], ...], str] = {}
    for tuned in tuned_alerts(system):
        for severity, receivers in EXPECTED[environment].items():
            labels = {**firing(tuned), "environment": environment, "severity": severity}
            is_watchdog = tuned.name == "ObsWatchdog"
            expected[_key(labels)] = WATCHDOG[environment] if is_watchdog else receivers
    with running_alertmanager(configured(system, tmp_path), tmp_path) as url:
        fire(url, *map(dict, expected))
        assert routed(url) == expected


def test_alerts_of_other_systems_go_to_the_fallback(tmp_path: Path) -> None:
    config = configured(system_in("production"), tmp_path)
    test = ("config", "routes", "test", f"--config.file={config}")
    ours = ("managed_by=obs", "system=oms")
    assert amtool(*test, "system=oms", "environment=production", "severity=critical").split() == [
        "chat"
    ]
    assert amtool(*test, "managed_by=obs", "system=other", "severity=critical").split() == ["chat"]
    assert amtool(*test, *ours, "environment=staging", "severity=critical").split() == ["chat"]


THEIRS = {
    "global": {"resolve_timeout": "7m"},
    "route": {
        "receiver": "chat",  # a name that obs' spec has too
        "group_by": ["cluster"],
        "routes": [
            {"matchers": ['team="db"'], "receiver": "dba", "mute_time_intervals": ["nights"]},
            {"receiver": "chat"},  # takes everything
        ],
    },
    "inhibit_rules": [
        {
            "source_matchers": ['alertname="Maintenance"'],
            "target_matchers": ['team="db"'],
            "equal": ["server"],
        }
    ],
    "time_intervals": [{"name": "nights", "time_intervals": [{"weekdays": ["sunday"]}]}],
    "receivers": [{"name": "chat"}, {"name": "dba"}],
}


def merged(folder: Path, *systems: System) -> Path:
    """Their configuration with the fragments of systems, put together as each fragment says."""
    path = folder / "merged.yml"
    path.write_text(yaml.safe_dump(THEIRS))
    for system in systems:
        (text,) = build(system, ["alertmanager-fragment"])["alertmanager-fragment"].values()
        part = folder / "fragment.yaml"
        part.write_text(text)
        if yq := _yq():
            (command,) = (line[2:] for line in text.splitlines() if line.startswith("# yq "))
            program = command.split("'")[1]
            done = subprocess.run(
                [yq, "eval-all", program, part, path], capture_output=True, text=True, check=True
            )
            path.write_text(done.stdout)
        else:
            whole = both(yaml.safe_load(text), yaml.safe_load(path.read_text()))
            path.write_text(yaml.safe_dump(whole))
    return path


def _yq() -> str | None:
    """yq 4; a tool of the same name speaks another language."""
    found = shutil.which("yq")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return found if "mikefarah" in version.stdout else None


def both(one: Any, other: Any) -> Any:
    """What `*+` of yq makes of two documents: maps are merged, lists joined, else the latter."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {**one, **other}
        return {
            key: both(one[key], other[key]) if key in one and key in other else keys[key]
            for key in keys
        }
    return [*one, *other] if isinstance(one, list) and isinstance(other, list) else other


def route(config: Path, **labels: str) -> str:
    given = [f"{label}={value}" for label, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={config}", *given).strip()


def test_a_fragment_adds_our_alerts_to_the_configuration_of_others_and_changes_nothing_of_theirs(
    tmp_path: Path,
) -> None:
    production, staging = system_in("production"), system_in("staging")
    config = merged(tmp_path, production, staging)
    assert "SUCCESS" in amtool("check-config", str(config))
    document = yaml.safe_load(config.read_text())
    assert document["global"] == THEIRS["global"]
    assert document["route"]["receiver"] == "chat"
    expected = {}
    for tuned in tuned_alerts(production):
        for environment in ("production", "staging"):
            labels = {**firing(tuned), "environment": environment, "severity": "critical"}
            kind = WATCHDOG if tuned.name == "ObsWatchdog" else None
            names = kind[environment] if kind else EXPECTED[environment]["critical"]
            receivers = ",".join(f"obs-oms-{environment}-{name}" for name in names.split(","))
            expected[_key(labels)] = receivers
    with running_alertmanager(config, tmp_path) as url:
        fire(url, *map(dict, expected))
        assert routed(url) == expected
    theirs = tmp_path / "theirs.yml"
    theirs.write_text(yaml.safe_dump(THEIRS))
    for labels in (
        {"team": "db", "severity": "critical"},
        {"system": "oms", "environment": "production", "severity": "critical"},
        {"alertname": "ObsSourceDown", "severity": "warning", "system": "oms"},
        {"managed_by": "obs", "system": "another", "severity": "critical"},
    ):
        assert route(config, **labels) == route(theirs, **labels)


def test_fragments_of_two_environments_inhibit_only_their_own_alerts(tmp_path: Path) -> None:
    config = merged(tmp_path, system_in("production"), system_in("staging"))
    ours = {"managed_by": "obs", "system": "oms", "environment": "production"}
    absent = {"alertname": "ObsCollectorAbsent", "severity": "critical", **ours}
    mine = {"alertname": "SloNoData", "severity": "warning", **ours}
    other = {**mine, "environment": "staging"}
    full = {"alertname": "DiskFull", "severity": "critical", "server": "db-1"}
    late = {"alertname": "BackupLate", "severity": "warning", "server": "db-1"}
    with running_alertmanager(config, tmp_path) as url:
        fire(url, absent, mine, other, full, late)
        expected = {_key(each): each is mine for each in (absent, mine, other, full, late)}
        assert eventually(lambda: inhibited(url) == expected)


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """Address of an Alertmanager that runs the production configuration."""
    with running_alertmanager(configured(system_in("production"), tmp_path), tmp_path) as url:
        yield url


def test_alertmanager_inhibits_exactly_what_the_rules_say(alertmanager: str) -> None:
    system = system_in("production")
    alerts = [
        tuned for tuned in tuned_alerts(system) if tuned.name not in ("ObsCollectorAbsent",)
    ]  # which would silence all others
    rules = inhibitions(tuple(alerts), system)
    posted = [
        labels
        for tuned in alerts
        for labels in (firing(tuned), firing(tuned, consumer="other", rule="other", slo="other"))
    ]
    posted = [labels for index, labels in enumerate(posted) if labels not in posted[:index]]
    fire(alertmanager, *posted)
    expected = {
        _key(labels): any(silences(rules, other, labels) for other in posted) for labels in posted
    }
    assert 0 < sum(expected.values()) < len(expected)
    # An alert is listed a moment before those that it inhibits are marked so.
    assert eventually(lambda: inhibited(alertmanager) == expected)


def test_alerts_of_others_are_not_inhibited_whatever_labels_they_share(alertmanager: str) -> None:
    ours = {"managed_by": "obs", "system": "oms", "environment": "production"}
    full = {"alertname": "DiskFull", "severity": "critical", "server": "db-1", "consumer": "x"}
    late = {"alertname": "BackupLate", "severity": "warning", "server": "db-1", "consumer": "x"}
    shared = {"system": "oms", "environment": "production"}  # external labels of a Prometheus
    absent = {"alertname": "ObsCollectorAbsent", "severity": "critical", **ours}
    mine = {"alertname": "NatsServerUnhealthy", "severity": "warning", **ours}
    fire(alertmanager, full, late, {**full, **shared}, {**late, **shared}, absent, mine)
    expected = {
        _key(labels): labels is mine
        for labels in (full, late, {**full, **shared}, {**late, **shared}, absent, mine)
    }
    assert eventually(lambda: inhibited(alertmanager) == expected)


def _key(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def rendered(template: str, status: str, alerts: list[TunedAlert], tmp_path: Path) -> str:
    """A template of ours as Alertmanager fills it in for a group of alerts."""
    labels = [firing(tuned) for tuned in alerts]
    notified = [
        {
            "status": status,
            "labels": own,
            "annotations": {
                "description": f"about {tuned.name}",
                "dashboard_url": f"https://g.example/{tuned.name}",
            },
        }
        for tuned, own in zip(alerts, labels, strict=True)
    ]
    common = dict(set.intersection(*(set(own.items()) for own in labels)))
    data = {
        "receiver": "chat",
        "status": status,
        "alerts": notified,
        "groupLabels": {},
        "commonLabels": common,
        "commonAnnotations": {"summary": "It is so.", "runbook_url": "https://books.example/x.md"},
        "externalURL": "http://alertmanager",
    }
    path = tmp_path / "data.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    pattern = tmp_path / "none.tmpl"
    pattern.write_text("", encoding="utf-8")
    return amtool(
        "template",
        "render",
        f"--template.glob={pattern}",
        f"--template.data={path}",
        f"--template.text={template}",
    )


def test_a_title_says_how_bad_where_what_and_how_many(tmp_path: Path) -> None:
    alerts = tuned_alerts(system_in("production"))
    stalled = [tuned for tuned in alerts if tuned.name == "NatsConsumerStalled"]
    title = rendered(TITLE, "firing", stalled, tmp_path)
    assert title == "CRITICAL oms production: NatsConsumerStalled"
    title = rendered(TITLE, "firing", stalled * 3, tmp_path)
    assert title == "CRITICAL oms production: NatsConsumerStalled (3)"
    title = rendered(TITLE, "resolved", stalled, tmp_path)
    assert title == "RESOLVED oms production: NatsConsumerStalled"


def test_a_text_says_what_happened_to_each_object_and_where_to_go_on(tmp_path: Path) -> None:
    alerts = tuned_alerts(system_in("production"))
    lag = [tuned for tuned in alerts if tuned.name.startswith("NatsConsumerLag")]
    assert rendered(TEXT, "firing", lag, tmp_path).splitlines() == [
        "It is so.",
        "about NatsConsumerLagHigh",
        "Dashboard: https://g.example/NatsConsumerLagHigh",
        "about NatsConsumerLagSecondsHigh",
        "Dashboard: https://g.example/NatsConsumerLagSecondsHigh",
        "Runbook: https://books.example/x.md",
    ]
    assert "resolved: about NatsConsumerLagHigh" in rendered(TEXT, "resolved", lag, tmp_path)
