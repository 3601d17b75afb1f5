"""GET /v1/models in Anthropic's shape, page by page.

https://docs.claude.com/en/api/models-list
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from llmhub.api.wires import allowed_models
from llmhub.api.wires.http import Request
from llmhub.core.errors import ValidationError
from providers.registry import Model

DEFAULT_LIMIT = 20
MAX_LIMIT = 1000


def listing(request: Request) -> dict[str, Any]:
    """A page of the models that the caller may use; `after_id` and `before_id` turn pages."""
    asked = {
        name: values[-1]
        for name, values in parse_qs(request.scope["query_string"].decode("latin-1")).items()
    }
    models = allowed_models.every(request.caller)
    names = [model.name for model in models]
    limit = _limit(asked.get("limit"))
    first, last = 0, len(models)
    if "before_id" in asked:
        last = _position(names, "before_id", asked["before_id"])
        first = max(0, last - limit)
        has_more = first > 0
    else:
        if "after_id" in asked:
            first = _position(names, "after_id", asked["after_id"]) + 1
        has_more = first + limit < last
        last = min(last, first + limit)
    page = [_entry(model) for model in models[first:last]]
    return {
        "data": page,
        "has_more": has_more,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def one(request: Request, name: str) -> dict[str, Any]:
    """One model. Raises ModelNotFoundError, also for one that the caller may not use."""
    return _entry(allowed_models.one(request.caller, name))


def _entry(model: Model) -> dict[str, Any]:
    created = datetime.fromtimestamp(model.created, UTC)
    return {
        "type": "model",
        "id": model.name,
        "display_name": model.name,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise ValidationError(f"limit must be a whole number from 1 to {MAX_LIMIT}.", param="limit")
    return int(text)


def _position(names: list[str], param: str, name: str) -> int:
    if name not in names:
        raise ValidationError(f"{param}: there is no model {name[:200]!r} here.", param=param)
    return names.index(name)
