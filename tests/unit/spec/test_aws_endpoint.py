"""Where signed requests of AWS may go without TLS."""

import pytest
from pydantic import ValidationError

from obs.spec.aws import AwsSource
from obs.spec.stacks import AmpStack

REGION = {"region": "us-east-1"}
WORKSPACE = {"workspace": "ws-1a2b3c4d", "region": "us-east-1"}


@pytest.mark.parametrize(("model", "fields"), [(AwsSource, REGION), (AmpStack, WORKSPACE)])
def test_an_endpoint_without_tls_on_another_machine_needs_a_word_in_the_spec(
    model: type[AwsSource] | type[AmpStack], fields: dict[str, str]
) -> None:
    elsewhere = {**fields, "endpoint_url": "http://emulator:4566"}
    with pytest.raises(ValidationError, match="allow_plaintext: true where the network is trusted"):
        model.model_validate(elsewhere)
    assert model.model_validate({**elsewhere, "allow_plaintext": True}).allow_plaintext
    for url in ("https://emulator:4566", "http://127.0.0.1:4566", "http://localhost:4566"):
        assert model.model_validate({**fields, "endpoint_url": url}).endpoint_url == url
