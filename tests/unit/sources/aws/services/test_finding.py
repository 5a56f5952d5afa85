"""Which functions and topics are watched: those named, those listed, those that are targets."""

from typing import cast

import pytest

from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.snapshot.aws_services import Resource
from obs.sources.aws.services import functions, topics
from obs.sources.aws.services.finding import FoundResources, find_resources, named_resources
from obs.spec.aws import AwsSource

HOME = "us-east-1:123456789012"
LAMBDA = f"arn:aws:lambda:{HOME}:function:"
SNS = f"arn:aws:sns:{HOME}:"


class Listed:
    """Answers as a client does; a service without names does not answer."""

    def __init__(self, **names: list[str]) -> None:
        self._names = names
        self.asked: list[str] = []

    def names(self, service: str, operation: str, member: str, field: str) -> list[str]:
        self.asked.append(operation)
        if service not in self._names:
            raise SourceError("timeout", f"{operation}: not done")
        return self._names[service]


def spec(**fields: object) -> AwsSource:
    return AwsSource.model_validate({"region": "us-east-1", **fields})


def found(client: Listed, of: AwsSource, *arns: str) -> FoundResources:
    return find_resources(cast("AwsClient", client), of, arns, HOME)


def test_nothing_is_watched_or_listed_unless_the_spec_says_so() -> None:
    client = Listed()
    assert found(client, spec(), f"{LAMBDA}paid") == FoundResources()
    assert client.asked == []


def test_targets_are_watched_without_listing_anything() -> None:
    client = Listed()
    here = found(
        client,
        spec(targets=True),
        f"{LAMBDA}paid",
        f"{LAMBDA}paid:live",
        f"{SNS}changes.fifo",
        f"arn:aws:sqs:{HOME}:queue",
        "arn:aws:lambda:eu-west-1:123456789012:function:far",
        "arn:aws:sns:us-east-1:999999999999:foreign",
        "arn:aws:events:us-east-1:123456789012:api-destination/x/y",
    )
    assert here.found == (Resource("function", "paid"), Resource("topic", "changes.fifo"))
    assert here.left_out == {"elsewhere": 2}
    assert client.asked == []


def test_names_and_globs_choose_among_those_listed_and_one_is_watched_once() -> None:
    client = Listed(**{"lambda": ["orders-paid", "orders-sent", "other"], "sns": ["changes"]})
    of = spec(functions=["orders-*", "gone"], topics=["changes"], targets=True, put_events=True)
    here = found(client, of, f"{LAMBDA}orders-paid")
    assert here.found == (
        Resource("function", "orders-paid"),
        Resource("function", "orders-sent"),
        Resource("put_events"),
        Resource("topic", "changes"),
    )
    assert here.names == {
        "function": ("orders-paid", "orders-sent", "other"),
        "topic": ("changes",),
    }
    assert client.asked == ["ListFunctions", "ListTopics"]


def test_a_service_that_does_not_list_leaves_out_globs_alone() -> None:
    client = Listed(sns=["changes", "others"])
    here = found(client, spec(functions=["paid", "orders-*"], topics=["*"]))
    assert here.found == (
        Resource("function", "paid"),
        Resource("topic", "changes"),
        Resource("topic", "others"),
    )
    assert here.left_out == {"unlisted": 1}
    assert here.names["function"] is None


def test_what_the_spec_names_in_full_is_known_without_aws() -> None:
    of = spec(functions=["paid", "orders-*"], topics=["a[*]b"], put_events=True)
    assert named_resources(of) == (
        Resource("put_events"),
        Resource("function", "paid"),
        Resource("topic", "a*b"),
    )
    assert named_resources(spec(targets=True)) == ()


@pytest.mark.parametrize("arn", ["", "arn", "arn:aws:lambda", "arn:aws:lambda:x:y:function:", "::"])
def test_an_odd_arn_is_no_target(arn: str) -> None:
    assert functions.KIND.targeted(arn) is None
    assert topics.KIND.targeted(arn) is None
