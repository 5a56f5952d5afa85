"""Files, parts, environments, variables: to one system, or to every problem at once."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs.errors import BAD_INPUT, BadInput
from obs.spec.load import load, read_spec
from obs.spec.report import InvalidSpec, Problem
from obs.spec.system import System

REFERENCE = Path(__file__).parents[3] / "collectors" / "oms.yaml"
SOUND = yaml.safe_load(REFERENCE.read_text("utf-8"))

SLO = """\
  - name: {name}
    service: orders
    objective: {objective}
    sli:
      nats_lag: {{source: main, stream: ORDERS, consumer: worker, max_seconds: 30s}}
"""

Loads = Callable[..., System]
Complaints = Callable[..., list[str]]


def test_a_small_spec_is_loaded_with_its_defaults(loaded: Loads, good: str) -> None:
    system = loaded(good)
    assert system.system == "orders"
    assert system.sources.nats["main"].poll == 15
    assert system.outputs.web.listen == "127.0.0.1:9464"


@pytest.mark.parametrize("env", [None, "development", "staging", "production"])
def test_the_reference_spec_is_sound_in_every_environment_without_any_variable(
    env: str | None,
) -> None:
    system = load([REFERENCE], env=env, variables={})
    assert system.environment == (env or "production")
    assert len(system.slos) == 3
    assert (system.outputs.cloudwatch is None) == (env == "development")


def test_the_reference_spec_says_what_the_design_says() -> None:
    system = load([REFERENCE], variables={})
    assert system.sources.aws["cloud"].region == "us-east-1"
    assert [(bus.name, bus.rules) for bus in system.sources.aws["cloud"].buses] == [
        ("oms-events", ("oms-schema-changed", "oms-object-changed"))
    ]
    assert system.sources.aws["cloud"].queues == ("oms-events-dlq",)
    assert [slo.objective for slo in system.slos] == [99.9, 99.5, 99.9]
    assert system.outputs.cloudwatch is not None
    assert system.outputs.cloudwatch.namespace == "OMS/Events"
    assert system.outputs.cloudwatch.metrics == ("nats_consumer_lag_messages",)


def test_developing_needs_no_secret() -> None:
    connection = load([REFERENCE], env="development", variables={}).sources.nats["main"].connection
    assert connection is not None
    assert (connection.user, connection.password) == (None, None)


def test_parts_are_merged_deeply_and_their_slos_put_together(loaded: Loads, good: str) -> None:
    system = loaded(
        good + "slos:\n" + SLO.format(name="a", objective=99),
        "version: 1\nsources:\n  nats:\n    main: {poll: 30s}\n    other: {monitor: [http://o:8222]}\n"
        "slos:\n" + SLO.format(name="b", objective=98),
    )
    assert system.sources.nats["main"].poll == 30
    assert sorted(system.sources.nats) == ["main", "other"]
    assert [slo.name for slo in system.slos] == ["a", "b"]


def test_what_two_parts_both_give_is_a_clash_that_names_both_lines(
    complaints: Complaints, good: str, tmp_path: Path
) -> None:
    second = (
        "version: 1\nsystem: other\nsources:\n  nats:\n    main:\n      monitor: [http://x:1]\n"
    )
    assert complaints(good, second) == [
        "b.yaml:2: system: given twice; it is already at a.yaml:2",
        "b.yaml:6: sources.nats.main.monitor: given twice; it is already at a.yaml:6",
    ]


def test_each_part_may_repeat_the_version_and_the_system(loaded: Loads, good: str) -> None:
    assert loaded(good, "version: 1\nsystem: orders\ndescription: x\n").description == "x"


def test_a_directory_is_read_in_the_order_of_its_names(tmp_path: Path, good: str) -> None:
    (tmp_path / "2.yml").write_text("slos:\n" + SLO.format(name="b", objective=99), "utf-8")
    (tmp_path / "1.yaml").write_text(good + "slos:\n" + SLO.format(name="a", objective=99), "utf-8")
    (tmp_path / "notes.txt").write_text("not a spec", "utf-8")
    assert [slo.name for slo in load([tmp_path], variables={}).slos] == ["a", "b"]


def test_files_that_cannot_be_read_are_said_and_the_others_are_still_judged(
    tmp_path: Path, good: str
) -> None:
    (tmp_path / "a.yaml").write_text(good + "urll: 1\n", "utf-8")
    (tmp_path / "b.yaml").write_bytes(b"version: 1\nsystem: \xff\n")
    (tmp_path / "empty").mkdir()
    names = ("a.yaml", "b.yaml", "empty", "none.yaml")
    with pytest.raises(InvalidSpec) as caught:
        load([tmp_path / name for name in names], variables={})
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == [
        "a.yaml:7: urll: unknown field; known fields: version, system, description, environment, "
        "state_dir, sources, slos, maintenance, tiers, alerts, packs, links, notify, targets, "
        "stacks, "
        "checks, privacy, outputs, ha, metrics, environments",
        "b.yaml:2: is not UTF-8 text; save it as UTF-8",
        "empty: contains no .yaml or .yml file",
        "none.yaml: cannot be read: No such file or directory",
    ]


def test_what_may_be_in_an_unreadable_file_is_not_called_missing(complaints: Complaints) -> None:
    assert complaints("version: 1\n", "system: [\n")[0].startswith("b.yaml:1: is not valid YAML")
    assert len(complaints("version: 1\n", "system: [\n")) == 1


class TestEnvironments:
    SPEC = (
        "environments:\n"
        "  development:\n"
        "    sources: {nats: {main: {poll: 5s}}}\n"
        "    slos:\n"
        "      - name: a\n"
        "        objective: 90\n"
        "    description:\n"
        "  staging: {}\n"
    )

    def spec(self, good: str) -> str:
        return good + "description: whole\nslos:\n" + SLO.format(name="a", objective=99) + self.SPEC

    def test_an_overlay_changes_what_it_names_and_leaves_the_rest(
        self, loaded: Loads, good: str
    ) -> None:
        system = loaded(self.spec(good), env="development")
        assert system.environment == "development"
        assert system.sources.nats["main"].poll == 5
        assert system.sources.nats["main"].monitor == ("http://nats:8222",)
        assert [(slo.name, slo.objective, slo.service) for slo in system.slos] == [
            ("a", 90, "orders")
        ]

    def test_a_field_without_a_value_takes_away_what_is_under_it(
        self, loaded: Loads, good: str
    ) -> None:
        assert loaded(self.spec(good), env="staging").description == "whole"
        assert loaded(self.spec(good), env="development").description == ""

    def test_without_env_the_specs_own_environment_is_chosen(
        self, loaded: Loads, good: str
    ) -> None:
        assert loaded(self.spec(good)).sources.nats["main"].poll == 15
        system = loaded(self.spec(good) + "environment: development\n")
        assert system.sources.nats["main"].poll == 5

    def test_a_variable_may_choose_the_environment(self, loaded: Loads, good: str) -> None:
        text = self.spec(good) + "environment: ${STAGE:-staging}\n"
        assert loaded(text).environment == "staging"
        assert loaded(text, variables={"STAGE": "development"}).sources.nats["main"].poll == 5

    def test_an_overlay_takes_a_source_away_but_a_spec_does_not_leave_one_empty(
        self, loaded: Loads, complaints: Complaints, good: str
    ) -> None:
        text = good + "  aws: {shop: {region: eu-west-1}}\n"
        overlaid = text + "environments: {development: {sources: {aws: {shop: }}}}\n"
        assert loaded(overlaid, env="development").sources.aws == {}
        assert complaints(good + "  aws:\n    shop:\n") == [
            "a.yaml:8: sources.aws.shop: this source has no fields; add them or remove the source"
        ]

    def test_an_overlay_of_a_name_that_two_services_share_says_which(
        self, loaded: Loads, complaints: Complaints, good: str
    ) -> None:
        slos = SLO.format(name="a", objective=99) + SLO.format(name="a", objective=98).replace(
            "service: orders", "service: bills"
        )
        change = "environments: {dev: {slos: [{name: a, objective: 50%s}]}}\n"
        text = good + "slos:\n" + slos + change
        assert complaints(text % "") == [
            "a.yaml:18: environments.dev.slos[0]: several have this name; add the service"
        ]
        system = loaded(text % ", service: bills", env="dev")
        assert [slo.objective for slo in system.slos] == [99, 50]

    def test_the_names_of_the_environments_are_listed(self, tmp_path: Path, good: str) -> None:
        (tmp_path / "a.yaml").write_text(self.spec(good), "utf-8")
        assert read_spec([tmp_path], variables={}).environments == ("development", "staging")

    def test_an_unknown_environment_is_reported_with_the_closest_name(
        self, complaints: Complaints, good: str
    ) -> None:
        assert complaints(self.spec(good), env="stagin") == [
            "a.yaml:14: environments: no environment 'stagin'; did you mean staging?"
        ]
        assert complaints(good, env="staging") == [
            "a.yaml:1: environments: no environment 'staging'; environments: none"
        ]

    def test_every_overlay_is_validated_and_each_problem_reported_once(
        self, complaints: Complaints, good: str
    ) -> None:
        text = (
            good + "urll: 1\nenvironments:\n"
            "  one: {sources: {nats: {main: {poll: 5}}}}\n"
            "  two:\n    slos: [{name: b, objective: 0.9}]\n    version: 1\n  three: 3\n"
        )
        assert complaints(text) == [
            "a.yaml:7: urll: unknown field; known fields: version, system, description, "
            "environment, "
            "state_dir, sources, slos, maintenance, tiers, alerts, packs, links, notify, targets, "
            "stacks, "
            "checks, privacy, outputs, "
            "ha, metrics, environments",
            "a.yaml:9: environments.one.sources.nats.main.poll: 5 has no unit; "
            "write 5s if seconds are meant",
            "a.yaml:11: environments.two.slos[0].objective: 0.9 is a ratio; write percent: 90",
            "a.yaml:11: environments.two.slos[0].service: is missing; "
            "write for example `service: orders`",
            "a.yaml:11: environments.two.slos[0].sli: is missing",
            "a.yaml:12: environments.two.version: is allowed only at the top level of the spec",
            "a.yaml:13: environments.three: write a mapping of the fields to override",
        ]

    def test_an_overlay_of_an_unknown_slo_is_reported_with_the_closest_name(
        self, complaints: Complaints, good: str
    ) -> None:
        text = self.spec(good).replace(
            "name: a\n        objective: 90", "name: aa\n        objective: 90"
        )
        assert complaints(text) == [
            "a.yaml:18: environments.development.slos[0]: no entry has this name; did you mean a?"
        ]


class TestVariables:
    def test_values_take_the_type_of_their_field_after_expansion(
        self, loaded: Loads, good: str
    ) -> None:
        text = good + (
            "      discover: ${DISCOVER}\n      max_consumers: ${CAP}\n      poll: ${POLL:-20s}\n"
            "outputs: {web: {listen: '127.0.0.1:${PORT}'}}\n"
        )
        system = loaded(text, variables={"DISCOVER": "yes", "CAP": "12", "PORT": "9000"})
        source = system.sources.nats["main"]
        assert (source.discover, source.max_consumers, source.poll) == (True, 12, 20)
        assert system.outputs.web.listen == "127.0.0.1:9000"

    def test_a_variable_that_is_not_set_is_named_with_its_line(
        self, complaints: Complaints, good: str
    ) -> None:
        assert complaints(good + "description: ${WHAT}\n      \n") == [
            "a.yaml:7: description: variable WHAT is not set; set it, or add a default: "
            "${WHAT:-default}"
        ]

    def test_it_is_not_also_called_a_wrong_value(self, complaints: Complaints, good: str) -> None:
        assert len(complaints(good + "      max_consumers: ${CAP}\n")) == 1

    def test_variables_of_other_environments_may_be_unset(
        self, loaded: Loads, complaints: Complaints, good: str
    ) -> None:
        text = good + "environments: {far: {sources: {nats: {main: {poll: '${FAR}'}}}}}\n"
        assert loaded(text).sources.nats["main"].poll == 15
        assert complaints(text, env="far") == [
            "a.yaml:7: environments.far.sources.nats.main.poll: variable FAR is not set; set it, "
            "or add a default: ${FAR:-default}"
        ]

    def test_what_an_unset_variable_may_name_is_not_called_unknown(
        self, loaded: Loads, good: str
    ) -> None:
        text = good + "slos:\n" + SLO.format(name="a", objective=99)
        text += "environments: {far: {sources: {nats: {main: {streams: {include: ['${FAR}']}}}}}}\n"
        assert loaded(text).slos[0].name == "a"

    def test_the_process_environment_is_used_where_none_is_given(
        self, tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OBS_TEST_TEXT", "from outside")
        (tmp_path / "a.yaml").write_text(good + "description: ${OBS_TEST_TEXT}\n", "utf-8")
        assert load([tmp_path]).description == "from outside"


def test_problems_are_sorted_by_file_and_line_and_end_with_exit_code_2(
    complaints: Complaints, good: str
) -> None:
    lines = complaints("zz: 1\n" + good + "yy: 1\n", "xx: 1\n")
    assert [line.split(": ")[0] for line in lines] == ["a.yaml:1", "a.yaml:8", "b.yaml:1"]
    assert InvalidSpec([]).exit_code == BAD_INPUT


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "version",
                    "system",
                    "sources",
                    "nats",
                    "aws",
                    "main",
                    "slos",
                    "sli",
                    "name",
                    "service",
                    "objective",
                    "monitor",
                    "environments",
                    "dev",
                    "outputs",
                    "cloudwatch",
                    "connection",
                    "password",
                    "nats_lag",
                    "source",
                    "x",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values, st.sampled_from([None, "dev"]))
def test_whatever_a_spec_holds_loading_ends_in_a_system_or_in_bad_input(
    tmp_path: Path, value: object, env: str | None
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    _system_or_lines(file, env)


def paths_in(value: object) -> list[tuple[str | int, ...]]:
    """Every path in a plain value, its own, (), left out."""
    below = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [path for key, item in below for path in ((key,), *((key, *p) for p in paths_in(item)))]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.data())
def test_whatever_one_changes_in_a_sound_spec_every_problem_has_a_line_of_it(
    tmp_path: Path, data: st.DataObject
) -> None:
    spec = deepcopy(SOUND)
    *parents, last = data.draw(st.sampled_from(paths_in(spec)))
    holder = spec
    for step in parents:
        holder = holder[step]
    if data.draw(st.booleans()):
        holder[last] = data.draw(values)
    elif isinstance(holder, dict):
        holder[data.draw(st.text(max_size=5))] = holder.pop(last)
    else:
        holder.pop(last)
    text = yaml.safe_dump(spec, allow_unicode=True, sort_keys=data.draw(st.booleans()))
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    problems: tuple[Problem, ...] = ()
    try:
        load([tmp_path / "a.yaml"], variables={})
    except InvalidSpec as error:
        problems = error.problems
    lines = range(1, text.count("\n") + 2)
    assert [problem for problem in problems if problem.line not in lines] == []
    assert [problem for problem in problems if "\n" in str(problem)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary() | st.text(alphabet="abc:-[]{}&*!|>'\"%@`#?, \n\t${}0", max_size=60).map(str.encode)
)
def test_whatever_bytes_a_file_holds_loading_ends_in_bad_input(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    _system_or_lines(file, None)


def _system_or_lines(file: Path, env: str | None) -> None:
    complaints = []
    try:
        load([file], env=env, variables={})
    except BadInput as error:
        complaints = str(error).splitlines() or ["nothing said"]
    assert [line for line in complaints if not line.startswith(str(file))] == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["discover", "poll", "max_consumers", "ephemeral"]),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_a_wrong_value_is_reported_at_its_line_wherever_it_stands(
    tmp_path: Path, field: str, before: int, after: int
) -> None:
    lines = ["version: 1", "system: orders", "sources:", "  nats:", "    main:"]
    lines += ["      monitor: [http://nats:8222]", *["      # comment"] * before]
    lines += [f"      {field}: wrong wrong", *[""] * after, "description: fine"]
    file = tmp_path / "a.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InvalidSpec) as caught:
        load([file], variables={})
    (problem,) = caught.value.problems
    assert (problem.line, problem.field) == (7 + before, f"sources.nats.main.{field}")
