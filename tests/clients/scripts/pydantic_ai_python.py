"""Pydantic AI, over chats and over responses."""

import asyncio
import json
import os

import pydantic
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url=f"{os.environ['HUB_URL']}/v1", api_key=os.environ["HUB_KEY"])


class Place(pydantic.BaseModel):
    city: str
    people: int


def agent(name="sim-swift", kind=OpenAIChatModel, **more):
    return Agent(kind(name, provider=provider), retries=0, **more)


async def complete():
    return (await agent().run("echo: hello there")).output


async def stream():
    async with agent().run_stream("echo: one two three") as answer:
        return [piece async for piece in answer.stream_text(delta=True, debounce_by=None)]


async def tool():
    asked = []
    weatherman = agent()

    @weatherman.tool_plain
    def get_weather(city: str) -> str:
        asked.append(city)
        return "rain"

    await weatherman.run("use get_weather for Paris")
    return {"name": "get_weather", "arguments": {"city": asked[0]}}


async def structured():
    return (await agent(output_type=Place).run("Paris")).output.model_dump()


async def responses_complete():
    return (await agent(kind=OpenAIResponsesModel).run("echo: hello there")).output


async def error():
    try:
        await agent("sim-swfit").run("x")
    except ModelHTTPError as refused:
        return {"status": refused.status_code, "message": str(refused.body)}


async def main():
    steps = (complete, stream, tool, structured, responses_complete, error)
    return {step.__name__: await step() for step in steps}


print(json.dumps(asyncio.run(main())))
