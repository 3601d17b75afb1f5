"""Whether an answer fits the JSON schema that it was asked for with."""

from typing import Any

import orjson

from llmhub.core.errors import ValidationError
from llmhub.gateway import structured
from llmhub.gateway.validation import schemas

Check = dict[str, Any]


def check(body: dict[str, Any], content: str) -> Check | None:
    """{valid, problems} for an answer to `body`; None if no schema was asked for.

    A problem says where: a JSON path, or line and column of what is no JSON.
    """
    schema = schema_of(body)
    if schema is None or not content:
        return None
    try:
        schemas.check(schema)
        found = _problems(content, schema)
    except ValidationError as error:
        found = [error.message]
    return {"valid": not found, "problems": found}


def schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON schema in a request's response_format, if there is one."""
    wanted = body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    schema = (wanted.get("json_schema") or wanted).get("schema")
    return schema if isinstance(schema, dict) else None


def _problems(content: str, schema: dict[str, Any]) -> list[str]:
    try:
        return schemas.problems(orjson.loads(content), schema)
    except orjson.JSONDecodeError as error:
        value = next(structured.values_in(content), None)
        if value is None:
            return [f"This is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."]
        return ["The JSON stands in other text.", *schemas.problems(value, schema)]
