"""Limits that are set on a key's page, as its programs meet them."""

import asyncio
import re

import aiohttp
import httpx

from tests.support.hub import Hub, bearer

SLOW = "simulator/sim-swift:ttft=1500,tokens=3"
QUICK = "simulator/sim-instant"


def key_on_page(hub: Hub, name: str) -> tuple[str, str]:
    """A key made on the Keys page: its text, and the path of its own page."""
    made = hub.admin_login().post("/keys/create/", data={"team": "default", "name": name})
    text = re.search(r'id="new-key"[^>]*>(hub-[^<]+)<', made.text)
    path = re.search(rf'href="(/keys/\d+/)"[^>]*aria-label="Edit {name}"', made.text)
    assert text, made.text
    assert path, made.text
    return text[1], path[1]


def save(hub: Hub, path: str, name: str, **limits: str) -> None:
    saved = hub.admin_login().post(path, data={"name": name, **limits}, follow_redirects=True)
    assert f"“{name}” is saved" in saved.text


def test_tokens_a_minute_from_the_page_hold(hub: Hub) -> None:
    key, path = key_on_page(hub, "counted")
    save(hub, path, "counted", tpm="1000")
    first = hub.chat(key, QUICK, max_tokens=600)
    assert first.headers["x-ratelimit-limit-tokens"] == "1000"
    refused = hub.chat(key, QUICK, max_tokens=1100)
    assert refused.status_code == 429, refused.text
    assert "1,000 tokens a minute" in refused.json()["error"]["message"]
    anthropic = httpx.post(
        f"{hub.url}/v1/messages",
        headers=bearer(key),
        json={"model": QUICK, "max_tokens": 1100, "messages": [{"role": "user", "content": "x"}]},
    )
    assert (anthropic.status_code, anthropic.json()["error"]["type"]) == (429, "rate_limit_error")
    save(hub, path, "counted", tpm="")
    assert hub.chat(key, QUICK, max_tokens=1100).status_code == 200, "lifted"


async def test_calls_at_once_from_the_page_hold(hub: Hub) -> None:
    key, path = await asyncio.to_thread(key_on_page, hub, "narrow")
    await asyncio.to_thread(save, hub, path, "narrow", max_parallel="2")
    body = {"model": SLOW, "messages": [{"role": "user", "content": "x"}]}

    async def call() -> tuple[int, str]:
        async with session.post(f"{hub.url}/v1/chat/completions", json=body) as answer:
            return answer.status, await answer.text()

    async with aiohttp.ClientSession(headers=bearer(key)) as session:
        answers = await asyncio.gather(*(call() for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 200, 429, 429, 429]
    assert "2 calls at once" in next(text for status, text in answers if status == 429)
    await asyncio.to_thread(save, hub, path, "narrow", max_parallel="")
    async with aiohttp.ClientSession(headers=bearer(key)) as session:
        answers = await asyncio.gather(*(call() for _ in range(5)))
    assert {status for status, _ in answers} == {200}, "lifted"
