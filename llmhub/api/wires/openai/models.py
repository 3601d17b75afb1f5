"""GET /v1/models and /v1/models/{name}: what the asking key may call."""

from typing import Any

from llmhub.api.wires import allowed_models
from llmhub.api.wires.http import Request
from providers.registry import Model


def listing(request: Request) -> dict[str, Any]:
    """All models that the caller may use."""
    models = allowed_models.every(request.caller)
    return {"object": "list", "data": [_entry(model) for model in models]}


def one(request: Request, name: str) -> dict[str, Any]:
    """One model. Raises ModelNotFoundError, also for one that the caller may not use."""
    return _entry(allowed_models.one(request.caller, name))


def _entry(model: Model) -> dict[str, Any]:
    owners = sorted({target.access.provider.kind for target in model.targets})
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": ", ".join(owners),
    }
