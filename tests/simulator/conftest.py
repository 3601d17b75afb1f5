"""A simulated provider for each module, and the clients that ask it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import anthropic
import openai
import pytest

from tests.simulator.asking import KEY


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a simulator that no other module counts on."""
    command = [sys.executable, "-m", "providers.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1].removesuffix("/v1")
        process.terminate()


@pytest.fixture
async def http(provider: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain client of the simulator."""
    async with aiohttp.ClientSession(provider) as session:
        yield session


@pytest.fixture
async def client(provider: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's SDK, without retries."""
    base_url = f"{provider}/v1"
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as sdk:
        yield sdk


@pytest.fixture
async def claude(provider: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's SDK, without retries."""
    async with anthropic.AsyncAnthropic(base_url=provider, api_key=KEY, max_retries=0) as sdk:
        yield sdk
