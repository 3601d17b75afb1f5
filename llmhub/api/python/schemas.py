"""What `generate_structured` takes as a schema: a JSON schema, or a pydantic model."""

from typing import Any

from llmhub.core.errors import ValidationError
from llmhub.gateway import structured
from llmhub.gateway.structured import StructuredOutputError, Unfit
from llmhub.gateway.validation import schemas


def response_format(schema: Any) -> dict[str, Any]:
    """The field that asks for an answer by a schema. Raises ValidationError if it is none."""
    return {
        "type": "json_schema",
        "json_schema": {"name": _name_of(schema), "schema": _json_schema(schema)},
    }


def read(text: str, schema: Any) -> Any:
    """The value in an answer; an instance, if the schema is a pydantic model.

    Raises StructuredOutputError if the answer does not fit.
    """
    try:
        value = structured.read(text, _json_schema(schema))
        return value if isinstance(schema, dict) else schema.model_validate(value)
    except (Unfit, ValueError) as problem:
        raise StructuredOutputError(
            f"The model’s answer does not fit the schema: {problem}", param=schemas.PARAM
        ) from None


def _json_schema(schema: Any) -> dict[str, Any]:
    if isinstance(schema, dict):
        return schema
    if callable(make := getattr(schema, "model_json_schema", None)):
        made: dict[str, Any] = make()
        return made
    raise ValidationError(
        f"schema must be a JSON schema or a pydantic model, not {type(schema).__name__}.",
        param="schema",
    )


def _name_of(schema: Any) -> str:
    name = schema.get("title") if isinstance(schema, dict) else getattr(schema, "__name__", "")
    allowed = "".join(c if c.isascii() and c.isalnum() else "_" for c in str(name or ""))
    return allowed[:64] or "answer"
