"""What is wrong with a text that is not YAML, in the same words whatever PyYAML says."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from obs.spec import parse as spec_parse
from obs.yaml_syntax import ERRORS, syntax_problem

LOADERS = [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader]
PIECES = [
    *("a", "b: 1", "- ", ": ", "\n", "\n  ", "\n ", "\t", "'", '"', "[", "]", "{", "}", ","),
    *("&x ", "*x", "!t ", "|", ">", "%", "@", "`", "#", "? ", "---\n", "...\n", "\\q", "\\ud800"),
    *("\\U00110000", "é", "\x85", "%YAML 1.3\n", "!!int x", "[" * 60, "- " * 60, "\x00"),
]


def message(text: str, loader: type[yaml.SafeLoader]) -> str:
    try:
        list(yaml.parse(text, Loader=loader))
    except ERRORS as error:
        found = syntax_problem(text, error, deepest=50)
        return f"{found.line}: {found.message}"
    raise AssertionError("this is valid YAML")


@pytest.mark.parametrize("loader", LOADERS, ids=["fast", "python"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 'x\n", "2: is not valid YAML: the quote that opens here is not closed; close"),
        ('a: "x\n---\n', "1: is not valid YAML: the quote that opens here is not closed; close"),
        ('a: "\\q"\n', "1: is not valid YAML: unknown escape between"),
        ("a: [1, 2\nb: 3\n", "1: is not valid YAML: the [ that opens here is not closed, or"),
        ("a: {b: 1\n", "1: is not valid YAML: the { that opens here is not closed, or"),
        ("a: 1\nb: [\n\n", "2: is not valid YAML: the file ends inside [ or {; close it"),
        ("a: [1,,2]\n", "1: is not valid YAML: a value is missing between brackets or commas;"),
        ("a: ]\n", "1: is not valid YAML: a value cannot begin with ]; quote it"),
        ("a: @x\n", "1: is not valid YAML: a value cannot begin with @; quote it"),
        ("a: b: c\n", "1: is not valid YAML: a second colon in one value; quote a text"),
        ("a: 1\n  b: 2\n", "2: is not valid YAML: a field begins inside the value above it;"),
        ("a: - b\n", "1: is not valid YAML: a list cannot begin here; begin it on the line below"),
        ("a: 1\nb\nc: 2\n", "2: is not valid YAML: a key without a colon; write key: value"),
        ("a:\n  b: 1\n c: 2\n", "3: is not valid YAML: does not continue the lines above it;"),
        ("- a\nb: 1\n", "2: is not valid YAML: does not continue the lines above it;"),
        ("a: 'it's'\n", "1: is not valid YAML: text after the end of a value; quote the whole"),
        ("a: &x &y 1\n", "1: is not valid YAML: text after the end of a value; quote the whole"),
        ("a: & x\n", "1: is not valid YAML: & and * take a name right after them; quote"),
        ("a: !x!y 1\n", "1: is not valid YAML: ! begins a YAML tag, which is not used here;"),
        ("%YAML 3.0\n---\n", "1: is not valid YAML: % begins a YAML directive, which is not"),
        ("a: |x\n  b\n", "1: is not valid YAML: nothing follows | or > on its line; write"),
        ("a: 1\n...\nb: 2\n", "3: is not valid YAML: text after the end of the document;"),
        ("a:\n\tb: 1\n", "2: indented with a tab; YAML wants spaces"),
        ("a: \x01\n", "1: character U+0001 is not allowed in YAML; remove it"),
        ("a: " + "[" * 1100, "1: nested deeper than 50 levels; write it flatter"),
    ],
)
def test_each_usual_mistake_has_words_of_obs(
    loader: type[yaml.SafeLoader], text: str, words: str
) -> None:
    assert message(text, loader).startswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: &x 2\n", "2: is not valid YAML: an anchor of this name already exists;"),
        ("a: *x\n", "1: is not valid YAML: * refers to no anchor above it;"),
        ("[a]: 1\n", "1: is not valid YAML: a key must be a single word"),
        ("a: !x 1\n", "1: is not valid YAML: ! begins a YAML tag"),
    ],
)
def test_what_only_loading_finds_has_words_of_obs_too(text: str, words: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.safe_load(text)
    found = syntax_problem(text, caught.value, deepest=50)
    assert f"{found.line}: {found.message}".startswith(words)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (yaml.scanner.ScannerError("in other words", None, "never seen before", None), "None: is"),
        (yaml.YAMLError("never seen before"), "None: is not valid YAML: "),
        (ValueError("never seen before"), "None: is not valid YAML: "),
        (RecursionError("never seen before"), "None: nested deeper than 9 levels"),
    ],
)
def test_words_that_no_release_used_so_far_are_not_repeated(error: Exception, words: str) -> None:
    found = syntax_problem("a: 1\n", error, deepest=9)
    assert f"{found.line}: {found.message}".startswith(words)
    assert "never" not in found.message


def test_nesting_is_named_whatever_the_library_calls_it() -> None:
    mark = yaml.Mark("", 0, 0, 80, None, 0)
    error = yaml.scanner.ScannerError("while", mark, "enough is enough", mark)
    assert syntax_problem("[" * 80, error, deepest=50).message.startswith("nested deeper than 50")


@pytest.mark.parametrize("loader", LOADERS, ids=["fast", "python"])
@given(text=st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example(text='a: "\\ud800"\n')
@example(text='a: "\\U00110000"\n')
def test_broken_yaml_never_shows_a_message_of_the_library(
    loader: type[yaml.SafeLoader], text: str
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spec_parse, "_LOADER", loader)
        tree, problems = spec_parse.parse("a.yaml", text)
    assert tree is not None or problems
    for problem in problems:
        words = str(problem)
        assert "\n" not in words
        words.encode()
    try:
        list(yaml.parse(text, Loader=loader))
    except ERRORS as error:
        said = {getattr(error, name, None) for name in ("problem", "context", "reason")}
        shown = [words for words in map(str, problems) for part in said if part and part in words]
        assert shown == []
