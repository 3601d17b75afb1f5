"""Kept answers for similar prompts, over HTTP with the simulator's embeddings."""

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

CONFIG = """
[providers.vectors]
kind = "simulator"

[models.meant]
cache_ttl_seconds = 600
cache_embedding_model = "vectors/sim-embedding"
cache_similarity = 0.9
deployments = [{ provider = "vectors", model = "sim-instant" }]

[models.meant-badly]
cache_ttl_seconds = 600
cache_embedding_model = "vectors/sim-swift"
deployments = [{ provider = "vectors", model = "sim-instant" }]

[models.exact]
cache_ttl_seconds = 600
deployments = [{ provider = "vectors", model = "sim-instant" }]
"""


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    hub.import_config(CONFIG)
    made = hub.create_key("Meaning", models=["meant", "meant-badly", "exact"])
    eventually(lambda: hub.chat(made, "meant", "hello").status_code == 200, "the models")
    return made


def ask(hub: Hub, key: str, prompt: str, model: str = "meant", **body: Any) -> httpx.Response:
    answer = hub.chat(key, model, prompt, **body)
    assert answer.status_code == 200, answer.text
    return answer


def cache(answer: httpx.Response) -> str:
    return answer.headers["x-llmhub-cache"]


def record(hub: Hub, answer: httpx.Response) -> dict[str, Any]:
    (row,) = hub.calls(id=answer.headers["x-request-id"].replace("-", ""))
    return {**row, "notes": json.loads(row["notes"])}


def topic() -> str:
    """A word that no other test's prompt has."""
    return f"t{uuid.uuid4().hex}"


def test_similar_prompt_gets_the_kept_answer_and_another_does_not(hub: Hub, key: str) -> None:
    word = topic()
    first = ask(hub, key, f"What is the capital of {word}, please?")
    again = ask(hub, key, f"what is the capital of {word} please")
    other = ask(hub, key, "Write a song about the sea")
    assert (cache(first), cache(again), cache(other)) == ("miss", "hit", "miss")
    assert again.json()["choices"] == first.json()["choices"]
    row = record(hub, again)
    (note,) = [note for note in row["notes"] if "similar prompt" in note]
    assert float(note.rpartition(" ")[2]) >= 0.9
    assert row["cost"] == 0
    assert row["cost_saved"] is not None


def test_similar_prompt_streams_the_kept_answer(hub: Hub, key: str) -> None:
    word = topic()
    ask(hub, key, f"How high is mount {word}?")
    streamed = ask(hub, key, f"how high is mount {word}", stream=True)
    assert cache(streamed) == "hit"
    assert streamed.text.rstrip().endswith("data: [DONE]")


def test_embedding_is_a_recorded_child_and_only_made_when_nothing_is_equal(
    hub: Hub, key: str
) -> None:
    prompt = f"What about {topic()}?"
    first, again = ask(hub, key, prompt), ask(hub, key, prompt)
    assert (cache(first), cache(again)) == ("miss", "hit")

    def children(answer: httpx.Response) -> list[Any]:
        return hub.calls(parent_id=answer.headers["x-request-id"].replace("-", ""))

    (child,) = children(first)
    assert (child["operation"], child["status"]) == ("embedding", "success")
    assert child["deployment"] == "vectors/sim-embedding"
    assert children(again) == []


def test_everything_but_the_last_prompt_must_be_the_same(hub: Hub, key: str) -> None:
    prompt = f"Is {topic()} any good?"
    assert cache(ask(hub, key, prompt)) == "miss"
    assert cache(ask(hub, key, prompt.lower(), temperature=0.7)) == "miss"
    messages = [{"role": "system", "content": "Be rude."}, {"role": "user", "content": prompt}]
    assert cache(ask(hub, key, "", messages=messages)) == "miss"
    assert cache(ask(hub, key, prompt.lower())) == "hit"


def test_another_team_gets_nothing_of_it(hub: Hub, key: str) -> None:
    prompt = f"Where is {topic()}?"
    ask(hub, key, prompt)
    other = hub.create_key("Other meaning")
    assert cache(ask(hub, other, prompt.lower())) == "miss"


def test_anthropic_wire_takes_part(hub: Hub, key: str) -> None:
    word = topic()

    def post(prompt: str) -> httpx.Response:
        return httpx.post(
            f"{hub.url}/v1/messages",
            headers=bearer(key),
            json={
                "model": "meant",
                "max_tokens": 50,
                "messages": [{"role": "user", "content": prompt}],
            },
        )

    assert cache(post(f"Who was {word}, in short?")) == "miss"
    assert cache(post(f"who was {word} in short")) == "hit"


def test_failing_embedding_leaves_the_call_as_it_was(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"What of {topic()}?", model="meant-badly")
    assert cache(answer) == "miss"
    assert any("no look for similar" in note for note in record(hub, answer)["notes"])


def test_without_an_embedding_model_only_equal_requests_match(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    prompt = f"What is {topic()}?"
    stats = f"{simulator.url}/_sim/last?model=sim-embedding"
    before = httpx.get(stats).json()
    assert cache(ask(hub, key, prompt, model="exact")) == "miss"
    assert cache(ask(hub, key, prompt.lower(), model="exact")) == "miss"
    assert cache(ask(hub, key, prompt, model="exact")) == "hit"
    assert httpx.get(stats).json() == before


def test_config_file_with_an_impossible_similarity_is_refused(hub: Hub) -> None:
    with pytest.raises(AssertionError, match=r"It goes from 0\.5 to 1"):
        hub.import_config(CONFIG.replace("0.9", "1.9"))
