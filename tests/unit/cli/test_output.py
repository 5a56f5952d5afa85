"""Tables, JSON and counts."""

from obs.cli.output import counted, json_text, table


def test_a_table_lines_up_its_columns() -> None:
    assert table([("a", "long", "x"), ("bbb", "s", "")], indent=2) == "  a    long  x\n  bbb  s"


def test_json_keeps_the_order_of_what_it_is_given() -> None:
    assert json_text({"b": 1, "a": "ä"}) == '{\n  "b": 1,\n  "a": "ä"\n}'


def test_counts_agree_with_their_noun() -> None:
    assert [counted(n, "source") for n in (0, 1, 2)] == ["0 sources", "1 source", "2 sources"]
