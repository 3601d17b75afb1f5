"""LlamaIndex's OpenAILike."""

import json
import os

import openai
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike


def get_weather(city: str) -> str:
    """The weather in a city."""
    return city


def model(name="sim-swift", *, is_chat_model=True):
    return OpenAILike(
        model=name,
        api_base=f"{os.environ['HUB_URL']}/v1",
        api_key=os.environ["HUB_KEY"],
        is_chat_model=is_chat_model,
        is_function_calling_model=True,
        context_window=100_000,
        max_retries=0,
    )


def complete():
    return model().chat([ChatMessage(role="user", content="echo: hello there")]).message.content


def stream():
    message = ChatMessage(role="user", content="echo: one two three")
    return [chunk.delta for chunk in model().stream_chat([message])]


def tool():
    llm = model()
    answer = llm.chat_with_tools(
        [FunctionTool.from_defaults(get_weather)], user_msg="use get_weather for Paris"
    )
    call = llm.get_tool_calls_from_response(answer)[0]
    return {"name": call.tool_name, "arguments": call.tool_kwargs}


def legacy_complete():
    """Without `is_chat_model` it calls the older completions endpoint."""
    return model(is_chat_model=False).complete("echo: hello there").text


def error():
    try:
        model("sim-swfit").complete("x")
    except openai.NotFoundError as refused:
        return {"status": refused.status_code, "message": str(refused)}


steps = (complete, stream, tool, legacy_complete, error)
print(json.dumps({step.__name__: step() for step in steps}))
