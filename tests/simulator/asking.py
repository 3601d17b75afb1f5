"""Asking the simulated provider, and what its tests ask for."""

from typing import Any

import aiohttp

Json = dict[str, Any]

KEY = "sk-simulated-test-key-1234"
AT_ONCE = "tps=0,ttft=0"

WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
        },
    },
}
TIME_OF_DAY: Json = {
    "type": "function",
    "function": {"name": "read_clock", "parameters": {"type": "object", "properties": {}}},
}


def user(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def swift(settings: str = AT_ONCE) -> str:
    return f"sim-swift:{settings}"


async def post(
    http: aiohttp.ClientSession,
    model: str,
    prompt: str = "What is love?",
    *,
    path: str = "/v1/chat/completions",
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer."""
    body = {"model": model, "messages": user(prompt), **fields}
    async with http.post(path, json=body, headers=headers) as response:
        return response.status, response.headers, await response.read()


async def stats(http: aiohttp.ClientSession, model: str, until: str = "requests:0") -> Json:
    """The counts of a model, once `until` is reached."""
    params = {"model": model, "until": until}
    async with http.get("/_sim/stats", params=params) as response:
        assert response.status == 200, f"never reached {until}"
        counts: Json = (await response.json())["models"].get(model, {})
        return counts


def text_of(chunks: list[Any]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
