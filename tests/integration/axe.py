"""axe-core in a page: what of it is not accessible."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tests.integration.chromium import Page

_RUN: Final = """axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then(
  found => JSON.stringify(
    found.violations.map(each => [each.id, each.nodes.map(node => node.html)])))"""


def _script() -> str:
    """The script of axe-core, which a Python package brings."""
    found = find_spec("axe_core_python")
    assert found
    assert found.submodule_search_locations
    (folder,) = found.submodule_search_locations
    return (Path(folder) / "axe.min.js").read_text(encoding="utf-8")


async def violations(page: Page) -> list[Any]:
    """The rules of WCAG 2.1, A and AA, that the page breaks, each with the elements."""
    await page.evaluate(f"{_script()};true")
    found: list[Any] = json.loads(await page.evaluate(_RUN))
    return found
