"""Two web processes on PostgreSQL and Redis behave as one hub."""

import asyncio

import pytest

from tests.support.scaled import ScaledHub
from tests.support.socket import column, open_socket


def test_key_revoked_in_one_process_is_refused_by_the_other_at_once(scaled_hub: ScaledHub) -> None:
    key = scaled_hub.create_key(name="scaled revoked")
    assert scaled_hub.second.chat(key, "sim-swift", "echo: hi").status_code == 200
    scaled_hub.first.python(
        "from llmhub.teams.models import VirtualKey; from llmhub.teams.keys import revoke_key; "
        "revoke_key(VirtualKey.objects.get(name='scaled revoked'))"
    )
    for web in scaled_hub.webs:
        assert web.chat(key, "sim-swift").status_code == 401


def test_calls_of_both_processes_are_recorded(scaled_hub: ScaledHub) -> None:
    key = scaled_hub.create_key(name="scaled records")
    ids = [
        web.chat(key, "sim-swift", "echo: hi").headers["x-request-id"] for web in scaled_hub.webs
    ]
    rows = scaled_hub.first.calls(key_prefix=key[:12])
    assert {str(row["id"]) for row in rows} == set(ids)
    assert len({row["process_id"] for row in rows}) == 2


@pytest.mark.parametrize("after_seq", [-1, 2])
async def test_run_of_one_process_is_resumed_by_the_other(
    scaled_hub: ScaledHub, after_seq: int
) -> None:
    async with open_socket(scaled_hub.first) as page:
        await page.run("echo: " + "word " * 40, [column("simulator/sim-swift:tps=60")])
        turn = (await page.until_type("turn"))[0]
        run = (await page.until_type("delta", count=2))[0]["run"]
    async with open_socket(scaled_hub.second) as other:
        await other.send(type="resume", comparison=turn["comparison"], runs={run: after_seq})
        (end,) = await other.until_ended(1)
    assert end["status"] == "success"
    numbers = [f["seq"] for f in other.frames if f.get("run") == run]
    assert numbers == list(range(after_seq + 1, after_seq + 1 + len(numbers)))


async def test_run_is_stopped_from_the_other_process(scaled_hub: ScaledHub) -> None:
    async with open_socket(scaled_hub.first) as page, open_socket(scaled_hub.second) as other:
        await page.run("go on", [column("simulator/sim-swift:tps=20,tokens=321")])
        run = (await page.until_type("delta"))[0]["run"]
        await other.send(type="stop", run=run)
        (end,) = await page.until_ended(1)
    assert end["status"] == "cancelled"


def test_killed_process_leaves_its_calls_interrupted(scaled_hub: ScaledHub) -> None:
    key = scaled_hub.create_key(name="scaled killed")

    async def kill_in_the_middle() -> None:
        call = asyncio.create_task(
            asyncio.to_thread(
                scaled_hub.second.chat, key, "simulator/sim-swift:tps=5,tokens=331", stream=True
            )
        )
        while not scaled_hub.first.calls(key_prefix=key[:12], status="running"):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(scaled_hub.second.kill9)
        await asyncio.gather(call, return_exceptions=True)

    asyncio.run(kill_in_the_middle())
    scaled_hub.second.start()
    (row,) = scaled_hub.first.calls(key_prefix=key[:12])
    assert row["status"] == "interrupted"
