"""Calling Python functions that a model asks for."""

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from llmhub.api.python.replies import Message

Functions = Mapping[str, Callable[..., Any]]


async def results(calls: list[dict[str, Any]], functions: Functions) -> list[Message]:
    """Call what is asked for, all at once; the results are messages, in the order of the calls.

    A function that fails tells the model so, which may then try something else.
    """
    return list(await asyncio.gather(*(_result(call, functions) for call in calls)))


async def _result(call: dict[str, Any], functions: Functions) -> Message:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    function = functions.get(name)
    if function is None:
        said = f"There is no function {name!r}. There are: {', '.join(functions)}."
    else:
        try:
            said = _as_text(await _called(function, json.loads(arguments or "{}")))
        except Exception as error:
            said = f"{name} failed: {type(error).__name__}: {error}"
    return {"role": "tool", "tool_call_id": call["id"], "content": said}


async def _called(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(**arguments)
    return await asyncio.to_thread(function, **arguments)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
