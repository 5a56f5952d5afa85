"""The check of what is probed."""

from obs.checks.context import CheckContext
from obs.checks.finding import Outcome
from obs.checks.probe.catalogue import CHECKS, judge_targets
from obs.errors import SourceError
from obs.snapshot.probe import DependencyStates, Probed, ProbeSnapshot
from obs.spec.system import System
from tests.unit.sources.probe.service import serving

AT = 1_800_000_000.0
DAY = 86_400


def test_each_target_is_judged_by_its_probe() -> None:
    down = DependencyStates({"db": False, "mq": True}, {})
    probed = (
        Probed("fine", 0.012, expires=AT + 90 * DAY),
        Probed("bad", failure="status", why="HTTP status 503, not 2xx"),
        Probed("short", expires=AT + 3 * DAY),
        Probed("alone", dependencies=down),
        Probed("unsent", unknown=SourceError("auth", "TOKEN is not set")),
    )
    assert [(f.resource, f.outcome, f.what) for f in judge_targets(ProbeSnapshot(AT, probed))] == [
        ("fine", Outcome.PASSED, "answers in 12 ms"),
        ("bad", Outcome.FAILED, "fails (status): HTTP status 503, not 2xx"),
        ("short", Outcome.WARNED, "has a certificate that expires in 3 days"),
        ("alone", Outcome.WARNED, "says that a dependency is down: db"),
        ("unsent", Outcome.SKIPPED, "was not probed: TOKEN is not set"),
    ]


def test_it_probes_from_where_it_runs() -> None:
    (check,) = CHECKS
    with serving() as service:
        target = {"name": "api", "http": f"{service.url}/ready"}
        source = {"targets": [target], "allow_private": ["localhost"]}
        spec = {"version": 1, "system": "shop", "sources": {"probe": {"edge": source}}}
        system = System.model_validate(spec)
        assert check.subjects(system) == ("edge",)
        with CheckContext(system) as context:
            (finding,) = check.judge(system, "edge", check.read(context, "edge"))
    assert finding.outcome is Outcome.PASSED
