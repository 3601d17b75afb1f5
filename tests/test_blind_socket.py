"""A blind test over the socket: what a person is sent before they vote, and after it."""

import json
import re
import uuid
from typing import Any

from tests.support.hub import Hub
from tests.support.scaled import ScaledHub
from tests.support.socket import Frame, Socket, column, open_socket

NAMES = re.compile(r"sim-\w+")
MODELS = ("sim-swift", "sim-sage", "sim-thinker")


def told(frames: list[Frame]) -> list[Any]:
    """Whatever names a model or measures it."""
    names = NAMES.findall(json.dumps(frames))
    return names + [f for f in frames if f.get("metrics") or f.get("call") or f.get("error")]


async def ask_blind(page: Socket, columns: list[Frame], **fields: Any) -> Frame:
    await page.send(
        type="run",
        request=str(uuid.uuid4()),
        **{"comparison": None, "parent": None, "prompt": "echo: blind", "blind": True}
        | {"columns": columns}
        | fields,
    )
    return (await page.until_type("turn"))[0]


async def vote(page: Socket, turn: Frame, verdict: str = "tie", **fields: Any) -> Frame:
    await page.send(
        type="vote", request="v", turn=turn["turn"]["id"], verdict=verdict, winner=None, **fields
    )
    return (await page.until_type("voted", "refused"))[0]


async def test_frames_name_no_model_and_no_column_before_the_vote(hub: Hub) -> None:
    columns = [column(model) for model in MODELS[:2]]
    async with open_socket(hub) as page:
        turn = await ask_blind(page, columns)
        await page.until_ended(2)
        assert told(page.frames) == []
        sent = json.dumps(page.frames)
        assert not any(one["id"] in sent for one in columns)
        async with open_socket(hub) as other:
            runs = {f["run"] for f in page.frames if f["type"] == "started"}
            positions = dict.fromkeys(runs, -1)
            await other.send(type="resume", comparison=turn["comparison"], runs=positions)
            await other.until_type("finished", "snapshot", count=2)
            assert told(other.frames) == []
            voted = await vote(page, turn)
            assert {answer["model"] for answer in voted["answers"]} == set(MODELS[:2])
            assert all(answer["metrics"]["total_ms"] for answer in voted["answers"])
            heard = (await other.until_type("voted"))[0]
            assert heard["vote"] == voted["vote"]


async def test_numbers_of_frames_have_no_gaps_under_the_mask(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await ask_blind(page, [column(model) for model in MODELS[:2]])
        ends = await page.until_ended(2)
    for end in ends:
        numbers = [frame["seq"] for frame in page.frames if frame.get("run") == end["run"]]
        assert numbers == list(range(len(numbers)))


async def test_error_in_a_blind_test_says_nothing_of_its_provider(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await ask_blind(page, [column(MODELS[0]), column("simulator/sim-swift:fault=400,ttft=0")])
        await page.until_ended(2)
    (error,) = (frame for frame in page.frames if frame["type"] == "error")
    assert error["error"]["message"] == "This model could not answer."
    assert NAMES.findall(json.dumps(page.frames)) == []


async def test_seats_are_shuffled_for_each_prompt_and_histories_stay_apart(hub: Hub) -> None:
    columns = [column(model) for model in MODELS]
    orders = set()
    async with open_socket(hub) as page:
        turn = await ask_blind(page, columns)
        (seats,) = (frame for frame in page.frames if frame["type"] == "seats")
        places = [seat["id"] for seat in seats["columns"]]
        await page.until_ended(3)
        for _ in range(8):
            voted = await vote(page, turn)
            models = {answer["run"]: answer["model"] for answer in voted["answers"]}
            sat = {
                f["column"]: models[f["run"]]
                for f in page.frames
                if f.get("run") in models and f["type"] == "started"
            }
            orders.add(tuple(sat[place] for place in places))
            turn = await ask_blind(
                page,
                [],
                comparison=turn["comparison"],
                parent=turn["turn"]["id"],
                prompt="repeat it",
            )
            ends = await page.until_ended(3)
            assert {page.text(end["run"]) for end in ends} == {"blind"}
    assert len(orders) > 1
    assert all(sorted(order) == sorted(MODELS) for order in orders)


async def test_answer_asked_again_is_hidden_too_and_is_the_one_that_counts(hub: Hub) -> None:
    async with open_socket(hub) as page:
        turn = await ask_blind(page, [column(model) for model in MODELS[:2]])
        ends = await page.until_ended(2)
        await page.send(type="retry", request=str(uuid.uuid4()), run=ends[0]["run"], column=None)
        (again,) = await page.until_ended(1)
        assert told(page.frames) == []
        seats = {f["run"]: f["column"] for f in page.frames if f["type"] == "started"}
        assert seats[again["run"]] == seats[ends[0]["run"]]
        await page.send(
            type="vote",
            request=str(uuid.uuid4()),
            turn=turn["turn"]["id"],
            verdict="best",
            winner=ends[0]["run"],
        )
        refused = (await page.until_type("refused"))[0]
        assert "winner is one of the answers" in refused["message"]
        await page.send(
            type="vote", request="new", turn=turn["turn"]["id"], verdict="best", winner=again["run"]
        )
        voted = (await page.until_type("voted"))[0]
    assert voted["vote"]["winner"] == again["run"]
    assert voted["vote"]["blind"]


async def test_columns_of_a_blind_test_stay_as_they_are(hub: Hub) -> None:
    async with open_socket(hub) as page:
        turn = await ask_blind(page, [column(model) for model in MODELS[:2]])
        await page.until_ended(2)
        comparison = turn["comparison"]
        await page.send(
            type="save", request="s", comparison=comparison, columns=[column("sim-thinker")]
        )
        await page.until_type("saved")
    rows = hub.query(
        "select model from playground_column where comparison_id = %s and removed_at is null",
        comparison.replace("-", ""),
    )
    assert sorted(row["model"] for row in rows) == sorted(MODELS[:2])


async def test_vote_that_cannot_be_is_refused_in_words(hub: Hub) -> None:
    async with open_socket(hub) as page:
        turn = await ask_blind(page, [column(model) for model in MODELS[:2]])
        await page.until_ended(2)
        refused = await vote(page, turn, "splendid")
        assert "verdict is one of" in refused["message"]
        refused = await vote(page, {"turn": {"id": str(uuid.uuid4())}})
        assert "does not exist, or is not your team's" in refused["message"]
        await page.send(type="vote", request="w", turn="nonsense", verdict="tie")
        assert (await page.until_type("refused"))[0]["field"] == "turn"


async def test_other_process_hides_as_much_and_hears_of_the_vote(scaled_hub: ScaledHub) -> None:
    async with open_socket(scaled_hub.first) as page, open_socket(scaled_hub.second) as other:
        turn = await ask_blind(page, [column(f"simulator/{model}:tps=60") for model in MODELS[:2]])
        runs = [frame["run"] for frame in await page.until_type("delta", count=1)]
        await other.send(type="resume", comparison=turn["comparison"], runs=dict.fromkeys(runs, -1))
        await other.until_ended(2)
        await page.until_ended(2)
        assert told(other.frames) == []
        voted = await vote(page, turn)
        heard = (await other.until_type("voted"))[0]
    assert heard["answers"] == voted["answers"]
    assert heard["vote"]["verdict"] == "tie"
