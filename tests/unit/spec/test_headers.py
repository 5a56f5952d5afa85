"""Headers and signatures of requests to Prometheus-compatible servers."""

from typing import Any

import pytest
from pydantic import ValidationError

from obs.spec.prometheus import PrometheusSource

URL = "https://prometheus:9090"


def refused(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        PrometheusSource.model_validate({"url": URL, **fields})
    return str(caught.value)


def test_a_header_whose_value_is_secret_is_a_variable_or_in_a_file() -> None:
    fields = {"secret_headers": {"X-Api-Key": "${KEY}"}, "headers": {"X-Team": "shop"}}
    source = PrometheusSource.model_validate({"url": URL, **fields})
    assert source.secret_headers["X-Api-Key"].variable == "KEY"
    assert "do not write a secret" in refused(secret_headers={"X-Api-Key": "abc"})


@pytest.mark.parametrize("field", ["secret_headers", "headers_file", "sigv4"])
def test_secrets_go_to_another_machine_only_encrypted(field: str) -> None:
    value = {
        "secret_headers": {"X-Api-Key": "${KEY}"},
        "headers_file": "/run/headers",
        "sigv4": {"region": "eu-west-1"},
    }[field]
    plain = {"url": "http://prometheus:9090", field: value}
    assert "would be sent unencrypted" in refused(**plain)
    PrometheusSource.model_validate({**plain, "allow_plaintext": True})
    PrometheusSource.model_validate({**plain, "url": "http://127.0.0.1:9090"})


def test_headers_that_would_break_a_request_are_refused() -> None:
    assert "obs sets the header Content-Length itself" in refused(headers={"Content-Length": "5"})
    assert "one line of ASCII" in refused(headers={"X-A": "b\r\nX-C: d"})
    assert "a header's name" in refused(headers={"X A": "b"})
    assert "use token, or secret_headers" in refused(headers={"authorization": "Bearer abc"})
    both = {"headers": {"X-Key": "a"}, "secret_headers": {"x-key": "${KEY}"}}
    assert "x-key is in headers as well" in refused(**both)


def test_a_request_is_signed_or_has_a_login() -> None:
    said = refused(sigv4={"region": "eu-west-1"}, token="${TOKEN}")
    assert "a request is signed or has a login, not both" in said
