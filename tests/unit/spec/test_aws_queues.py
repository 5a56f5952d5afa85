"""What a spec may say of work queues and tags, and the messages about what is wrong."""

import pytest
from pydantic import ValidationError

from obs.spec.aws import AwsSource


def source(**fields: object) -> AwsSource:
    return AwsSource.model_validate({"region": "us-east-1", **fields})


def refusal(**fields: object) -> str:
    with pytest.raises(ValidationError) as error:
        source(**fields)
    return str(error.value)


def test_a_queue_cannot_be_named_in_both_roles() -> None:
    message = "orders is among `queues` as well, as a dead-letter queue; keep one of them"
    assert message in refusal(queues=["orders"], work_queues=["orders"])
    assert source(queues=["orders-dlq"], work_queues=["orders*"]).work_globs == ("orders*",)


def test_tags_that_become_one_label_or_one_that_is_taken_are_refused() -> None:
    assert "become the same label cost_centre" in refusal(tag_labels=["cost.centre", "cost-centre"])
    assert "label queue has another meaning" in refusal(tag_labels=["queue"])
    assert "label __x is reserved" in refusal(tag_labels=["__x"])


def test_where_only_tags_select_every_queue_may_be_watched() -> None:
    assert source().work_globs == ()
    assert source(tags={"team": "orders"}).work_globs == ("*",)
    assert source(tags={"team": "orders"}, queues=["dlq"]).work_globs == ()


def test_names_of_queues_tell_the_field_they_are_in() -> None:
    named = source(queues=["a"], work_queues=["b", "c"]).named()
    assert [each.path for each in named if each.kind == "queue"] == [
        "queues[0]",
        "work_queues[0]",
        "work_queues[1]",
    ]
