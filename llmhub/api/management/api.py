"""The API, put together from its routers."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from llmhub.api.management import errors, wire_docs
from llmhub.api.management.routers import (
    budgets,
    calls,
    comparisons,
    credentials,
    keys,
    models,
    teams,
    tokens,
    usage,
)
from llmhub.api.management.schemas.fields import Error
from llmhub.api.management.signing_in import PEOPLE, PEOPLE_AND_KEYS, SessionAuth

_ABOUT = """Everything that programs and scripts ask of the hub.

**Wires** call models, at the addresses of OpenAI's and of Anthropic's API: send an API key,
`hub-…`. Each path also works without `/v1`. docs/api.md tells all of it.

**Everything else** manages teams, people, API keys, budgets, models, calls, comparisons and usage.
Send an access token as `Authorization: Bearer hub-pat-…`, or be signed in and send the CSRF token
with what changes something. You see and do what you see and may do in the pages; what is not yours
to see is a 404. Calls, usage and models can also be read with an API key: its own.

Money is US dollars as decimal text; null means unknown, never 0. Times are UTC. Lists are newest
first; send `next_cursor` as `cursor` for the next page. docs/management-api.md is a walk through.
"""


class ManagementAPI(NinjaAPI):
    """Its schema says of every operation what its errors look like, and documents the wires too."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI schema; ours is the same wherever the API is mounted."""
        schema = super().get_openapi_schema(path_prefix="/api/v1/", path_params=path_params)
        schema["components"]["schemas"] |= _error_schemas()
        schema["components"]["securitySchemes"] = dict(_SIGNING_IN)
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = _REFUSED
                operation["summary"] = operation.pop("description").split("\n")[0].rstrip(".")
                for parameter in operation.get("parameters", ()):
                    parameter.pop("examples", None)  # a list is right in its schema only
        schema["tags"] = [wire_docs.TAG]  # first; the others follow as they come
        schema["paths"] |= wire_docs.paths()
        schema["components"]["schemas"] |= wire_docs.SCHEMAS
        schema["components"]["securitySchemes"] |= wire_docs.SECURITY_SCHEMES
        return schema


_SIGNING_IN = {
    "AccessTokenAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, hub-pat-…; to read also an API key, hub-…",
    },
    "SessionAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": SessionAuth.param_name,
        "description": "Signed in to the pages. Changes need the header X-CSRFToken.",
    },
}
_REFUSED = {
    "description": "It was refused or failed.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def _error_schemas() -> dict[str, Any]:
    schema = Error.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Error": schema}


def _operation_id(operation: Any) -> str:
    return str(operation.view_func.__name__)


api = ManagementAPI(
    title="LLM Hub",
    version="1",
    description=_ABOUT,
    urls_namespace="management",
    docs_url=None,
    auth=PEOPLE,
)
api.get_openapi_operation_id = _operation_id  # type: ignore[method-assign]
errors.register(api)

api.add_router("/teams", teams.router)
api.add_router("/keys", keys.router)
api.add_router("/budgets", budgets.router)
api.add_router("/models", models.router, auth=PEOPLE_AND_KEYS)
api.add_router("/credentials", credentials.router)
api.add_router("/calls", calls.router, auth=PEOPLE_AND_KEYS)
api.add_router("/usage", usage.router, auth=PEOPLE_AND_KEYS)
api.add_router("/comparisons", comparisons.router)
api.add_router("/tokens", tokens.router)
