"""A replay's answers as a file: a line for each."""

import csv
import io
from typing import Any

from playground.replays.results import Cell, Result, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
FIELDS = (
    "call",
    "call_id",
    "called_at",
    "prompt",
    "recorded_model",
    "recorded_answer",
    "recorded_cost",
    "recorded_latency_ms",
    "recorded_streamed",
    "recorded_output_tokens",
    "recorded_fits_schema",
    "candidate",
    "state",
    "error",
    "answer",
    "cost",
    "latency_ms",
    "output_tokens",
    "finish_reason",
    "fits_schema",
    "agreement",
    "agreement_of",
    "judge_prefers",
    "people_for_candidate",
    "people_for_recorded",
    "people_even",
    "answered_by",
    "replayed_call_id",
    "covered",
)


def as_csv(result: Result) -> str:
    """Texts that a spreadsheet would run as a formula get a quote. Covered answers are left out."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=FIELDS)
    writer.writeheader()
    for row in result.rows:
        for cell in row.cells:
            line = _recorded(result, row) | _replayed(cell)
            writer.writerow({name: _harmless(line[name]) for name in FIELDS})
    return out.getvalue()


def _recorded(result: Result, row: Row) -> dict[str, Any]:
    figures = dict.fromkeys(row.call.figures) if row.is_covered else row.call.figures
    return {
        "call": row.number,
        "call_id": row.call.call_id,
        "called_at": row.call.called_at.isoformat(),
        "prompt": row.prompt,
        "recorded_model": result.definition.model,
        "recorded_answer": row.before.shown if row.before else "",
        "recorded_cost": figures["cost"],
        "recorded_latency_ms": figures["latency_ms"],
        "recorded_streamed": figures["stream"],
        "recorded_output_tokens": figures["output_tokens"],
        "recorded_fits_schema": figures["fits"],
        "covered": row.is_covered,
    }


def _replayed(cell: Cell) -> dict[str, Any]:
    people = cell.people
    return {
        "candidate": cell.model,
        "state": str(cell.state),
        "error": cell.error,
        "answer": cell.text,
        "cost": cell.cost,
        "latency_ms": cell.latency_ms,
        "output_tokens": cell.output_tokens,
        "finish_reason": cell.finish_reason,
        "fits_schema": cell.fits,
        "agreement": cell.agreement.score if cell.agreement else None,
        "agreement_of": cell.measure,
        "judge_prefers": cell.preferred,
        "people_for_candidate": people["candidate"],
        "people_for_recorded": people["original"],
        "people_even": people["tie"] + people["all_bad"],
        "answered_by": cell.elsewhere,
        "replayed_call_id": cell.call_id,
    }


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
