"""What a crash leaves in the records: all that ended, and what was under way as interrupted."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from tests.support.hub import Hub, bearer
from tests.support.waiting import eventually

CALLS = 200
AT_ONCE = 16
MODEL = "simulator/sim-swift:ttft=60,tps=300,tokens=20"


class Clients:
    """200 calls, 16 at once; knows which answers ended and which were under way at the end."""

    def __init__(self, hub: Hub, key: str) -> None:
        self._hub = hub
        self._key = key
        self._half = asyncio.Event()
        self.finished: set[str] = set()
        self.under_way: set[str] = set()

    async def run(self) -> None:
        numbers = iter(range(CALLS))
        async with aiohttp.ClientSession(headers=bearer(self._key)) as session:
            workers = [asyncio.create_task(self._work(session, numbers)) for _ in range(AT_ONCE)]
            await self._half.wait()
            await asyncio.to_thread(self._hub.kill9)
            await asyncio.gather(*workers)

    async def _work(self, session: aiohttp.ClientSession, numbers: "object") -> None:
        for number in numbers:  # type: ignore[attr-defined]
            if not await self._call(session, stream=number % 2 == 0):
                return

    async def _call(self, session: aiohttp.ClientSession, *, stream: bool) -> bool:
        body = {
            "model": MODEL,
            "stream": stream,
            "messages": [{"role": "user", "content": "hello"}],
        }
        request_id = ""
        try:
            url = f"{self._hub.url}/v1/chat/completions"
            async with session.post(url, json=body) as answer:
                request_id = answer.headers["x-request-id"]
                self.under_way.add(request_id)
                text = await answer.text()
                if stream and not text.endswith("data: [DONE]\n\n"):
                    return False
        except aiohttp.ClientError:
            return False
        self.under_way.discard(request_id)
        self.finished.add(request_id)
        if len(self.finished) >= CALLS // 2:
            self._half.set()
        return True


@pytest.mark.slow
async def test_kill9_loses_no_ended_call(start_hub: Callable[..., Hub]) -> None:
    hub = await asyncio.to_thread(start_hub)
    key = await asyncio.to_thread(hub.create_key)
    clients = Clients(hub, key)
    await clients.run()
    assert len(clients.finished) >= CALLS // 2
    await asyncio.to_thread(hub.start)
    rows = {str(row["id"]): row["status"] for row in hub.calls()}
    lost = [i for i in clients.finished if rows.get(i.replace("-", "")) != "success"]
    assert not lost
    assert clients.under_way
    for request_id in clients.under_way:
        assert rows.get(request_id.replace("-", "")) in {"interrupted", "success"}
    assert "interrupted" in rows.values()
    assert "running" not in rows.values()


def test_long_call_shows_as_running_and_a_stop_ends_it_properly(
    start_hub: Callable[..., Hub],
) -> None:
    hub = start_hub()
    key = hub.create_key()
    import threading

    answers: list[int] = []
    caller = threading.Thread(
        target=lambda: answers.append(
            hub.chat(key, "simulator/sim-swift:ttft=1500,tokens=5").status_code
        )
    )
    caller.start()
    eventually(lambda: hub.calls(status="running"), "a running call")
    hub.stop()
    caller.join()
    assert answers == [200]
    assert [row["status"] for row in hub.calls()] == ["success"]
