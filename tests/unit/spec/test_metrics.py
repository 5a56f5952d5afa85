"""The choice of metrics in a spec."""

import pytest
from pydantic import ValidationError

from obs.spec.metrics import Metrics
from obs.spec.outputs import CloudWatch, Outputs
from obs.spec.system import System


def refusal(**fields: list[str]) -> str:
    with pytest.raises(ValidationError) as refused:
        Metrics.model_validate(fields)
    (error,) = refused.value.errors()
    return error["msg"]


def test_names_and_globs_choose_metrics() -> None:
    chosen = Metrics(include=("nats_consumer_waiting_pulls",), exclude=("nats_stream_max_*",))
    assert "nats_stream_max_bytes" in chosen.exported.excluded
    assert "nats_consumer_waiting_pulls" not in chosen.exported.left_out


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"exclude": ["nats_consumer_lag_mesages"]},
            "'nats_consumer_lag_mesages' is not a metric of obs; did you mean "
            "nats_consumer_lag_messages?",
        ),
        ({"include": ["mongo_*"]}, "'mongo_*' matches no metric of obs"),
        (
            {"exclude": ["slo:burn_rate:ratio"]},
            "slo:burn_rate:ratio is recorded by rules, and not exported by the collector",
        ),
        (
            {"exclude": ["obs_source_up"]},
            "obs_source_up cannot be left out: every rule needs it to tell what is there",
        ),
        (
            {
                "include": ["nats_consumer_resets_total"],
                "exclude": ["nats_consumer_resets_total"],
            },
            "nats_consumer_resets_total is excluded too; write it in one of the two",
        ),
    ],
)
def test_what_cannot_be_chosen_is_told(fields: dict[str, list[str]], message: str) -> None:
    assert refusal(**fields) == message


def test_what_is_published_has_to_be_exported() -> None:
    output = CloudWatch(source="cloud", namespace="OMS/Events")
    excluded = Metrics(exclude=("nats_consumer_lag_*",))
    with pytest.raises(ValidationError) as refused:
        System(version=1, system="oms", outputs=Outputs(cloudwatch=output), metrics=excluded)
    (error,) = refused.value.errors()
    assert error["msg"] == (
        "outputs.cloudwatch publishes nats_consumer_lag_messages, which metrics.exclude leaves out"
    )
