"""Pages that show files of the repository: changelog, contributing, security, deploy, specs."""

from pathlib import Path
from typing import Final

from docs._generate.links import OUTSIDE, on_site
from docs._generate.markdown import block, joined

_ROOT: Final = Path(__file__).parents[2]


def pages() -> dict[str, str]:
    """The pages by path below `docs/reference`."""
    found = {}
    for file, page in OUTSIDE.items():
        if page.startswith("reference/") and (_ROOT / file).is_file():
            text = (_ROOT / file).read_text(encoding="utf-8")
            found[page.removeprefix("reference/").removesuffix(".md")] = on_site(text, file, page)
    for spec in sorted((_ROOT / "collectors").glob("*.yaml")):
        text = spec.read_text(encoding="utf-8")
        found[f"project/spec-{spec.stem}"] = joined(
            f"# Example: `collectors/{spec.name}`", block(text, "yaml")
        )
    return found
