"""Every SLI kind that the spec lists has its module, and answers everything."""

import ast
import pkgutil
import typing
from pathlib import Path
from typing import Any

import pytest

import obs
import obs.slis
from obs.slis.kind import HistorySpan, Measurement, Observation, measurement_of
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.snapshot.nats import NatsSnapshot
from obs.spec.sli import SliSpec
from obs.spec.slis import Sli
from obs.spec.sources import Sources
from obs.spec.watched import Named
from tests.unit.collector.example_slos import DELIVERY, EXAMPLES, KEEPS_UP, PAID, SENT, Rules

START = 1_800_000_000
SHARED = {"kind", "consumers", "dead_letters", "settled_minutes", "event_queries"}
SHARED.add("cloudwatch_readings")
"""Modules of obs.slis that are no kind's."""
SLIS = {slo.sli.kind: slo.sli for slo in EXAMPLES}


class NotAsked:
    """Micro services that were not asked yet."""

    def requests(self, *named: object) -> None:
        return None


class NewTracker:
    """A tracker of either kind of source, before its first poll."""

    snapshot = None
    services = NotAsked()
    families = ()

    def parts(self, sli: object) -> tuple[()]:
        return ()

    def numbers(self, sli: object) -> tuple[()]:
        return ()


def model_of(kind: str) -> type[SliSpec]:
    annotation = Sli.model_fields[kind].annotation
    (model,) = (each for each in typing.get_args(annotation) if each is not type(None))
    found: type[SliSpec] = model
    return found


@pytest.fixture(params=sorted(Sli.model_fields))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_is_an_example_of_each_kind() -> None:
    assert SLIS.keys() == Sli.model_fields.keys()


def test_each_kind_is_one_module_and_each_module_a_kind() -> None:
    modules = {module.name for module in pkgutil.iter_modules(obs.slis.__path__)}
    assert modules == SHARED | Sli.model_fields.keys()


def test_a_kind_s_model_leaves_no_question_open(kind: str) -> None:
    model = model_of(kind)
    assert issubclass(model, SliSpec)
    assert not model.__abstractmethods__
    assert model.source_kind in Sources.model_fields
    sli = SLIS[kind].measured
    assert isinstance(sli, model)
    assert bool(sli.source) != bool(sli.part_names())
    assert sli.in_words()
    derived = kind in ("metric", "composite")  # of what is collected anyway
    # Of a source that is told what to ask, unless it names what the source watches.
    assert sli.names() or derived or measurement_of(SLIS[kind]).asked
    assert [named for named in sli.names() if not isinstance(named, Named)] == []
    assert sli.invocations() is None or sli.invocations() in sli.names()


def test_a_kind_s_measurement_leaves_no_question_open(kind: str) -> None:
    measurement = measurement_of(SLIS[kind])
    assert isinstance(measurement, Measurement)
    assert measurement.sli is SLIS[kind].measured
    assert not type(measurement).__abstractmethods__
    assert measurement.observe(NewTracker()) is None
    if saved := measurement.saved():
        measurement.restore(saved)
        assert measurement.saved() == saved


def test_history_is_what_the_source_has_of_the_rules() -> None:
    paid, other = Rule("orders", "paid"), Rule("orders", "sent")

    class Source:
        def history(self, rules: Any, start: float, end: float, period: int) -> Any:
            assert (list(rules), start, end, period) == ([paid], START - 900, START, 60)
            return {(paid, "Invocations"): {START - 900: 4.0, START - 840: 1.0}}

    snapshot = AwsSnapshot(START, START, START, (paid, other), (), {}, ())
    measurement = measurement_of(DELIVERY.sli)
    found = measurement.history(Source(), snapshot, HistorySpan(START - 900, START, 60))
    assert found == {START - 900: (4.0, 4.0), START - 840: (1.0, 1.0)}


def test_a_source_without_history_has_no_past_events() -> None:
    snapshot = NatsSnapshot(START, (), (), ())
    span = HistorySpan(START - 900, START, 60)
    assert measurement_of(KEEPS_UP.sli).history(object(), snapshot, span) == {}


def test_rules_are_known_from_where_the_snapshot_begins() -> None:
    snapshot = AwsSnapshot(START + 65, START - 600, START, (PAID,), (), {}, ())
    found = measurement_of(DELIVERY.sli).observe(Rules(snapshot))
    assert found == Observation({}, START, START + 60, START - 600)


def test_rules_that_do_not_exist_are_no_quiet_rules() -> None:
    snapshot = AwsSnapshot(START + 65, START - 600, START, (SENT,), (), {}, ())
    assert measurement_of(DELIVERY.sli).observe(Rules(snapshot)) is None


def test_no_other_module_names_a_kind() -> None:
    root = Path(obs.__file__).parent
    models = {model_of(kind).__name__ for kind in Sli.model_fields}
    own = {
        root / "spec" / "slis.py",
        root / "spec" / "prometheus_slis.py",
        root / "spec" / "derived_slis.py",
        *(root / "slis").glob("*.py"),
        *(root / "packs").glob("*/settings.py"),  # which write SLOs as a spec does
    }
    own.add(root / "imports" / "openslo_export.py")  # OpenSLO has a word for some kinds only
    own.add(root / "alerts" / "slo_names" / "pyrra.py")  # named after a counter
    named = [
        f"{path.relative_to(root)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted({*root.rglob("*.py")} - own)
        for node in ast.walk(ast.parse(path.read_text()))
        if _names_a_kind(node, models)
    ]
    assert named == []


def _names_a_kind(node: ast.AST, models: set[str]) -> typing.TypeGuard[ast.expr]:
    """Whether this is the model of a kind, or its field of an SLI."""
    match node:
        case ast.Name(name) | ast.alias(name):
            return name in models
        case ast.Attribute(ast.Name("sli") | ast.Attribute(attr="sli"), field):
            return field in Sli.model_fields
        case _:
            return False
