"""How hard Claude is to think, from OpenAI's `reasoning_effort`.

https://platform.claude.com/docs/en/build-with-claude/thinking: models from 4.6 on think adaptively
within `output_config.effort`, earlier ones by a token budget that is part of `max_tokens`. Neither
goes together with a forced tool. A `thinking` of the caller's own passes as it is.
"""

from providers.transports.anthropic_messages import has_unsigned_tool_use
from providers.transports.anthropic_models import Generation
from providers.transports.base import Json

SMALLEST_BUDGET = 1024
_BUDGETS = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 32768,
}
_NAME = "reasoning_effort"


def settle_thinking(
    known: Generation, chat: Json, body: Json, left_out: list[str], *, may_write_more: bool
) -> None:
    """Set `thinking` and the effort in `body`, or put reasoning_effort among what is left out.

    `may_write_more` says that max_tokens is a guess and may be raised.
    """
    if "thinking" in body:
        return
    effort = chat.get(_NAME)
    forced = (body.get("tool_choice") or {}).get("type") in {"any", "tool"}
    if forced and known.thinks_unasked and known.can_stop_thinking:
        body["thinking"] = {"type": "disabled"}
    if forced and effort not in {None, "none"}:
        left_out.append(f"{_NAME} (a tool is forced)")
    elif effort == "none":
        _stop(known, body)
    elif effort is not None and known.adaptive:
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        _set_effort(body, _highest(known, str(effort)))
    elif effort is not None and not _enable(known, str(effort), body, may_write_more):
        left_out.append(_NAME)


def _stop(known: Generation, body: Json) -> None:
    if not known.thinks_unasked:
        return
    if known.can_stop_thinking:
        body["thinking"] = {"type": "disabled"}
    else:
        _set_effort(body, "low")


def _set_effort(body: Json, effort: str) -> None:
    body["output_config"] = {"effort": effort, **(body.get("output_config") or {})}


def _highest(known: Generation, effort: str) -> str:
    """The effort, or the next lower one that the model knows."""
    if effort == "minimal":
        return "low"
    if effort in {"xhigh", "max"} and effort not in known.highest_efforts:
        return "high"
    return effort


def _enable(known: Generation, effort: str, body: Json, may_write_more: bool) -> bool:
    """Think by a budget below `max_tokens`, if there is room for one; tells whether there is."""
    if not known.thinks or effort not in _BUDGETS or has_unsigned_tool_use(body["messages"]):
        return False
    budget = _BUDGETS[effort]
    if may_write_more:
        body["max_tokens"] += budget
    else:
        budget = min(budget, body["max_tokens"] // 2)
    if budget < SMALLEST_BUDGET:
        return False
    body["thinking"] = {"type": "enabled", "budget_tokens": budget}
    return True
