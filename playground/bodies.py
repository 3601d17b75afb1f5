"""The request that a column's model gets: its own history, never another's."""

from typing import Any
from uuid import UUID

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.gateway import validation
from llmhub.gateway.validation import schemas
from playground import attachments, schema_checks
from playground.models import Answer, AnswerStatus, Attachment, Column, Turn
from providers import registry

NEVER_SENT = frozenset({"model", "messages", "stream", "stream_options"})
Message = dict[str, Any]


def body_for(column: Column, path: list[Turn], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The request for an answer to the last turn of `path`, after `steps` within that turn.

    Raises ValidationError, in words, if it can't be sent to this column's model.
    """
    sees = can_see(column.model)
    if not sees and attachments.has_images(path[-1]):
        raise ValidationError(
            f"{column.model} can't read pictures, so it was not asked. "
            "Choose a model with vision for this column.",
            param="attachments",
        )
    parameters = {k: v for k, v in column.parameters.items() if v is not None and v != ""}
    body = {
        **{name: parameters[name] for name in parameters.keys() - NEVER_SENT},
        "model": column.model,
        "messages": messages(column, path, steps, sees=sees),
        "stream": True,
    }
    validation.chat(body)
    if schema := schema_checks.schema_of(body):
        schemas.check(schema)
    return body


def can_see(model_name: str) -> bool:
    """Whether a model takes pictures; True as well where nothing is known of it."""
    try:
        model = registry.current().resolve(model_name)
    except LLMHubError:
        return True
    known = [target.price.capabilities for target in model.targets]
    return any(not capabilities or "vision" in capabilities for capabilities in known)


def messages(
    column: Column, path: list[Turn], steps: list[dict[str, Any]], *, sees: bool = True
) -> list[Message]:
    """The column's own conversation up to the last turn of `path`.

    A turn that this column has no answer to (an error, a cut) is left out of it.
    """
    answers = _answers_that_count(column, path[:-1])
    asked = [turn for turn in path[:-1] if turn.pk in answers]
    files = attachments.contents([*asked, path[-1]])
    conversation: list[Message] = []
    if column.system_prompt.strip():
        conversation.append({"role": "system", "content": column.system_prompt})
    for turn in asked:
        answer = answers[turn.pk]
        conversation.append(_prompt(turn, files, sees))
        conversation += step_messages(answer.steps)
        conversation.append({"role": "assistant", "content": answer.content})
    conversation.append(_prompt(path[-1], files, sees))
    return conversation + step_messages(steps)


def _prompt(turn: Turn, files: dict[str, Attachment], sees: bool) -> Message:
    return {"role": "user", "content": attachments.user_content(turn, files, sees=sees)}


def step_messages(steps: list[dict[str, Any]]) -> list[Message]:
    """Calls of tools and their results, as messages."""
    conversation: list[Message] = []
    for step in steps:
        calls = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"] or "{}"},
            }
            for call in step["tool_calls"]
        ]
        content = step.get("content") or None
        conversation.append({"role": "assistant", "content": content, "tool_calls": calls})
        conversation += [
            {"role": "tool", "tool_call_id": call["id"], "content": call["result"]}
            for call in step["tool_calls"]
        ]
    return conversation


def _answers_that_count(column: Column, turns: list[Turn]) -> dict[UUID, Answer]:
    """The newest answer of each turn that came to an end or was stopped by the person."""
    rows = Answer.objects.filter(
        column=column,
        turn__in=turns,
        status__in=(AnswerStatus.SUCCESS, AnswerStatus.CANCELLED),
    ).exclude(content="")
    return {answer.turn_id: answer for answer in rows.order_by("created_at")}
