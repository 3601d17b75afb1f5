"""The playground without a browser: runs, isolation, stop, retry, resume, errors in place."""

import asyncio
import json
import uuid
from collections.abc import Callable

import aiohttp
import httpx
import pytest

from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.socket import Socket, column, open_socket


async def test_two_columns_answer_and_both_are_recorded(hub: Hub) -> None:
    columns = [column("sim-swift"), column("sim-thinker")]
    async with open_socket(hub) as page:
        await page.run("echo: both of you", columns)
        ends = await page.until_ended(2)
    assert {end["status"] for end in ends} == {"success"}
    for end in ends:
        assert page.text(end["run"]) == "both of you"
        (call,) = hub.calls(id=end["call"].replace("-", ""))
        assert call["source"] == "playground"
        metrics = end["metrics"]
        assert metrics["ttft_ms"] > 0
        assert metrics["output_tokens"] == call["output_tokens"]
        assert float(metrics["cost"]) == pytest.approx(float(call["cost"]))


async def test_frames_of_a_run_are_numbered_without_gaps(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.run("tell me about numbers", [column("sim-swift")])
        (end,) = await page.until_ended(1)
    numbers = [frame["seq"] for frame in page.frames if frame.get("run") == end["run"]]
    assert numbers == list(range(len(numbers)))


async def test_no_column_sees_the_answer_of_another(hub: Hub) -> None:
    columns = [column("sim-swift"), column("sim-sage")]
    async with open_socket(hub) as page:
        await page.run("pick a random number", columns)
        turn = (await page.until_type("turn"))[0]
        first = {f["run"]: page.text(f["run"]) for f in await page.until_ended(2)}
        await page.run(
            "repeat it", columns, comparison=turn["comparison"], parent=turn["turn"]["id"]
        )
        second = [page.text(end["run"]) for end in await page.until_ended(2)]
    assert len(set(first.values())) == 2
    assert sorted(second) == sorted(first.values())


async def test_error_stays_in_its_column_and_out_of_the_history(
    hub: Hub, simulator: Simulator
) -> None:
    good, bad = column("sim-swift"), column("simulator/sim-swift:fault=400,ttft=0")
    async with open_socket(hub) as page:
        await page.run("first prompt", [good, bad])
        turn = (await page.until_type("turn"))[0]
        ends = {end["type"]: end for end in await page.until_ended(2)}
        assert ends["finished"]["status"] == "success"
        error = ends["error"]["error"]
        assert error["type"] == "invalid_request"
        assert error["attempts"][0]["outcome"] == "error"
        bad["model"] = "simulator/sim-swift:ttft=1"
        await page.run(
            "second prompt", [bad], comparison=turn["comparison"], parent=turn["turn"]["id"]
        )
        await page.until_ended(1)
    sent = httpx.get(f"{simulator.url}/_sim/last?model=sim-swift:ttft=1").json()
    assert [m["content"] for m in sent["body"]["messages"]] == ["second prompt"]


async def test_stop_of_one_cancels_its_upstream_and_leaves_the_other(
    hub: Hub, simulator: Simulator
) -> None:
    slow = "sim-swift:tps=20,tokens=301"
    async with open_socket(hub) as page:
        await page.run("go on", [column(f"simulator/{slow}"), column("sim-swift")])
        started = {f["model"]: f["run"] for f in await page.until_type("started", count=2)}
        run = started[f"simulator/{slow}"]
        await page.until(lambda f: f["type"] == "delta" and f["run"] == run)
        await page.send(type="stop", run=run)
        ends = {end["run"]: end for end in await page.until_ended(2)}
    assert ends[run]["status"] == "cancelled"
    assert ends[started["sim-swift"]]["status"] == "success"
    answer = await asyncio.to_thread(
        httpx.get, f"{simulator.url}/_sim/stats?until=cancelled:1&model={slow}", timeout=10
    )
    assert answer.status_code == 200, "the upstream was left running"


async def test_stop_of_a_comparison_stops_all_its_runs(hub: Hub) -> None:
    models = [f"simulator/sim-swift:tps=20,tokens={n}" for n in (311, 312, 313)]
    async with open_socket(hub) as page:
        await page.run("go on and on", [column(model) for model in models])
        turn = (await page.until_type("turn"))[0]
        await page.until_type("delta", count=3)
        await page.send(type="stop", run=None, comparison=turn["comparison"])
        ends = await page.until_ended(3)
    assert {end["status"] for end in ends} == {"cancelled"}


async def test_retry_answers_the_same_turn_again(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.run("echo: once more", [column("sim-swift")])
        (end,) = await page.until_ended(1)
        request = str(uuid.uuid4())
        await page.send(type="retry", request=request, run=end["run"])
        (started,) = await page.until_type("started")
        (second,) = await page.until_ended(1)
    assert started["request"] == request
    assert second["run"] != end["run"]
    assert page.text(second["run"]) == "once more"


async def read_until_three_deltas(page: Socket) -> tuple[str, str]:
    await page.run("echo: " + "word " * 60, [column("simulator/sim-swift:tps=60")])
    turn = (await page.until_type("turn"))[0]
    deltas = await page.until_type("delta", count=3)
    return turn["comparison"], deltas[0]["run"]


async def test_run_goes_on_without_a_socket_and_resumes_at_the_last_frame(hub: Hub) -> None:
    async with open_socket(hub) as page:
        comparison, run = await read_until_three_deltas(page)
    last = max(f["seq"] for f in page.frames if f.get("run") == run)
    async with open_socket(hub) as again:
        await again.send(type="resume", comparison=comparison, runs={run: last})
        await again.until_ended(1)
    numbers = [f["seq"] for f in again.frames if f.get("run") == run]
    assert numbers == list(range(last + 1, last + 1 + len(numbers)))
    assert (page.text(run) + again.text(run)).split() == ["word"] * 60


async def test_second_page_sees_runs_that_the_first_one_starts(hub: Hub) -> None:
    col = column("sim-swift")
    async with open_socket(hub) as first, open_socket(hub) as second:
        await first.run("echo: one", [col])
        turn = (await first.until_type("turn"))[0]
        await first.until_ended(1)
        await second.send(type="resume", comparison=turn["comparison"], runs={})
        await second.send(type="save", request="s", comparison=turn["comparison"], name="Shared")
        await second.until_type("saved")
        await first.run(
            "echo: two", [col], comparison=turn["comparison"], parent=turn["turn"]["id"]
        )
        (seen,) = await second.until_ended(1)
    assert second.text(seen["run"]) == "two"


async def test_finished_run_comes_back_as_a_snapshot(start_hub: Callable[..., Hub]) -> None:
    hub = await asyncio.to_thread(start_hub)
    async with open_socket(hub) as page:
        await page.run("echo: kept", [column("sim-swift")])
        turn = (await page.until_type("turn"))[0]
        (end,) = await page.until_ended(1)
    await asyncio.to_thread(hub.restart)
    async with open_socket(hub) as page:
        await page.send(type="resume", comparison=turn["comparison"], runs={end["run"]: -1})
        (snapshot,) = await page.until_type("snapshot")
    assert (snapshot["status"], snapshot["content"]) == ("success", "kept")


async def test_crash_leaves_what_was_saved_and_says_interrupted(
    start_hub: Callable[..., Hub],
) -> None:
    hub = await asyncio.to_thread(start_hub)
    async with open_socket(hub) as page:
        await page.run("go on", [column("simulator/sim-swift:tps=40,tokens=400")])
        turn = (await page.until_type("turn"))[0]
        deltas = await page.until_type("delta", count=50)
    await asyncio.to_thread(hub.kill9)
    await asyncio.to_thread(hub.start)
    run = deltas[0]["run"]
    async with open_socket(hub) as page:
        await page.send(type="resume", comparison=turn["comparison"], runs={run: -1})
        (snapshot,) = await page.until_type("snapshot")
    assert snapshot["status"] == "interrupted"
    assert snapshot["content"]
    assert "kept" in snapshot["error"]["message"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("no json", "frame"),
        ("[]", "frame"),
        ('{"type": "dance"}', "type"),
        ('{"type": "run", "prompt": " ", "columns": []}', "prompt"),
        ('{"type": "run", "prompt": "x", "columns": []}', "columns"),
        ('{"type": "run", "prompt": "x", "columns": [{"id": "1", "model": "m"}]}', "id"),
        ('{"type": "resume", "comparison": "nope"}', "comparison"),
    ],
)
async def test_bad_frame_is_refused_with_its_field(hub: Hub, text: str, field: str) -> None:
    async with open_socket(hub) as page:
        await page.send_text(text)
        (refused,) = await page.until_type("refused")
    assert refused["field"] == field
    assert refused["message"]


async def test_thirteen_columns_are_refused(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.run("x", [column("sim-swift") for _ in range(13)])
        (refused,) = await page.until_type("refused")
    assert "12" in refused["message"]


async def test_comparison_that_does_not_exist_tells_nothing(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.send(type="resume", comparison=str(uuid.uuid4()), runs={})
        (refused,) = await page.until_type("refused")
    assert "not your team's" in refused["message"]


async def test_socket_needs_a_signed_in_person(hub: Hub) -> None:
    async with open_socket(hub, signed_in=False) as page:
        with pytest.raises(AssertionError, match="4401"):
            await page.until_type("started")


async def test_socket_refuses_a_foreign_origin(hub: Hub) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with open_socket(hub, origin="https://evil.example"):
            pass
    assert refused.value.status == 403


async def test_comparison_is_saved_from_its_first_prompt(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.run("echo: saved early", [column("sim-swift")])
        turn = (await page.until_type("turn"))[0]
        await page.until_ended(1)
    with hub.admin_login() as browser:
        html = browser.get(f"/c/{turn['comparison']}/").text
        assert "saved early" in html
        exported = browser.get(f"/c/{turn['comparison']}/export/?format=json").json()
    assert json.dumps(exported).count("saved early") >= 2
