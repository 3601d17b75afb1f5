"""docs/reliability.md says what each fault of an upstream leads to. Here it is tried.

`pytest tests/test_fault_table.py --write-tables` writes what the run found into the document.
"""

import asyncio
import re
from pathlib import Path

import pytest

from providers.simulator.faults import FAULTS
from tests.support import fault_runs
from tests.support.fault_runs import CASES, Cells
from tests.support.hub import Hub
from tests.support.process import ROOT
from tests.support.waiting import eventually

DOCUMENT = ROOT / "docs" / "reliability.md"
_PLACE = re.compile(r"(<!-- faults (\S+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


@pytest.fixture(scope="module")
def cells(hub: Hub) -> Cells:
    hub.import_config(fault_runs.config())
    key = hub.create_key("Faults")
    eventually(lambda: "faults_spare" not in hub.chat(key, fault_runs.SPARE).text, "the models")
    return asyncio.run(fault_runs.run(hub, key))


def written(path: Path) -> dict[str, str]:
    """The tables of the document by their names."""
    return {
        found[2]: found[0].removeprefix(found[1]).removesuffix(found[3])
        for found in _PLACE.finditer(path.read_text())
    }


def test_document_says_what_happens(cells: Cells, request: pytest.FixtureRequest) -> None:
    found = dict(fault_runs.tables(cells))
    if request.config.getoption("--write-tables"):
        text = DOCUMENT.read_text()
        DOCUMENT.write_text(_PLACE.sub(lambda m: f"{m[1]}{found[m[2]]}{m[3]}", text))
    assert written(DOCUMENT) == found, "the run found something else; see --write-tables"


def test_no_fault_is_left_out_and_no_cell_is_empty(cells: Cells) -> None:
    assert {case.name.strip("`") for case in CASES} >= FAULTS.keys()
    assert cells.keys() == set(fault_runs.every_cell())
    assert all("record: " in cell and "retr" in cell for cell in cells.values())


def test_a_fallback_saves_the_call_from_all_that_comes_before_the_first_token(
    cells: Cells,
) -> None:
    for number, case in enumerate(CASES):
        plain = cells[number, 0, fault_runs.WITH_FALLBACK]
        assert plain.startswith("200") or case.name == "`400`", (case, plain)


def test_no_broken_answer_is_recorded_as_a_success(cells: Cells) -> None:
    for cell in cells.values():
        failed = "`" in cell.partition(";")[0]
        assert failed == ("record: success" not in cell), cell
