"""Rows of a suite from CSV: what is taken, and what is refused by line and column."""

import pytest

from playground.suites import csv_rows
from playground.suites.csv_rows import BadCsvError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        ("river\n", "no row below it"),
        ("river,river\na,b\n", "Line 1, column 2: “river” is there already, in column 1."),
        ("river,,x\na,b,c\n", "Line 1, column 2: a name is missing."),
        ("river,2nd\na,b\n", "Line 1, column 2: “2nd” can't be a variable."),
        ("river,assert:nope\na,b\n", "Line 1, column 2: there is no assertion “nope”"),
        ("river\na\nb,c\n", "Line 3, column 2: the first line has 1 names only."),
        (
            'river,assert:max_words\n"a\nb",5\nc,few\n',
            "Line 4, column 2 (assert:max_words): Words, at most: “few” is no whole number",
        ),
        ("river,assert:regex\na,(\n", "Line 2, column 2 (assert:regex): Matches: this expression"),
        ('river\n"a\n', "this is not CSV"),
        ("river\na\x00b\n", "Line 2: a character that is no text (NUL)."),
        ("river\n" + "x\n" * 1001, "The file has 1,001 rows"),
        ("river\n" + "x" * 100_001, "Line 2, column 1 (river): 100,000 characters at most."),
        ("river" + ",assert:contains" * 21 + "\na" + ",b" * 21, "Line 2: 20 assertions at most."),
        (",".join(f"v{n}" for n in range(101)) + "\na\n", "Line 1: 101 columns; 100 at most."),
    ],
)
def test_bad_csv_is_refused_by_line_and_column(text: str, said: str) -> None:
    with pytest.raises(BadCsvError) as refused:
        csv_rows.read(text, suite_has_prompt=True)
    assert said in " ".join(refused.value.problems)


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = "river,assert:max_words\na,b\nc,d\ne,5\n"
    with pytest.raises(BadCsvError) as refused:
        csv_rows.read(text, suite_has_prompt=True)
    assert [problem.partition(" (")[0] for problem in refused.value.problems] == [
        "Line 2, column 2",
        "Line 3, column 2",
    ]


def test_commas_semicolons_and_tabs() -> None:
    for delimiter in ",;\t":
        text = delimiter.join(("river", "note")) + "\n" + delimiter.join(("Po", "x")) + "\n\n"
        (row,) = csv_rows.read(text, suite_has_prompt=True)
        assert row.values == {"river": "Po", "note": "x"}


def test_short_lines_and_empty_cells_are_empty_values() -> None:
    rows = csv_rows.read('river,note\nPo\n,\n""\n', suite_has_prompt=True)
    assert [row.values for row in rows] == [
        {"river": "Po", "note": ""},
        {"river": "", "note": ""},
        {"river": "", "note": ""},
    ]
