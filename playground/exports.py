"""A comparison as a file to take along."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playground.models import Answer, Comparison


@dataclass(frozen=True, slots=True)
class Format:
    extension: str
    content_type: str
    write: Callable[[Comparison], str]


def _answers(comparison: Comparison) -> list[Answer]:
    rows = Answer.objects.filter(turn__comparison=comparison)
    return list(
        rows.select_related("turn", "column").order_by(
            "turn__created_at", "column__position", "created_at"
        )
    )


def markdown(comparison: Comparison) -> str:
    """Prompts as headings, an answer below each model's name."""
    lines = [f"# {comparison}", ""]
    turn_id = None
    for answer in _answers(comparison):
        if answer.turn_id != turn_id:
            turn_id = answer.turn_id
            quoted = "\n".join(f"> {line}" for line in answer.turn.prompt.splitlines())
            lines += ["## Prompt", "", quoted, ""]
        lines += [f"### {answer.column.model}", "", answer.content or "_no answer_", ""]
        lines += [f"_{_numbers(answer)}_", ""]
    return "\n".join(lines)


def _numbers(answer: Answer) -> str:
    metrics = answer.metrics
    cost = metrics.get("cost")
    return (
        f"{answer.status} · {metrics.get('input_tokens')} → {metrics.get('output_tokens')} tokens"
        f" · {'cost unknown' if cost is None else f'${cost}'} · {metrics.get('total_ms')} ms"
    )


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "turn": str(answer.turn_id),
            "prompt": answer.turn.prompt,
            "model": answer.column.model,
            "status": answer.status,
            "answer": answer.content,
            "reasoning": answer.reasoning,
            "call_id": str(answer.call_id or ""),
            "created_at": answer.created_at.isoformat(),
            **{name: answer.metrics.get(name) for name in METRICS},
        }
        for answer in _answers(comparison)
    ]


METRICS = (
    "ttft_ms",
    "tokens_per_second",
    "input_tokens",
    "output_tokens",
    "cost",
    "total_ms",
)


def as_json(comparison: Comparison) -> str:
    """Name, and one object for each answer."""
    return json.dumps(
        {"id": str(comparison.pk), "name": comparison.name, "answers": _rows(comparison)},
        indent=2,
        ensure_ascii=False,
    )


def as_csv(comparison: Comparison) -> str:
    """A line for each answer. Texts that a spreadsheet would run as a formula are quoted."""
    rows = _rows(comparison)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else ["turn"])
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


FORMATS = {
    "md": Format("md", "text/markdown; charset=utf-8", markdown),
    "json": Format("json", "application/json", as_json),
    "csv": Format("csv", "text/csv; charset=utf-8", as_csv),
}
