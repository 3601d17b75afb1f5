"""The models that a caller may use."""

from llmhub.core.errors import LLMHubError, ModelNotFoundError, PermissionError
from llmhub.teams.callers import Caller
from providers import endpoints, registry
from providers.registry import Model


def every(caller: Caller) -> list[Model]:
    """All of them, by name."""
    known = registry.current()
    return [known.resolve(name) for name in known.names() if caller.may_use(name)]


def one(caller: Caller, name: str) -> Model:
    """One of them. Raises ModelNotFoundError, also for one that the caller may not use."""
    model = registry.current().resolve(name)
    if not caller.may_use(model.name):
        raise ModelNotFoundError(f"There is no model {name[:200]!r} for this key.", param="model")
    return model


def asked(caller: Caller, name: str) -> Model:
    """The model that a request names, "" for the default. Raises also PermissionError."""
    model = registry.current().resolve(name)
    if not caller.may_use(model.name):
        raise PermissionError(
            f"This key may not use {model.name}.", param="model", code="model_not_allowed"
        )
    return model


def speaks(wire: str, name: str) -> bool:
    """Whether an upstream of the model speaks this wire itself. False for an unknown model."""
    try:
        targets = registry.current().resolve(name).targets
        return any(endpoints.wire_of(target.access) == wire for target in targets)
    except LLMHubError:
        return False
