"""Pages of a table whose rows may be a choice keep that choice."""

from django.core.paginator import Paginator
from django.template.loader import render_to_string


def shown(number: int, rows: int = 25) -> str:
    page = Paginator(range(rows), 10).page(number)
    return render_to_string("table_pages.html", {"page": page, "show": "failed", "what": "Calls"})


def test_pages_lead_to_those_beside_them_with_the_same_rows() -> None:
    middle = shown(2)
    assert 'aria-label="Pages of calls"' in middle
    assert "Calls, page 2 of 3" in middle
    assert 'href="?show=failed&amp;page=1">Previous' in middle
    assert 'href="?show=failed&amp;page=3">Next' in middle
    assert "Previous" not in shown(1)
    assert "Next" not in shown(3)


def test_one_page_says_nothing() -> None:
    assert not shown(1, rows=10).strip()
