"""The budget of sources that the spec writes as one: who comes first in the spec has it first."""

from typing import Final
from weakref import WeakKeyDictionary

from obs.spec.aws import AwsSource
from obs.spec.aws_accounts import AwsGroup

_ESTIMATES: Final[WeakKeyDictionary[AwsGroup, dict[str, float]]] = WeakKeyDictionary()
"""What each source of a group was last estimated to cost, in dollars a month by its name. A group
belongs to one loading of a spec, and this to the group."""


def budget_for(name: str, spec: AwsSource, dollars: float) -> float | None:
    """The dollars a month that a source may cost whose estimate is `dollars`; None: any.

    One of several has what those before it in the spec leave. One that does not fit takes nothing.
    """
    group = spec.group
    if group is None or group.budget is None:
        return spec.monthly_budget_dollars
    estimates = _ESTIMATES.setdefault(group, {})
    estimates[name] = dollars
    left = group.budget
    for other in group.members[: group.members.index(name)]:
        if (cost := estimates.get(other, 0.0)) <= left:
            left -= cost
    return left


def budget_words(spec: AwsSource, budget: float) -> str:
    """The budget as the spec writes it, with what is left of it for this source."""
    if spec.group is None or spec.group.budget is None:
        return f"monthly_budget_dollars {_of_shards(budget, spec)}"
    return (
        f"the ${budget:,.2f} that the sources before it leave of monthly_budget_dollars "
        f"{_of_shards(spec.group.budget, spec)} of {spec.group.name}"
    )


def _of_shards(budget: float, spec: AwsSource) -> str:
    shard = spec.share.shard
    return f"{budget * shard.of:g} / {shard.of} shards = {budget:g}" if shard else f"{budget:g}"
