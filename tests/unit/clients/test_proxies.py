import pytest

from obs.clients.proxies import may_use_proxy, proxy_of


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://plain:3128")
    monkeypatch.setenv("https_proxy", "http://user:x@secure:3128")
    monkeypatch.setenv("no_proxy", "inside.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://collector:4318/v1/metrics",  # the proxy could read it
        "http://127.0.0.1:4318",
        "https://127.0.0.1:4318",
        "https://localhost:4318",
        "https://[::1]:4318",
        "https://otlp.inside.example:4318",
    ],
)
def test_no_proxy_is_used_without_tls_nor_for_this_machine_nor_where_excluded(url: str) -> None:
    assert proxy_of(url) is None


def test_what_leaves_with_tls_uses_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert proxy_of("https://otlp.example:443") == "http://user:x@secure:3128"
    monkeypatch.setenv("https_proxy", "secure:3128")
    assert proxy_of("https://otlp.example") == "http://secure:3128"
    monkeypatch.delenv("https_proxy")
    assert proxy_of("https://otlp.example") is None


def test_grpc_may_use_one_for_the_same_addresses() -> None:
    assert may_use_proxy("https://otlp.example:4317")
    assert not may_use_proxy("https://127.0.0.1:4317")
    assert not may_use_proxy("http://otlp.example:4317")
