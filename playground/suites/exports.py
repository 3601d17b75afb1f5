"""A run's results as a file."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmhub.core.spreadsheets import harmless
from llmhub.usage import formats
from playground.suites.results import Cell, Result, Sums


@dataclass(frozen=True, slots=True)
class Format:
    """How a run is written; `extension` is the file's."""

    extension: str
    content_type: str
    write: Callable[[Result], str]


def as_json(result: Result) -> str:
    """Everything: the suite as it was run, sums, and an object for each cell."""
    run = result.run
    return json.dumps(
        {
            "suite": run.suite.name,
            "run": str(run.pk),
            "created_at": run.created_at.isoformat(),
            "status": run.job.status,
            "cost": str(result.cost),
            "judge": {"model": result.definition.judge.model, "cost": str(result.judge_cost)},
            "models": [_sums(sums) for sums in result.columns],
            "compared_with": str(result.previous.pk) if result.previous else None,
            "cells": [_cell(cell) for cell in result.cells],
        },
        indent=2,
        ensure_ascii=False,
    )


def _sums(sums: Sums) -> dict[str, Any]:
    column = sums.column
    assert column is not None
    return {
        "name": column.label,
        "model": column.model,
        "system_prompt": column.system_prompt,
        "parameters": column.parameters,
        "pass_rate": sums.rate,
        "passed": sums.passed,
        "failed": sums.failed,
        "errors": sums.errors,
        "cost": str(sums.cost),
        "calls_with_unknown_cost": sums.unknown_cost,
        "latency_p50_ms": sums.latency_ms,
        "best": sorted(sums.best),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "row": cell.row.number,
        "prompt": cell.row.text,
        "values": cell.row.values,
        "model": cell.column.label,
        "result": str(cell.state),
        "change": str(cell.change),
        "answer": cell.text,
        "error": cell.error,
        "assertions": [
            {
                "assertion": f"{check.label} {check.value}",
                "passed": check.passed,
                "reason": check.reason,
                "by_judge": check.by_judge,
            }
            for check in cell.checks
        ],
        "latency_ms": cell.latency_ms,
        "cost": None if cell.cost is None else str(cell.cost),
        "call_id": str(cell.call_id or ""),
    }


def as_csv(result: Result) -> str:
    """A line for each cell. Texts that a spreadsheet would run as a formula get a quote."""
    names = list(dict.fromkeys(name for row in result.definition.rows for name in row.values))
    fields = ["row", "model", "result", "change", "why", "prompt"]
    fields += [f"value:{name}" for name in names]
    fields += ["answer", "latency_ms", "cost", "call_id"]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=fields)
    writer.writeheader()
    for cell in result.cells:
        line = {**_cell(cell), "why": cell.why}
        line |= {f"value:{name}": cell.row.values.get(name, "") for name in names}
        writer.writerow({field: harmless(line[field]) for field in fields})
    return out.getvalue()


def as_markdown(result: Result) -> str:
    """A table of the models, one of the cells, and what did not pass."""
    run = result.run
    lines = [f"# {run.suite.name}", "", f"Run of {run.created_at:%Y-%m-%d %H:%M} UTC.", ""]
    lines += ["| Model | Passed | Errors | Cost | Latency p50 |", "|---|---|---|---|---|"]
    lines += [_model_line(sums) for sums in result.columns]
    labels = [_flat(column.label) for column in result.definition.columns]
    lines += ["", f"| # | Prompt | {' | '.join(labels)} |", f"|---|---|{'---|' * len(labels)}"]
    for row, cells in result.rows:
        states = " | ".join(str(cell.state) for cell in cells)
        lines.append(f"| {row.number} | {_flat(row.text)} | {states} |")
    if whys := [cell for cell in result.cells if cell.why]:
        lines += ["", "## What did not pass", ""]
        lines += [f"- {c.row.number}, {_flat(c.column.label)}: {_flat(c.why)}" for c in whys]
    return "\n".join(lines) + "\n"


def _model_line(sums: Sums) -> str:
    assert sums.column is not None
    rate = "–" if sums.rate is None else formats.share(sums.passed, sums.decided)
    passed = f"{sums.passed} of {sums.decided} ({rate})"
    cells = [_flat(sums.column.label), passed, str(sums.errors)]
    cells += [formats.money(sums.cost), formats.duration(sums.latency_ms)]
    return f"| {' | '.join(cells)} |"


def _flat(text: str) -> str:
    line = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return line if len(line) <= 200 else f"{line[:199]}…"


FORMATS = {
    "csv": Format("csv", "text/csv; charset=utf-8", as_csv),
    "json": Format("json", "application/json", as_json),
    "md": Format("md", "text/markdown; charset=utf-8", as_markdown),
}
