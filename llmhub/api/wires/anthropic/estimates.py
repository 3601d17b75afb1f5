"""How many tokens a request has, before anybody has counted."""

from typing import Any

import orjson

from llmhub.gateway.answers import estimated_input_tokens, estimated_tokens


def input_tokens(chat: dict[str, Any]) -> int:
    """About how many input tokens a chat request has, its tools included."""
    tools = chat.get("tools")
    more = estimated_tokens(orjson.dumps(tools).decode()) if tools else 0
    return estimated_input_tokens(chat) + more
