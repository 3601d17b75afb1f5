"""litellm as a client, over both of its wires."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

litellm.suppress_debug_info = True
HUB = os.environ["HUB_URL"]
WAYS = {"openai": f"{HUB}/v1", "anthropic": HUB}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}


def ask(text, model="sim-swift", way="openai", **more):
    return litellm.completion(
        model=f"{way}/{model}",
        api_base=WAYS[way],
        api_key=os.environ["HUB_KEY"],
        messages=[{"role": "user", "content": text}],
        num_retries=0,
        **more,
    )


def complete():
    return ask("echo: hello there").choices[0].message.content


def stream():
    chunks = ask("echo: one two three", stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def tool():
    answer = ask("use get_weather for Paris", tools=[TOOL])
    call = answer.choices[0].message.tool_calls[0].function
    return {"name": call.name, "arguments": json.loads(call.arguments)}


def messages_complete():
    return ask("echo: hello there", way="anthropic").choices[0].message.content


def messages_stream():
    chunks = ask("echo: one two three", way="anthropic", stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def embedding():
    answer = litellm.embedding(
        model="openai/simulator/sim-embedding",
        api_base=WAYS["openai"],
        api_key=os.environ["HUB_KEY"],
        input=["text"],
    )
    return len(answer.data[0]["embedding"])


def error():
    try:
        ask("x", model="sim-swfit")
    except litellm.NotFoundError as refused:
        return {"status": refused.status_code, "message": str(refused)}


steps = (complete, stream, tool, messages_complete, messages_stream, embedding, error)
print(json.dumps({step.__name__: step() for step in steps}))
