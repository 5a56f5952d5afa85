"""The text of a first spec is a spec, whatever names were found."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.cli.main import main
from obs.first_spec.checked import checked
from obs.first_spec.draft import Draft, Field
from obs.first_spec.names import spec_name
from obs.first_spec.nats import EXAMPLE as NATS_EXAMPLE
from obs.first_spec.nats_slos import ONE_BY_ONE, proposed
from obs.first_spec.rooms import EXAMPLES
from obs.first_spec.text import spec_text
from obs.first_spec.yaml_text import comment, flow
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.nats import NatsSnapshot
from obs.spec.load import load
from obs.spec.slos import Slo

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters=" .*>/\\"),
    min_size=1,
    max_size=40,
)
MONITOR = Field("monitor", ("http://nats:8222",))


def consumer(stream: str, name: str, account: str = "$G", max_deliver: int = -1) -> Consumer:
    config = ConsumerConfig(max_deliver=max_deliver)
    return Consumer(account, stream, name, "2026", config, 0, 0, 0, 0, 0, 0, 0)


def stream(name: str, account: str = "$G") -> Stream:
    return Stream(account, name, "2026", StreamConfig(), 0, 0, 0, 0, None, None, 1)


def snapshot(*consumers: Consumer) -> NatsSnapshot:
    streams = {(each.account, each.stream) for each in consumers}
    return NatsSnapshot(0.0, (), tuple(stream(n, a) for a, n in sorted(streams)), consumers)


def written(found: NatsSnapshot, *fields: Field, hears: tuple[str, ...] = ()) -> str:
    slos = tuple(proposed("main", found, hears))
    return spec_text("shop", [Draft("nats", "main", (*fields, MONITOR), "3 things", slos)], {})


def slos_of(text: str, folder: Path) -> tuple[Slo, ...]:
    file = folder / "obs.yaml"
    file.write_text(text, encoding="utf-8")
    return load([file]).slos


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Zahlungen-Übersicht", "Zahlungen-Ubersicht"),
        ("größe", "grosse"),
        ("São Paulo", "Sao-Paulo"),
        ("日本語", ""),
        ("a..b", "a..b"),
    ],
)
def test_a_name_keeps_its_letters_without_their_accents(text: str, name: str) -> None:
    assert spec_name(text) == name


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4, unique=True))
def test_every_consumer_has_its_slo_whatever_it_is_called(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]
) -> None:
    text = written(snapshot(*(consumer(*each) for each in names)))
    slos = slos_of(text, tmp_path_factory.mktemp("spec"))
    measured = {(slo.sli.measured.stream, slo.sli.measured.consumer) for slo in slos}  # type: ignore[attr-defined]
    assert measured == set(names)


@given(st.text())
def test_any_text_is_read_back_as_it_is(text: str) -> None:
    assert yaml.safe_load(f"a: {flow(text)}\n") == {"a": text.replace("${", "$${")}


@given(st.text())
def test_a_comment_stays_one_line_of_comment(text: str) -> None:
    assert yaml.safe_load(f"a: 1  # {comment(text)}\n") == {"a": 1}


def test_many_consumers_have_one_slo_for_their_stream(tmp_path: Path) -> None:
    many = [consumer("ORDERS", f"c{number}") for number in range(ONE_BY_ONE + 1)]
    (slo,) = slos_of(written(snapshot(*many)), tmp_path)
    assert slo.sli.measured.each == "consumer"
    assert slo.max_objects == 100


def test_streams_of_one_name_are_told_apart_by_their_account(tmp_path: Path) -> None:
    found = snapshot(consumer("ORDERS", "a", "EU"), consumer("ORDERS", "a", "US"))
    slos = slos_of(written(found), tmp_path)
    assert [slo.sli.measured.account for slo in slos] == ["EU", "US"]  # type: ignore[attr-defined]
    assert [slo.name for slo in slos] == ["ORDERS-a-on-time", "ORDERS-a-on-time-2"]


def test_dead_letters_have_an_slo_where_they_are_heard_and_can_happen() -> None:
    found = snapshot(consumer("O", "gives-up", max_deliver=3), consumer("O", "never"))
    kinds = [(slo.kind, slo.name) for slo in proposed("main", found, hears=("$G",))]
    assert ("nats_delivery", "O-gives-up-delivered") in kinds
    assert len(kinds) == 3


def test_without_any_source_the_spec_is_valid_and_its_examples_are_too(tmp_path: Path) -> None:
    text = spec_text("shop", [], EXAMPLES)
    checked(text)
    uncommented = [line.replace("# ", "", 1) for line in NATS_EXAMPLE.splitlines()]
    file = tmp_path / "obs.yaml"
    file.write_text("version: 1\nsystem: shop\nsources:\n" + "\n".join(uncommented), "utf-8")
    assert main(["validate", "--spec", str(file), "--quiet"]) == 0
