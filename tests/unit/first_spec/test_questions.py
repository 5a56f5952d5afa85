"""What `obs init` asks, and where it does not."""

import sys
from collections.abc import Callable, Iterator

import pytest

from obs.first_spec.nats import LOCAL
from obs.first_spec.options import Options
from obs.first_spec.questions import answered


def answers(*given: str) -> Callable[[str], str]:
    left: Iterator[str] = iter(given)
    return lambda question: next(left)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


@pytest.mark.parametrize("there", [True, False])
def test_without_a_terminal_nothing_is_asked(there: bool) -> None:
    found = answered(Options(), ask=True, read=answers(), local=lambda url: there)
    assert found == Options(nats=(LOCAL,) if there else ())


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("given", "options"),
    [
        (("", ""), Options(nats=(LOCAL,))),
        (("-", "eu-west-1"), Options(regions=("eu-west-1",))),
        (
            ("nats://n:4222", "my.creds", ""),
            Options(nats=("nats://n:4222",), login={"credentials_file": "my.creds"}),
        ),
        (("nats://n:4222", "", "none"), Options(nats=("nats://n:4222",))),
    ],
)
def test_at_a_terminal_each_question_has_a_default(
    given: tuple[str, ...], options: Options
) -> None:
    assert answered(Options(), ask=True, read=answers(*given), local=lambda url: True) == options
