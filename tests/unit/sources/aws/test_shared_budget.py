"""What accounts and regions of one source may cost together."""

from obs.sources.aws.shared_budget import budget_for, budget_words
from obs.spec.aws import AwsSource
from obs.spec.shard import Portion, Shard


def three(budget: float | None) -> dict[str, AwsSource]:
    given = {"regions": ["us-east-1", "eu-west-1", "ap-south-1"], "monthly_budget_dollars": budget}
    source = AwsSource.model_validate(given)
    found = source.each("cloud")
    return {name.removeprefix("cloud-"): one for name, one in found.items()}  # type: ignore[misc]


def left(sources: dict[str, AwsSource], region: str, dollars: float) -> float | None:
    return budget_for(f"cloud-{region}", sources[region], dollars)


def test_each_has_what_those_before_it_leave() -> None:
    sources = three(40)
    assert left(sources, "us-east-1", 30) == 40
    assert left(sources, "eu-west-1", 8) == 10
    assert left(sources, "ap-south-1", 5) == 2
    assert left(sources, "eu-west-1", 4) == 10
    assert left(sources, "ap-south-1", 5) == 6


def test_one_that_is_too_expensive_takes_nothing_from_the_others() -> None:
    sources = three(40)
    assert left(sources, "us-east-1", 50) == 40
    assert left(sources, "eu-west-1", 38) == 40


def test_the_order_is_that_of_the_spec_whoever_asks_first() -> None:
    sources = three(40)
    assert left(sources, "ap-south-1", 30) == 40
    assert left(sources, "us-east-1", 30) == 40
    assert left(sources, "ap-south-1", 30) == 10


def test_one_spec_does_not_spend_the_budget_of_another() -> None:
    first, second = three(40), three(40)
    left(first, "us-east-1", 30)
    assert left(second, "eu-west-1", 30) == 40


def test_without_a_budget_there_is_no_limit() -> None:
    assert left(three(None), "eu-west-1", 1e6) is None


def test_a_source_alone_has_its_own() -> None:
    alone = AwsSource.model_validate({"region": "us-east-1", "monthly_budget_dollars": 7})
    assert budget_for("cloud", alone, 100) == 7
    assert budget_words(alone, 7) == "monthly_budget_dollars 7"
    assert budget_words(three(40)["eu-west-1"], 10) == (
        "the $10.00 that the sources before it leave of monthly_budget_dollars 40 of cloud"
    )


def test_a_shard_has_its_part_and_says_of_what() -> None:
    whole = AwsSource.model_validate({"region": "us-east-1", "monthly_budget_dollars": 25})
    part = whole.of_share(Portion(Shard(3, 5)))
    assert budget_for("cloud", part, 100) == 5
    assert budget_words(part, 5) == "monthly_budget_dollars 25 / 5 shards = 5"
