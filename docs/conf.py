"""How Sphinx builds the documentation: `make docs`."""

import os
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

import obs  # noqa: E402
from docs._generate.accessible import accessible  # noqa: E402
from docs._generate.contents import contents  # noqa: E402
from docs._generate.links import on_site  # noqa: E402
from docs._generate.pages import pages  # noqa: E402
from docs._generate.write import write  # noqa: E402

project = "obs"
author = "The authors of obs"
project_copyright = "The authors of obs, Apache License 2.0"
version = release = obs.__version__

extensions = ["myst_parser"]
exclude_patterns = ["_*", "*/_*"]
myst_enable_extensions = ["attrs_inline", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nitpicky = True
highlight_language = "text"
suppress_warnings = [
    "misc.highlighting_failure",  # shown without colours: fragments, and YAML with an ellipsis
]

html_theme = "furo"
html_title = f"obs {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
html_use_index = False
html_domain_indices = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _read(app: Any, name: str, source: list[str]) -> None:
    """Each page as it is read: `source` has its text."""
    if name == "index":
        source[0] = contents(source[0], app.env.found_docs)
    if not name.startswith("reference/"):
        source[0] = on_site(source[0], f"docs/{name}.md", f"{name}.md")


def _accessible(app: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """What the theme leaves out for those who read by keyboard or screen reader."""
    body = context.get("body", "")
    context["body"] = accessible(body)
    navigation = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = accessible(navigation)


def setup(app: Any) -> None:
    """Called by Sphinx before it looks for pages."""
    if "OBS_DOCS_AS_THEY_ARE" not in os.environ:
        write(pages(), DOCS / "reference")
    app.connect("source-read", _read)
    app.connect("html-page-context", _accessible, priority=900)  # after the theme's own
