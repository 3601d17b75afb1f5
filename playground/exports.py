"""A comparison as a file to take along, with what the person who asks may know of a blind test."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmhub.core.spreadsheets import harmless
from playground import blind
from playground.models import Answer, Comparison


@dataclass(frozen=True, slots=True)
class Format:
    extension: str
    content_type: str
    write: Callable[[Comparison, int | None], str]


def _answers(comparison: Comparison, user_id: int | None) -> list[Answer]:
    rows = Answer.objects.filter(turn__comparison=comparison)
    ordered = rows.select_related("turn__comparison", "column").order_by(
        "turn__created_at", "column__position", "created_at"
    )
    return blind.as_seen(user_id, list(ordered))


def markdown(comparison: Comparison, user_id: int | None) -> str:
    """Prompts as headings, an answer below each model's name."""
    lines = [f"# {comparison}", ""]
    turn_id = None
    for answer in _answers(comparison, user_id):
        if answer.turn_id != turn_id:
            turn_id = answer.turn_id
            quoted = "\n".join(f"> {line}" for line in answer.turn.prompt.splitlines())
            lines += ["## Prompt", "", quoted, ""]
            if answer.turn.attachments:
                lines += [f"Files: {', '.join(_files(answer))}", ""]
        lines += [
            f"### {answer.column.model}",
            "",
            *_steps(answer),
            answer.content or "_no answer_",
            "",
        ]
        lines += [f"_{_numbers(answer)}_", ""]
    return "\n".join(lines)


def _files(answer: Answer) -> list[str]:
    return [str(one["name"]) for one in answer.turn.attachments]


def _steps(answer: Answer) -> list[str]:
    """Tools that were called before the answer, and their results."""
    calls = [call for step in answer.steps for call in step["tool_calls"]]
    lines = [f"- {call['name']} `{call['arguments']}` → `{call['result']}`" for call in calls]
    return [*lines, ""] if lines else []


def _numbers(answer: Answer) -> str:
    metrics = answer.metrics
    if not metrics:
        return answer.status
    cost = metrics.get("cost")
    return (
        f"{answer.status} · {metrics.get('input_tokens')} → {metrics.get('output_tokens')} tokens"
        f" · {'cost unknown' if cost is None else f'${cost}'} · {metrics.get('total_ms')} ms"
    )


def rows(comparison: Comparison, user_id: int | None) -> list[dict[str, Any]]:
    """An object for each answer, by turn and column."""
    return [
        {
            "turn": str(answer.turn_id),
            "prompt": answer.turn.prompt,
            "files": _files(answer),
            "model": answer.column.model,
            "status": answer.status,
            "answer": answer.content,
            "reasoning": answer.reasoning,
            "call_id": str(answer.call_id or ""),
            "created_at": answer.created_at.isoformat(),
            **{name: answer.metrics.get(name) for name in METRICS},
        }
        for answer in _answers(comparison, user_id)
    ]


METRICS = (
    "ttft_ms",
    "tokens_per_second",
    "input_tokens",
    "output_tokens",
    "cost",
    "total_ms",
)


def as_json(comparison: Comparison, user_id: int | None) -> str:
    """Name, and one object for each answer."""
    return json.dumps(
        {"id": str(comparison.pk), "name": comparison.name, "answers": rows(comparison, user_id)},
        indent=2,
        ensure_ascii=False,
    )


def as_csv(comparison: Comparison, user_id: int | None) -> str:
    """A line for each answer."""
    lines = rows(comparison, user_id)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(lines[0]) if lines else ["turn"])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in lines)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = ", ".join(value)
    return harmless(value)


FORMATS = {
    "md": Format("md", "text/markdown; charset=utf-8", markdown),
    "json": Format("json", "application/json", as_json),
    "csv": Format("csv", "text/csv; charset=utf-8", as_csv),
}
