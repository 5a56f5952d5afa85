"""Hosts, containers and Cloud Run: their pages and their alerts on a real Prometheus.

The host is this machine, and one that does what a test wants of it; containers and Cloud Run
cannot run here, so they are recorded.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import TypeVar

import pytest

from obs.dashboards.build import boards
from obs.packs.pack import pack_of
from obs.sandbox.process import Process
from obs.sandbox.prometheus import prometheus_binary
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.pack_services import exporters
from tests.integration.pack_services.drilling import quick_rules
from tests.integration.pack_services.recorded import Exposition, exposition
from tests.integration.pack_services.shapes import (
    CADVISOR,
    KUBE_STATE,
    LATENCY_BOUNDS,
    MANAGED,
    STACKDRIVER,
    cloud_run,
    cloud_run_types,
    container,
    host,
    of_container,
    of_host,
    of_pod,
    of_revision,
    pod,
)
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.waiting import PATIENCE, eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no Prometheus is installed"),
    pytest.mark.skipif(exporters.NODE_EXPORTER is None, reason="no node_exporter is installed"),
]

T = TypeVar("T")

SPEC = """version: 1
system: {system}
sources: {{prometheus: {{metrics: {{url: "http://localhost:9090"}}}}}}
packs:
{packs}
"""
PACKS = {
    "docker": """
  host: {where: {job: "node*"}}
  containers: {runtime: docker, where: {job: docker}}
  cloud-run: {names: stackdriver, where: {job: stackdriver}, availability: 99.9, source: metrics}
""",
    "kubernetes": """
  containers: {where: {job: kubernetes}}
  cloud-run: {names: managed, where: {job: managed}, availability: 99.9, source: metrics}
""",
}
NOT_HERE = {
    "Tracked connections of the most possible",  # without a firewall
    "Failed units of systemd",  # Debian's node_exporter does not ask it
    "Packets with errors",  # a share of no packets, where all talk is on loopback
}
PERIODS = "container_cpu_cfs_periods_total"
DISK = {"device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/data"}
SPARE = {**DISK, "mountpoint": "/spare"}
THROTTLED = "container_cpu_cfs_throttled_periods_total"
UNREAD = 'stackdriver_monitoring_last_scrape_error{project_id="ion"}'
GIBIBYTE = 2.0**30
SHARES = tuple(each / 100 for each in range(5, 105, 5))
PREFIXES = {"stackdriver": STACKDRIVER, "managed": MANAGED}


@dataclass
class Rig:
    """What runs. `happening` is done again and again while a test waits."""

    prometheus: Watching
    node: Process
    recorded: dict[str, Exposition]
    systems: dict[str, System]
    happening: list[Callable[[], None]]
    clock_off: float = 0.0
    idle: bool = True

    def eventually(self, check: Callable[[], T], timeout: float = PATIENCE) -> T:
        """The first true value of `check()` while things happen."""

        def checked() -> T:
            for happen in self.happening:
                happen()
            return check()

        return eventually(checked, timeout)

    def firing(self) -> set[tuple[str, str]]:
        """The names of the alerts that fire, each with its system, or which of the hosts."""
        found = self.prometheus.query('ALERTS{alertstate="firing"}')
        return {(each["alertname"], self._whose(each)) for each, _ in found}

    def _whose(self, labels: dict[str, str]) -> str:
        if not labels["alertname"].startswith("Host"):
            return labels["system"]
        return "here" if labels["instance"] == self.here else "faulty"

    @property
    def here(self) -> str:
        """This machine's node_exporter, as a label."""
        return self.node.argv[1].partition("=")[2]


def requests(made: Exposition, prefix: str, code: str = "200", milliseconds: float = 120) -> None:
    """Ten requests."""
    answered = {"response_code": code, "response_code_class": f"{code[0]}xx"}
    made.add(of_revision(f"{prefix}request_count", "ion", **answered), 10)
    latencies = of_revision(f"{prefix}request_latencies", "ion", **answered)
    made.observe(latencies, milliseconds, LATENCY_BOUNDS, 10)


def use(made: Exposition, prefix: str, share: float, start: float) -> None:
    """What instances use of CPU and memory, and a new one that takes so many milliseconds."""
    for metric in ("cpu_utilizations", "memory_utilizations"):
        used = of_revision(f"{prefix}container_{metric}", "ion", container_name="ion-1")
        made.observe(used, share, SHARES, 10)
    made.observe(of_revision(f"{prefix}container_startup_latencies", "ion"), start, LATENCY_BOUNDS)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("hosts")
    specs = {name: folder / f"{name}.yaml" for name in PACKS}
    for name, packs in PACKS.items():
        specs[name].write_text(SPEC.format(system=name, packs=packs))
        quick_rules(folder, specs[name], longest=6)
    types = {
        "node-of-faults": {},
        "docker": CADVISOR,
        "kubernetes": CADVISOR | KUBE_STATE,
        **{name: cloud_run_types(prefix) for name, prefix in PREFIXES.items()},
    }
    now = time.time()
    with ExitStack() as stack:
        node = stack.enter_context(exporters.node_exporter(folder))
        recorded = {name: stack.enter_context(exposition(each)) for name, each in types.items()}
        host(recorded["node-of-faults"], now)
        for part, gibibytes in {"size": 100, "avail": 55}.items():
            disk = of_host(f"node_filesystem_{part}_bytes", **SPARE)
            recorded["node-of-faults"].set(disk, gibibytes * GIBIBYTE)
        container(recorded["docker"], "api", now)
        pod(recorded["kubernetes"], "api-7d9f", now)
        recorded["stackdriver"].set(UNREAD, 0)
        for name, prefix in PREFIXES.items():
            cloud_run(recorded[name], "ion", prefix)
        targets = {"node": node.target, **{name: each.target for name, each in recorded.items()}}
        prometheus = stack.enter_context(
            watching(folder, targets, rules=str(folder / "quick" / "*.yaml"), every="500ms")
        )
        made = Rig(
            prometheus,
            node.process,
            recorded,
            {name: load([path], variables={}) for name, path in specs.items()},
            [],
        )
        made.happening.append(lambda: usual(made))
        yield made


def usual(rig: Rig) -> None:
    """What happens all the time."""
    faulty, docker = rig.recorded["node-of-faults"], rig.recorded["docker"]
    faulty.set(of_host("node_time_seconds"), time.time() + rig.clock_off)
    for cpu in ("0", "1"):
        if rig.idle:
            faulty.set(of_host("node_cpu_seconds_total", cpu=cpu, mode="idle"), 0.8 * time.time())
    for way in ("receive", "transmit"):
        faulty.add(of_host(f"node_network_{way}_packets_total", device="eth0"), 100)
    docker.add(of_container(PERIODS, "api"), 10)
    rig.recorded["kubernetes"].add(of_pod(PERIODS, "api-7d9f"), 10)
    for name, prefix in PREFIXES.items():
        requests(rig.recorded[name], prefix)
        use(rig.recorded[name], prefix, 0.3, 900)


def empty(rig: Rig, system: str, page: str, may_be: set[str], **chosen: str) -> set[str]:
    """The titles of the panels of a page of which a query has no data for what is chosen, even
    after a while, but for those that may be empty."""

    def asked(promql: str) -> str:
        filled = re.sub(r"\$__\w+", "5m", promql)
        return re.sub(r"\$\{?(\w+)(:\w+)?\}?", lambda each: chosen.get(each[1], ".*"), filled)

    (board,) = [each for each in boards(rig.systems[system]) if each.page == page]
    asked_for = [
        (panel["title"], asked(target["expr"]))
        for panel in board.json["panels"]
        for target in panel.get("targets", ())
    ]

    def lacking() -> set[str]:
        return {
            title
            for title, query in asked_for
            if all(isnan(value) for _, value in rig.prometheus.query(query))
        }

    with suppress(AssertionError):
        rig.eventually(lambda: lacking() <= may_be, 5)
    return lacking() - may_be


def test_every_panel_of_this_machine_has_data(rig: Rig) -> None:
    assert empty(rig, "docker", "host", NOT_HERE, instance=rig.here) == set()


@pytest.mark.parametrize(
    ("system", "page"),
    [
        ("docker", "host"),
        ("docker", "containers"),
        ("docker", "cloud_run"),
        ("kubernetes", "containers"),
        ("kubernetes", "cloud_run"),
    ],
)
def test_every_panel_has_data(rig: Rig, system: str, page: str) -> None:
    assert empty(rig, system, page, {"Does not start"}) == set()


def spoil_the_host(rig: Rig) -> list[Callable[[], None]]:
    """Everything that its alerts are about; what goes on happening."""
    faulty = rig.recorded["node-of-faults"]
    rig.clock_off, rig.idle = -30, False
    for metric, value in {
        "node_boot_time_seconds": time.time(),
        "node_load5": 6,
        "node_memory_MemAvailable_bytes": GIBIBYTE / 10,
        "node_filefd_allocated": 90_000,
        "node_nf_conntrack_entries": 9_500,
        "node_timex_sync_status": 0,
        "node_timex_maxerror_seconds": 16,
    }.items():
        faulty.set(of_host(metric), value)
    faulty.set(of_host("node_filesystem_files_free", **DISK), 50_000)
    faulty.set(of_host("node_filesystem_readonly", **DISK), 1)
    faulty.set(of_host("node_systemd_unit_state", name="shop.service", state="failed"), 1)

    def fill(disk: dict[str, str], until: float) -> None:
        free = of_host("node_filesystem_avail_bytes", **disk)
        if dict(faulty.values())[free] > until * GIBIBYTE:
            faulty.add(free, -GIBIBYTE)

    return [
        lambda: faulty.add(of_host("node_vmstat_pswpin"), 5_000),
        lambda: faulty.add(of_host("node_vmstat_oom_kill")),
        lambda: faulty.add(of_host("node_network_receive_errs_total", device="eth0"), 50),
        lambda: fill(DISK, 2),
        lambda: fill(SPARE, 42),
    ]


def spoil_containers(rig: Rig) -> list[Callable[[], None]]:
    """The same for containers of both runtimes."""
    docker, kubernetes = rig.recorded["docker"], rig.recorded["kubernetes"]
    api, shop = partial(of_container, name="api"), partial(of_pod, pod="api-7d9f")
    for made, of in ((docker, api), (kubernetes, shop)):
        made.set(of("container_memory_working_set_bytes"), 0.95 * GIBIBYTE)
        made.set(of("container_fs_usage_bytes", device="/dev/vda"), 60 * GIBIBYTE)
    kubernetes.set(shop("kube_pod_container_status_last_terminated_reason", reason="OOMKilled"), 1)
    waiting = shop("kube_pod_container_status_waiting_reason", reason="CrashLoopBackOff")
    kubernetes.set(waiting, 1)
    return [
        lambda: docker.add(api(THROTTLED), 9),
        lambda: kubernetes.add(shop(THROTTLED), 9),
        lambda: docker.set(api("container_start_time_seconds"), time.time()),
        lambda: docker.add(api("container_oom_events_total")),
        lambda: kubernetes.add(shop("kube_pod_container_status_restarts_total")),
    ]


def spoil_cloud_run(rig: Rig) -> list[Callable[[], None]]:
    """The same for Cloud Run by both namings."""
    rig.recorded["stackdriver"].set(UNREAD, 1)
    goes_on: list[Callable[[], None]] = []
    for name, prefix in PREFIXES.items():
        made = rig.recorded[name]
        made.set(of_revision(f"{prefix}container_instance_count", "ion", state="active"), 95)
        goes_on.append(partial(requests, made, prefix, "500", 5_000))
        goes_on.append(partial(use, made, prefix, 0.97, 20_000))
    return goes_on


def still_firing(rig: Rig, expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the alerts that fire even after a while."""
    with suppress(AssertionError):
        rig.eventually(lambda: not rig.firing() & expected)
    return rig.firing() & expected


def test_alerts_fire_while_there_is_a_fault_and_resolve_after_it(rig: Rig) -> None:
    expected = {
        (alert.name, "faulty" if name == "host" else system)
        for system, each in rig.systems.items()
        for name, settings in each.packs.used()
        for alert in pack_of(name, settings).alerts
    }
    expected = expected - {("HostDown", "faulty")} | {("HostDown", "here")}
    assert still_firing(rig, expected) == set()
    before = {name: made.values() for name, made in rig.recorded.items()}

    goes_on = [*spoil_the_host(rig), *spoil_containers(rig), *spoil_cloud_run(rig)]
    rig.happening += goes_on
    rig.node.stop()
    fired: set[tuple[str, str]] = set()

    def all_fired() -> bool:
        fired.update(rig.firing())
        return expected <= fired

    with suppress(AssertionError):
        rig.eventually(all_fired)
    assert expected - fired == set()
    spare = 'count_over_time(ALERTS{alertname="HostDiskFilling",mountpoint="/spare"}[5m])'
    assert rig.prometheus.query(spare) == [], "most of it is free"

    rig.node.start()
    rig.clock_off, rig.idle = 0, True
    del rig.happening[1:]
    for name, made in rig.recorded.items():
        for series in {series for series, _ in made.values()} - dict(before[name]).keys():
            made.remove(series)
        for series, value in before[name]:
            if not re.match(r"\S+_(total|bucket|sum|s_count)\{", series):
                made.set(series, value)
    assert still_firing(rig, expected) == set()
