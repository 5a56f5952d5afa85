import json

import pytest

from obs.sandbox.aws_protocol import (
    error_answer,
    in_parts,
    operation_of,
    paged_answer,
    without_token,
)

JSON = {"X-Amz-Target": "AWSEvents.ListRules", "Authorization": "Credential=AKIA"}
CBOR = {"smithy-protocol": "rpc-v2-cbor"}


@pytest.mark.parametrize(
    ("path", "headers", "body", "operation"),
    [
        ("/", JSON, b"{}", "ListRules"),
        ("/", {}, b"Action=AssumeRole&Version=1", "AssumeRole"),
        (
            "/service/GraniteServiceVersion20100801/operation/GetMetricData",
            CBOR,
            b"\xff",
            "GetMetricData",
        ),
        ("/_ministack/health", {}, b"", ""),
    ],
)
def test_the_operation_is_read_in_every_protocol(
    path: str, headers: dict[str, str], body: bytes, operation: str
) -> None:
    assert operation_of(path, headers, body) == operation


def test_an_error_has_the_shape_of_the_protocol_it_answers() -> None:
    status, headers, body = error_answer("throttled", JSON)
    assert (status, json.loads(body)["__type"]) == (400, "ThrottlingException")
    assert headers["x-amzn-errortype"] == "ThrottlingException"
    assert b"<Code>Throttling</Code>" in error_answer("throttled", {})[2]
    assert error_answer("throttled", CBOR)[2] == (
        b"\xa2\x66__type\x73ThrottlingException\x67message\x6dRate exceeded"
    )


def test_a_signature_error_quotes_the_request() -> None:
    assert "authorization:Credential=AKIA" in error_answer("signature", JSON)[2].decode()


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        (b'{"StatusCode": "Complete"}', b'{"StatusCode": "PartialData"}'),
        (b"<StatusCode>Complete</StatusCode>", b"<StatusCode>PartialData</StatusCode>"),
        (b"\x6aStatusCode\x68Complete", b"\x6aStatusCode\x6bPartialData"),
    ],
)
def test_an_answer_in_parts_differs_only_in_its_status(whole: bytes, part: bytes) -> None:
    assert in_parts(whole) == part


def test_pages_hold_one_element_each_and_end_without_a_token() -> None:
    whole = json.dumps({"Targets": [1, 2, 3]}).encode()
    seen, body = [], b"{}"
    while True:
        rest, position = without_token(body)
        assert json.loads(rest) == {}
        page = json.loads(paged_answer(whole, position))
        seen.append(page["Targets"])
        if "NextToken" not in page:
            break
        body = json.dumps({"NextToken": page["NextToken"]}).encode()
    assert seen == [[1], [2], [3]]


def test_the_points_of_a_query_are_spread_over_pages() -> None:
    query = {"Id": "q0", "Timestamps": [60, 120], "Values": [1, 2], "StatusCode": "Complete"}
    whole = json.dumps({"MetricDataResults": [query]}).encode()
    first, second = (json.loads(paged_answer(whole, position)) for position in (0, 1))
    assert first["MetricDataResults"][0]["Values"] == [1]
    assert first["MetricDataResults"][0]["StatusCode"] == "PartialData"
    assert second["MetricDataResults"][0]["Values"] == [2]
    assert second["MetricDataResults"][0]["StatusCode"] == "Complete"
    assert "NextToken" not in second
