from hypothesis import given
from hypothesis import strategies as st

from obs.stacks.plan import (
    Action,
    PlanStep,
    Present,
    Wanted,
    changing_steps,
    is_as_wanted,
    plan,
    projected,
)

NAMES = st.sampled_from(["a", "b", "c", "d"])
CONTENTS = st.integers(0, 2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below),
    max_leaves=8,
)


def test_each_thing_gets_the_verdict_that_it_needs() -> None:
    wanted = [Wanted("rule", name, 1) for name in ("new", "other", "same", "theirs")]
    present = [
        Present("rule", "other", 2),
        Present("rule", "same", 1),
        Present("rule", "theirs", 1, "is of somebody else"),
        Present("rule", "gone", 1),
        Present("rule", "not ours", 1, "is of somebody else"),
    ]
    steps = plan(wanted, present)
    assert steps == (
        PlanStep(Action.CREATE, "rule", "new"),
        PlanStep(
            Action.CHANGE,
            "rule",
            "other",
            diff=("--- there", "+++ wanted", "@@ -1 +1 @@", "-2", "+1"),
        ),
        PlanStep(Action.KEEP, "rule", "same"),
        PlanStep(Action.FOREIGN, "rule", "theirs", why="is of somebody else"),
        PlanStep(Action.DELETE, "rule", "gone"),
    )
    assert [step.name for step in changing_steps(steps)] == ["new", "other", "gone"]
    assert not is_as_wanted(steps)


def test_things_of_different_kinds_may_have_one_name() -> None:
    steps = plan([Wanted("alarm", "a", 1)], [Present("dashboard", "a", 1)])
    assert {step.kind: step.action for step in steps} == {
        "alarm": Action.CREATE,
        "dashboard": Action.DELETE,
    }


@given(
    st.dictionaries(NAMES, CONTENTS),
    st.dictionaries(NAMES, st.tuples(CONTENTS, st.booleans())),
    st.integers(0, 9),
)
def test_a_plan_that_was_followed_in_part_and_made_again_ends_as_wanted_and_spares_the_foreign(
    wanted: dict[str, int], there: dict[str, tuple[int, bool]], followed: int
) -> None:
    things = [Wanted("rule", name, content) for name, content in wanted.items()]

    def steps() -> tuple[PlanStep, ...]:
        present = [
            Present("rule", name, content, "" if ours else "theirs")
            for name, (content, ours) in now.items()
        ]
        return plan(things, present)

    now = dict(there)
    for most in (followed, 100):
        for step in changing_steps(steps())[:most]:
            if step.action is Action.DELETE:
                del now[step.name]
            else:
                now[step.name] = (wanted[step.name], True)
    assert changing_steps(steps()) == ()
    foreign = {name: each for name, each in there.items() if not each[1]}
    assert foreign.items() <= now.items()
    ours = {name: content for name, (content, is_ours) in now.items() if is_ours}
    assert ours == {name: wanted[name] for name in wanted if name not in foreign}


@given(JSON, JSON)
def test_what_a_server_adds_to_mappings_is_no_difference(wanted: object, added: object) -> None:
    def with_more(value: object) -> object:
        if isinstance(value, dict):
            return {**{key: with_more(below) for key, below in value.items()}, "added": added}
        return [with_more(below) for below in value] if isinstance(value, list) else value

    if "added" not in repr(wanted):
        assert projected(with_more(wanted), wanted) == wanted


def test_what_is_missing_changed_or_one_item_more_is_a_difference() -> None:
    assert projected({"a": 1}, {"a": 1, "b": 2}) == {"a": 1}
    assert projected({"a": [1, 2, 3]}, {"a": [1, 2]}) == {"a": [1, 2, 3]}
    assert projected({"a": [1]}, {"a": [1, 2]}) == {"a": [1]}
    assert projected({"a": 2}, {"a": 1}) == {"a": 2}
