"""How a program says which key it has."""

from typing import Any

SECURITY_SCHEMES: dict[str, Any] = {
    "ApiKeyAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, hub-…, as OpenAI's SDKs send it.",
    },
    "ApiKeyHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "An API key, hub-…, as Anthropic's SDKs send it.",
    },
}
SECURITY: list[dict[str, list[str]]] = [{name: []} for name in SECURITY_SCHEMES]
