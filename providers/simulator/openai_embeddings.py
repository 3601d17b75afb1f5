"""`POST /v1/embeddings`."""

from typing import Any, Final

import orjson

from . import fields
from .embeddings import as_base64, embedding
from .openai_requests import text_inputs
from .problems import invalid
from .request import Call, Whole
from .tokens import count_tokens

_DEFAULT_DIMENSIONS: Final = 256
_MOST_DIMENSIONS: Final = 3072


def embeddings(call: Call) -> Whole:
    """Embed one text or several."""
    model = call.target.model
    if model.style != "vectors":
        raise invalid(f"`{model.id}` is not an embedding model.", "model")
    texts = text_inputs(call.body.get("input"), "input")
    tokens = sum(count_tokens(text) for text in texts)
    answer: dict[str, Any] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(_vectors(call, texts))
        ],
        "model": model.id,
    }
    if call.usage_place != "nowhere":
        answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Whole(orjson.dumps(answer))


def _vectors(call: Call, texts: tuple[str, ...]) -> list[list[float]] | list[str]:
    """The vectors in the encoding that the request asks for."""
    dimensions = fields.whole_number(call.body, "dimensions", least=1) or _DEFAULT_DIMENSIONS
    if dimensions > _MOST_DIMENSIONS:
        raise invalid(f"'dimensions' can be at most {_MOST_DIMENSIONS}.", "dimensions")
    vectors = [embedding(text, dimensions) for text in texts]
    if call.body.get("encoding_format") == "base64":
        return [as_base64(vector) for vector in vectors]
    return vectors
