"""OpenAI's `functions`, from before there were `tools`, for upstreams that know only tools.

https://platform.openai.com/docs/api-reference/chat/create, "functions" (deprecated). A request is
turned into one with tools; what comes back is turned into a `function_call` again.
"""

from providers.transports.base import Json


def to_tools(body: Json) -> bool:
    """Turn functions of `body` into tools; tells whether it had any. Its messages are not changed
    but replaced."""
    functions = body.pop("functions", None)
    choice = body.pop("function_call", None)
    body["messages"] = _messages(body.get("messages") or [])
    if not functions or body.get("tools"):
        return False
    body["tools"] = [{"type": "function", "function": function} for function in functions]
    if isinstance(choice, dict):
        body["tool_choice"] = {"type": "function", "function": choice}
    elif choice:
        body["tool_choice"] = choice
    body["parallel_tool_calls"] = False
    return True


def _messages(messages: list[Json]) -> list[Json]:
    """The messages with function calls as tool calls, each answered by the next function."""
    turned: list[Json] = []
    name = ""
    for position, message in enumerate(messages):
        if message.get("role") == "function":
            turned.append(
                {"role": "tool", "tool_call_id": name, "content": message.get("content") or ""}
            )
        elif message.get("function_call") and not message.get("tool_calls"):
            name = f"call_{position}"
            call = {"id": name, "type": "function", "function": message["function_call"]}
            kept = {key: value for key, value in message.items() if key != "function_call"}
            turned.append({**kept, "tool_calls": [call]})
        else:
            turned.append(message)
    return turned


def to_function_call(answer: Json) -> None:
    """Turn the tool call of a completion or a chunk into a function call, in place."""
    for choice in answer.get("choices") or ():
        said = choice.get("message") or choice.get("delta") or {}
        if calls := said.pop("tool_calls", None):
            function = calls[0]["function"]
            said["function_call"] = {k: v for k, v in function.items() if v is not None}
        if choice.get("finish_reason") == "tool_calls":
            choice["finish_reason"] = "function_call"
