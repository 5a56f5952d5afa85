"""Links, table of contents, versions and Markdown of the documentation."""

import pytest

from docs._generate.check_links import broken, external, read
from docs._generate.contents import contents
from docs._generate.links import on_site
from docs._generate.markdown import table, with_rubrics, words
from docs._generate.since import first_with, in_order

INDEX = """```{toctree}
:caption: How to

how-to/one
% other pages of how-to
```

```{toctree}
:caption: Topics

% other pages
```

% other folders
"""


def test_new_pages_and_folders_appear_by_themselves() -> None:
    pages = {"index", "how-to/one", "how-to/two", "tracing", "migration/yace"}
    text = contents(INDEX, pages)
    assert "how-to/one\nhow-to/two\n```" in text
    assert ":caption: Topics\n\ntracing\n```" in text
    assert ":caption: Migration\n:hidden:\n:glob:\n\nmigration/*\n```" in text


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[how](../aws-cost.md#budget)", "[how](../aws-cost.md#budget)"),
        ("[the README](../../README.md)", "[the README](../index.md)"),
        ("[oms](../../collectors/oms.yaml)", "[oms](../reference/project/spec-oms.md)"),
        ("[src/obs/spec](../../src/obs/spec)", "`src/obs/spec`"),
        ("[this example](../../dashboards/a.py)", "this example (`dashboards/a.py`)"),
        ("[site](https://example.com/a)", "[site](https://example.com/a)"),
        ("```sh\n[a](../../src)\n```", "```sh\n[a](../../src)\n```"),
    ],
)
def test_a_link_out_of_the_docs_becomes_a_page_or_a_path(link: str, shown: str) -> None:
    assert on_site(link, "docs/guide/x.md", "guide/x.md") == shown


def test_a_link_that_leads_nowhere_is_told() -> None:
    page = '<a href="b.html#there">b</a><a href="b.html#gone">b</a><a href="c.html">c</a>'
    pages = {
        "a.html": read(page + '<a href="https://x.example">x</a>'),
        "b.html": read("<p id=there>"),
    }
    assert list(broken(pages, frozenset(pages))) == [
        "a.html: b.html#gone: no such anchor",
        "a.html: c.html: no such file",
    ]
    assert external(pages) == ["https://x.example"]


def test_since_is_the_first_release_that_has_it() -> None:
    assert in_order(["0.10.0", "0.9.1", "0.9.0"]) == ["0.9.0", "0.9.1", "0.10.0"]
    releases = [("0.1.0", frozenset({"a"})), ("0.2.0", frozenset({"a", "b"}))]
    assert [first_with(name, releases, "0.3.0") for name in "abc"] == ["0.1.0", "0.2.0", "0.3.0"]


def test_words_of_a_declaration_are_no_markup() -> None:
    assert words("a_b <c>\n`d_e` {f}") == r"a\_b \<c\> `d_e` \{f\}"
    assert table(("a",), [["x|y\nz"]]).splitlines()[2] == r"| x\|y z |"
    assert with_rubrics("## A\n```\n# b\n```") == "```{rubric} A\n```\n```\n# b\n```"
