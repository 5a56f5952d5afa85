import pytest
from pydantic import ValidationError

from obs.spec.otlp import Otlp


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
