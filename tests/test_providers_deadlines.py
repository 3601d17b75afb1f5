"""The limits of a credential on the wires beside OpenAI's: how long an upstream is waited for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from llmhub.core.errors import UpstreamTimeoutError
from providers import registry, transports
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Target
from providers.transports import http_client, session, translated
from tests.support.silent import silent_port
from tests.support.simulator import Simulator

SHORT_S = 0.5
PATIENCE_S = 20.0
SLOW = "sim-swift:slow=60"
STALLED = "sim-swift:stall=60,ttft=0,tps=0"
ENDLESS = "sim-swift:ttft=0,tps=5,tokens=1000"
WIRES = ("anthropic", pytest.param("litellm", marks=pytest.mark.slow))
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
async def closed_connections() -> AsyncIterator[None]:
    yield
    http_client.close()
    await session.close()


def target(wire: str, url: str, model: str, **limits: float) -> Target:
    """A deployment whose credential has these limits in seconds."""
    options: dict[str, Any] = {f"{name}_timeout_seconds": s for name, s in limits.items()}
    total = options.pop("total_timeout_seconds", 60)
    base_url = url if wire == "anthropic" else f"{url}/v1"
    if wire == "litellm":
        options["provider"] = "openai"
    row = Credential(
        name="bounded",
        kind=wire,
        api_key="key",
        base_url=base_url,
        timeout_seconds=total,
        options=options,
    )
    return Target(None, f"bounded/{model}", registry.open_access(row), model, UNKNOWN)


BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


async def call(to: Target, *, stream: bool) -> None:
    """Make a call; a stream is read to its end."""
    transport = transports.for_target(to)
    if not stream:
        await transport.complete(to, "chat", dict(BODY))
        return
    opened = await transport.stream(to, "chat", {**BODY, "stream": True})
    try:
        while await opened.next() is not None:
            pass
    finally:
        opened.close()


async def refusal(to: Target, *, stream: bool) -> str:
    """What the error says that ends a call."""
    if to.access.provider.kind == "litellm":
        await translated.loaded()  # which takes its time
    with pytest.raises(UpstreamTimeoutError) as caught:
        await asyncio.wait_for(call(to, stream=stream), PATIENCE_S)
    return caught.value.message


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("limit", "model", "stream"),
    [
        ("first_token", SLOW, True),
        ("idle", STALLED, True),
        ("stream", ENDLESS, True),
        ("total", SLOW, False),
        ("total", STALLED, False),
    ],
)
async def test_upstream_is_waited_for_no_longer_than(
    simulator: Simulator, wire: str, limit: str, model: str, stream: bool
) -> None:
    bounded = target(wire, simulator.url, model, **{limit: SHORT_S})
    said = await refusal(bounded, stream=stream)
    assert said.startswith("bounded ")
    assert f"(its limit for {limit})" in said


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stream", [False, True])
async def test_connecting_takes_no_longer_than_its_limit(wire: str, stream: bool) -> None:
    with silent_port() as port:
        bounded = target(wire, f"http://127.0.0.1:{port}", SLOW, connect=SHORT_S)
        said = await refusal(bounded, stream=stream)
    assert "its limit for connect" in said
