import pytest
from pydantic import ValidationError

from obs.spec.otlp import Otlp
from obs.spec.outputs import Outputs
from obs.spec.remote_write import RemoteWrite


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("endpoint", ["http://otel:4318", "http://10.0.0.7:4317"])
def test_headers_go_to_another_machine_only_encrypted(endpoint: str, protocol: str) -> None:
    given = {"endpoint": endpoint, "protocol": protocol, "headers_file": "/run/headers"}
    with pytest.raises(ValidationError) as refused:
        Otlp.model_validate(given)
    (error,) = refused.value.errors()
    assert error["msg"] == (
        "the headers in /run/headers would be sent unencrypted over http://; write https://, or "
        "allow_plaintext: true where the network is trusted"
    )
    assert Otlp.model_validate({**given, "allow_plaintext": True}).headers_file == "/run/headers"


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "http://otel:4318"},
        {"endpoint": "http://127.0.0.1:4318", "headers_file": "/run/headers"},
        {"endpoint": "http://localhost:4318", "headers_file": "/run/headers"},
        {"endpoint": "https://otel:4318", "headers_file": "/run/headers"},
    ],
)
def test_what_no_other_machine_can_read_needs_no_word_in_the_spec(fields: dict[str, str]) -> None:
    assert not Otlp.model_validate(fields).allow_plaintext


URL = "https://mimir.example.com/api/v1/push"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://mimir:9009/push", "token": "${T}"}, "would be sent unencrypted"),
        ({"url": "http://mimir:9009/push", "sigv4": {"region": "eu-west-1"}}, "signed requests"),
        ({"url": URL, "token": "${T}", "sigv4": {"region": "eu-west-1"}}, "signed or has a login"),
        ({"url": URL, "token": "secret"}, "do not write a secret in a spec"),
        ({"url": URL, "labels": {"system": "x"}}, "obs sets the label system itself"),
        ({"url": URL, "labels": {"a-b": "x"}}, "letters, digits and _"),
        ({"url": URL, "tenant": "a b"}, "the name of a tenant"),
        ({"url": URL, "protocol": "2.0"}, "'auto', 'v2' or 'v1'"),
        ({"url": URL, "max_samples_per_send": 0}, "greater than or equal to 1"),
        ({"url": "mimir:9009"}, "http"),
    ],
)
def test_remote_write_says_what_is_wrong(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RemoteWrite.model_validate(fields)
    assert said in str(refused.value)


def test_what_is_pushed_is_listed_by_name_without_secrets() -> None:
    outputs = Outputs.model_validate(
        {
            "otlp": {"endpoint": "https://otel:4318/x9Kq2Lm8Zt4Rw7Yb1Nc5"},
            "remote_write": {"url": URL},
        }
    )
    found = {name: spec.target for name, spec in outputs.pushed.items()}
    assert found == {"otlp": found["otlp"], "remote_write": URL}
    assert "x9Kq2Lm8" not in found["otlp"]


@pytest.mark.parametrize("off", [False, None])
def test_there_are_no_traces_unless_the_spec_asks_for_them(off: bool | None) -> None:
    for fields in ({}, {"traces": off}):
        assert Otlp.model_validate({"endpoint": "http://otel:4318", **fields}).traces is None


def test_traces_go_to_the_same_receiver_or_to_another() -> None:
    here = {"endpoint": "https://otel:4317", "protocol": "grpc", "headers_file": "/run/headers"}
    same = Otlp.model_validate({"every": "5s", "timeout": "3s", "traces": True, **here}).traces
    assert same is not None
    assert same.model_dump(exclude_defaults=True) == {"timeout": 3.0, **here}
    other = Otlp.model_validate({**here, "traces": {"endpoint": "http://tempo:4318"}}).traces
    assert other is not None
    assert other.model_dump(exclude_defaults=True) == {"endpoint": "http://tempo:4318"}


def test_headers_of_traces_go_to_another_machine_only_encrypted() -> None:
    traces = {"endpoint": "http://tempo:4318", "headers_file": "/run/headers"}
    with pytest.raises(ValidationError, match="would be sent unencrypted"):
        Otlp.model_validate({"endpoint": "http://localhost:4318", "traces": traces})
