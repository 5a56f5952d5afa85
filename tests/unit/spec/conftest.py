"""A spec written to a file, and what loading says about it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from obs.spec.load import load
from obs.spec.report import InvalidSpec
from obs.spec.system import System

GOOD = """\
version: 1
system: orders
sources:
  nats:
    main:
      monitor: [http://nats:8222]
"""


@pytest.fixture
def good() -> str:
    """A small sound spec, to which tests add."""
    return GOOD


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., System]:
    """Loads one text, or several named ones."""

    def load_texts(
        *texts: str, env: str | None = None, variables: Mapping[str, str] | None = None
    ) -> System:
        paths = []
        for letter, text in zip("abcdef", texts, strict=False):
            paths.append(tmp_path / f"{letter}.yaml")
            paths[-1].write_text(text, encoding="utf-8")
        return load(paths, env=env, variables=variables or {})

    return load_texts


@pytest.fixture
def complaints(loaded: Callable[..., System], tmp_path: Path) -> Callable[..., list[str]]:
    """What loading complains about, line by line, without the folder's name."""

    def load_texts(*texts: str, **options: object) -> list[str]:
        with pytest.raises(InvalidSpec) as caught:
            loaded(*texts, **options)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return load_texts
