"""Responses that are kept: going on from one, looking one up, deleting one, forgetting them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import openai
import pytest
from django.utils import timezone

from llmhub.api.kept import store
from llmhub.api.kept.models import KeptResponse
from llmhub.core.database import in_database
from llmhub.teams.models import Team
from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator

MODEL = "simulator/sim-swift:ttft=0,tps=0,jitter=0.12"
UPSTREAM = "sim-swift:ttft=0,tps=0,jitter=0.12"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Kept responses")


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def upstream_messages(simulator: Simulator) -> list[dict[str, Any]]:
    last = httpx.get(f"{simulator.url}/_sim/last", params={"model": UPSTREAM}).json()
    return [{"role": m["role"], "content": m["content"]} for m in last["body"]["messages"]]


def test_conversation_goes_on_from_a_response(client: openai.OpenAI, simulator: Simulator) -> None:
    first = client.responses.create(model=MODEL, input="echo: one", instructions="Be brief.")
    assert first.store is True
    with client.responses.stream(
        model=MODEL, input="echo: two", previous_response_id=first.id
    ) as stream:
        second = stream.get_final_response()
    assert second.previous_response_id == first.id
    third = client.responses.create(model=MODEL, input="repeat it", previous_response_id=second.id)
    assert third.output_text == "two"
    assert upstream_messages(simulator) == [
        {"role": "user", "content": "echo: one"},
        {"role": "assistant", "content": "one"},
        {"role": "user", "content": "echo: two"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "repeat it"},
    ], "instructions are of their own request alone; the rest is the conversation so far"


def test_two_conversations_may_go_on_from_one_response(
    client: openai.OpenAI, simulator: Simulator
) -> None:
    first = client.responses.create(model=MODEL, input="echo: root")
    client.responses.create(model=MODEL, input="echo: left", previous_response_id=first.id)
    client.responses.create(model=MODEL, input="echo: right", previous_response_id=first.id)
    said = [message["content"] for message in upstream_messages(simulator)]
    assert said == ["echo: root", "root", "echo: right"]


def test_kept_response_is_looked_up_and_deleted(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="echo: keep me")
    assert client.responses.retrieve(made.id).model_dump() == made.model_dump()
    (item,) = client.responses.input_items.list(made.id).data
    assert item.content[0].text == "echo: keep me"
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError, match="no response"):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(made.id)


def test_store_false_keeps_nothing(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="echo: forget me", store=False)
    assert made.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError, match="whole conversation") as refused:
        client.responses.create(model=MODEL, input="hi", previous_response_id=made.id)
    assert refused.value.code == "previous_response_not_found"


@pytest.mark.parametrize("given", ["resp_1", "nonsense", "resp_0190a0b0c0d07000800000000000abcd"])
def test_unknown_response_is_named(client: openai.OpenAI, given: str) -> None:
    with pytest.raises(openai.BadRequestError, match=given):
        client.responses.create(model=MODEL, input="hi", previous_response_id=given)
    with pytest.raises(openai.NotFoundError, match=given):
        client.responses.retrieve(given)


def test_other_teams_have_no_part_in_it(hub: Hub, client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="echo: ours")
    others = hub.create_key("Kept responses of others")
    path = f"{hub.url}/v1/responses/{made.id}"
    assert httpx.get(path, headers=bearer(others)).status_code == 404
    assert httpx.delete(path, headers=bearer(others)).status_code == 404
    body = {"model": MODEL, "input": "hi", "previous_response_id": made.id}
    answer = httpx.post(f"{hub.url}/v1/responses", headers=bearer(others), json=body)
    assert answer.json()["error"]["code"] == "previous_response_not_found"
    assert client.responses.retrieve(made.id).id == made.id


def kept(team: Team, **fields: Any) -> KeptResponse:
    number = uuid4()
    whole = {"root_id": number, "input": [], "response": {"output": []}} | fields
    return KeptResponse.objects.create(pk=number, team=team, **whole)


@pytest.mark.django_db
def test_old_ones_are_forgotten() -> None:
    team = Team.objects.create(name="Old", slug="old")
    old, new = kept(team), kept(team)
    past = timezone.now() - timedelta(days=31)
    KeptResponse.objects.filter(pk=old.pk).update(created_at=past)
    assert store.delete_expired() == 1
    assert list(KeptResponse.objects.values_list("pk", flat=True)) == [new.pk]


@pytest.mark.django_db(transaction=True)
async def test_conversation_begins_after_what_was_deleted() -> None:
    team = await Team.objects.acreate(name="Gap", slug="gap")
    root = uuid4()
    numbers = [uuid4() for _ in range(3)]
    for number, previous in zip(numbers, [None, *numbers], strict=False):
        item = {"type": "message", "role": "user", "content": str(number)}
        await KeptResponse.objects.acreate(
            pk=number,
            team=team,
            root_id=root,
            previous_id=previous,
            input=[item],
            response={"output": []},
        )
    assert await in_database(store.delete, team.pk, numbers[0])
    thread = await in_database(store.thread_to, team.pk, numbers[2])
    assert thread is not None
    assert [item["content"] for item in thread.items] == [str(n) for n in numbers[1:]]
    assert thread.root == root
