"""OpenAI's SDK for Python."""

import json
import os

import openai
import pydantic

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}
client = openai.OpenAI(
    base_url=f"{os.environ['HUB_URL']}/v1", api_key=os.environ["HUB_KEY"], max_retries=0
)


class Place(pydantic.BaseModel):
    city: str
    people: int


def say(text):
    return [{"role": "user", "content": text}]


def complete():
    answer = client.chat.completions.create(model="sim-swift", messages=say("echo: hello there"))
    return answer.choices[0].message.content


def stream():
    chunks = client.chat.completions.create(
        model="sim-swift", messages=say("echo: one two three"), stream=True
    )
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def tool():
    answer = client.chat.completions.create(
        model="sim-swift", messages=say("use get_weather for Paris"), tools=[TOOL]
    )
    call = answer.choices[0].message.tool_calls[0].function
    return {"name": call.name, "arguments": json.loads(call.arguments)}


def structured():
    answer = client.chat.completions.parse(
        model="sim-swift", messages=say("Paris"), response_format=Place
    )
    return answer.choices[0].message.parsed.model_dump()


def error():
    try:
        client.chat.completions.create(model="sim-swfit", messages=say("x"))
    except openai.NotFoundError as refused:
        return {"status": refused.status_code, "message": str(refused)}


def responses_complete():
    return client.responses.create(model="sim-swift", input="echo: hello there").output_text


def responses_stream():
    with client.responses.stream(model="sim-swift", input="echo: one two three") as events:
        return [e.delta for e in events if e.type == "response.output_text.delta"]


def embedding():
    answer = client.embeddings.create(model="simulator/sim-embedding", input="text")
    return len(answer.data[0].embedding)


steps = (complete, stream, tool, structured, error, responses_complete, responses_stream, embedding)
print(json.dumps({step.__name__: step() for step in steps}))
