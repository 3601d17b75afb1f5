"""LangChain's ChatOpenAI."""

import json
import os

import openai
import pydantic
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


class Place(pydantic.BaseModel):
    """A place."""

    city: str
    people: int


class get_weather(pydantic.BaseModel):  # noqa: N801 – the class is the tool, by its name
    """The weather in a city."""

    city: str


def model(name="sim-swift", **more):
    return ChatOpenAI(
        model=name,
        base_url=f"{os.environ['HUB_URL']}/v1",
        api_key=os.environ["HUB_KEY"],
        max_retries=0,
        **more,
    )


def complete():
    return model().invoke("echo: hello there").content


def stream():
    return [chunk.content for chunk in model().stream("echo: one two three")]


def tool():
    call = model().bind_tools([get_weather]).invoke("use get_weather for Paris").tool_calls[0]
    return {"name": call["name"], "arguments": call["args"]}


def structured():
    return model().with_structured_output(Place).invoke("Paris").model_dump()


def responses_complete():
    return model(use_responses_api=True).invoke("echo: hello there").text


def responses_stream():
    chunks = model(use_responses_api=True).stream("echo: one two three")
    return [chunk.text for chunk in chunks]


def embedding():
    embeddings = OpenAIEmbeddings(
        model="simulator/sim-embedding",
        base_url=f"{os.environ['HUB_URL']}/v1",
        api_key=os.environ["HUB_KEY"],
        check_embedding_ctx_length=False,  # else it sends token numbers of OpenAI's tokenizer
    )
    return len(embeddings.embed_query("text"))


def error():
    try:
        model("sim-swfit").invoke("x")
    except openai.NotFoundError as refused:
        return {"status": refused.status_code, "message": str(refused)}


steps = (complete, stream, tool, structured, responses_complete, responses_stream, embedding, error)
print(json.dumps({step.__name__: step() for step in steps}))
