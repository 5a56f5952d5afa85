import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.web.negotiate import accepts_gzip, accepts_openmetrics

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_PREFERRING_TEXT = (
    "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2"
)


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3])
def test_prometheus_as_it_comes_is_given_openmetrics(accept: str) -> None:
    assert accepts_openmetrics(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*;q=0.5",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        PROMETHEUS_PREFERRING_TEXT,
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=1.0.0;q=0",
        "application/openmetrics-text;version=1.0.0;q=high",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily",
    ],
)
def test_other_clients_are_given_the_text_format(accept: str) -> None:
    assert not accepts_openmetrics(accept)


def test_openmetrics_without_a_version_and_in_any_case_is_version_1() -> None:
    assert accepts_openmetrics("Application/OpenMetrics-Text")


def test_openmetrics_of_the_same_weight_as_text_is_preferred() -> None:
    assert accepts_openmetrics('text/plain, application/openmetrics-text; version="1.0.0"')


@pytest.mark.parametrize("header", ["gzip", "deflate, gzip;q=0.5", "*", "GZIP ; Q=1"])
def test_gzip_is_used_where_it_is_accepted(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header", ["", "identity", "gzip;q=0", "*;q=0", "gzip;q=0, *", "br", "gzip;q=nan"]
)
def test_gzip_is_not_used_where_it_is_not_accepted(header: str) -> None:
    assert not accepts_gzip(header)


@given(st.text(alphabet=' ,;=q0.5*/gziptext"', max_size=60))
def test_no_header_whatever_raises(header: str) -> None:
    assert accepts_openmetrics(header) in (True, False)
    assert accepts_gzip(header) in (True, False)
