"""instructor: objects out of answers, by its three usual ways."""

import json
import os

import instructor
import openai
import pydantic

hub = openai.OpenAI(
    base_url=f"{os.environ['HUB_URL']}/v1", api_key=os.environ["HUB_KEY"], max_retries=0
)


class Place(pydantic.BaseModel):
    """A place."""

    city: str
    people: int


def ask(mode, model="sim-swift"):
    client = instructor.from_openai(hub, mode=mode)
    return client.chat.completions.create(
        model=model,
        response_model=Place,
        max_retries=0,
        messages=[{"role": "user", "content": "Paris"}],
    ).model_dump()


def structured():
    by_mode = [
        ask(mode)
        for mode in (
            instructor.Mode.TOOLS,
            instructor.Mode.JSON_SCHEMA,
            instructor.Mode.TOOLS_STRICT,
        )
    ]
    return by_mode[-1]


def error():
    try:
        ask(instructor.Mode.TOOLS, "sim-swfit")
    except Exception as refused:
        return {"status": 404, "message": str(refused)}


steps = (structured, error)
print(json.dumps({step.__name__: step() for step in steps}))
