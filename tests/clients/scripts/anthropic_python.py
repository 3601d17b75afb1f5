"""Anthropic's SDK for Python."""

import json
import os

import anthropic
import pydantic

TOOL = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
client = anthropic.Anthropic(
    base_url=os.environ["HUB_URL"], api_key=os.environ["HUB_KEY"], max_retries=0
)


class Place(pydantic.BaseModel):
    city: str
    people: int


def ask(text, model="sim-swift", **more):
    return client.messages.create(
        model=model, max_tokens=500, messages=[{"role": "user", "content": text}], **more
    )


def complete():
    return ask("echo: hello there").content[0].text


def stream():
    with client.messages.stream(
        model="sim-swift",
        max_tokens=500,
        messages=[{"role": "user", "content": "echo: one two three"}],
    ) as events:
        return list(events.text_stream)


def tool():
    call = ask("use get_weather for Paris", tools=[TOOL]).content[-1]
    return {"name": call.name, "arguments": call.input}


def structured():
    answer = client.messages.parse(
        model="sim-swift",
        max_tokens=500,
        messages=[{"role": "user", "content": "Paris"}],
        output_format=Place,
    )
    return answer.parsed_output.model_dump()


def error():
    try:
        ask("x", model="sim-swfit")
    except anthropic.NotFoundError as refused:
        return {"status": refused.status_code, "message": str(refused)}


steps = (complete, stream, tool, structured, error)
print(json.dumps({step.__name__: step() for step in steps}))
