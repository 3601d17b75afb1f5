"""Which address leads to which wire and operation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from . import anthropic_wire, brave_search, gemini_wire, openai_wire
from .faults import FAULTS
from .models import MODELS
from .openai_chat import chat
from .openai_completions import completions
from .openai_embeddings import embeddings
from .problems import Problem, RequestRefusedError
from .request import Operation, Request, Wire

_GEMINI_MODELS: Final = "/v1beta/models"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the wire that it belongs to."""

    wire: Wire
    operation: Operation
    model: str | None = None
    """The model, where the address names it rather than the body."""


_POST: Final = {
    "/chat/completions": Route(openai_wire.WIRE, chat),
    "/completions": Route(openai_wire.WIRE, completions),
    "/embeddings": Route(openai_wire.WIRE, embeddings),
    "/messages": Route(anthropic_wire.WIRE, anthropic_wire.messages),
    "/messages/count_tokens": Route(anthropic_wire.WIRE, anthropic_wire.count_tokens),
}
_GEMINI: Final[dict[str, Operation]] = {
    "generateContent": gemini_wire.generate_content,
    "streamGenerateContent": gemini_wire.stream_generate_content,
}


def wire_of(request: Request) -> Wire:
    """The wire whose words fit a request, whether or not there is anything at its address."""
    if request.path.startswith(_GEMINI_MODELS):
        return gemini_wire.WIRE
    if request.path == brave_search.PATH:
        return brave_search.WIRE
    is_anthropic = "/messages" in request.path or "anthropic-version" in request.headers
    return anthropic_wire.WIRE if is_anthropic else openai_wire.WIRE


def operation_at(request: Request) -> Route:
    """The operation that a POST asks for; raises a 404 if there is none."""
    if request.path.startswith(f"{_GEMINI_MODELS}/"):
        model, _, verb = request.path.removeprefix(f"{_GEMINI_MODELS}/").rpartition(":")
        if verb in _GEMINI:
            return Route(gemini_wire.WIRE, _GEMINI[verb], model)
    route = _POST.get(_unversioned(request.path))
    if request.method != "POST" or route is None:
        raise _unknown_url(request)
    return route


def document_at(request: Request) -> bytes:
    """The JSON that a GET asks for; raises a 404 if there is none."""
    path = _unversioned(request.path)
    if path == "/":
        return _about()
    if request.path == brave_search.PATH:
        return brave_search.results(request.query)
    if request.path == _GEMINI_MODELS:
        return gemini_wire.model_list()
    if path == "/models":
        return _model_list(request)()
    if path.startswith("/models/"):
        return openai_wire.model_card(path.removeprefix("/models/"))
    raise _unknown_url(request)


def _unversioned(path: str) -> str:
    return path[3:] if path.startswith("/v1/") else path


def _model_list(request: Request) -> Callable[[], bytes]:
    is_anthropic = "anthropic-version" in request.headers
    return anthropic_wire.model_list if is_anthropic else openai_wire.model_list


def _unknown_url(request: Request) -> RequestRefusedError:
    message = f"Unknown request URL: {request.method} {request.path}."
    return RequestRefusedError(Problem("unknown_url", message))


def _about() -> bytes:
    about = {
        "what": "The simulated provider of LLM Hub. No model is behind it.",
        "models": {model.id: model.title for model in MODELS.values()},
        "faults": FAULTS,
    }
    return orjson.dumps(about, option=orjson.OPT_INDENT_2)
