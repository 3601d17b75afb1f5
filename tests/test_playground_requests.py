"""What a page asks of the playground's socket: followed once, refused in words."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from playground import attachments, schema_checks, variables
from playground.protocol import parse
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.socket import ENDINGS, Socket, column, open_socket

SCHEMA = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "tags": {"type": "array", "maxItems": 1}},
    "required": ["age"],
}


def prompt(text: str, columns: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {
        "type": "run",
        "request": str(uuid.uuid4()),
        "comparison": None,
        "parent": None,
        "prompt": text,
        "columns": columns,
        **fields,
    }


async def ask(page: Socket, text: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
    await page.send(**prompt(text, columns))
    turn = (await page.until_type("turn"))[0]
    await page.until_ended(len(columns))
    return turn


async def test_repeated_request_makes_no_second_run(hub: Hub, simulator: Simulator) -> None:
    model = "simulator/sim-swift:ttft=2"
    frame = prompt("echo: only once", [column(model)])
    async with open_socket(hub) as first, open_socket(hub) as second:
        await asyncio.gather(first.send(**frame), first.send(**frame), second.send(**frame))
        # On a slow machine the answer has ended before the hub comes to the repetition.
        await first.until_type("turn", *ENDINGS, count=3)
        (end,) = await second.until_ended(1)
    turns = [f for f in [*first.frames, *second.frames] if f["type"] == "turn"]
    assert len(turns) == 3
    assert len({turn["turn"]["id"] for turn in turns}) == 1
    assert {turn["request"] for turn in turns} == {frame["request"]}
    assert second.text(end["run"]) == "only once"
    stats = httpx.get(f"{simulator.url}/_sim/stats").json()
    assert stats["models"]["sim-swift:ttft=2"]["requests"] == 1


async def test_repeated_retry_makes_no_second_answer(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await page.run("echo: again", [column("sim-swift")])
        (end,) = await page.until_ended(1)
        for _ in range(2):
            await page.send(type="retry", request="the same", run=end["run"])
        started = await page.until_type("started", count=2)
    assert len({frame["run"] for frame in started}) == 1


async def test_resume_sends_turns_and_answers_that_the_page_lacks(hub: Hub) -> None:
    columns = [column("sim-swift")]
    async with open_socket(hub) as page:
        turn = await ask(page, "echo: one", columns)
        known = [turn["turn"]["id"], *{f["run"] for f in page.frames if "run" in f}]
        more = {"comparison": turn["comparison"], "parent": turn["turn"]["id"]}
        await page.send(**prompt("echo: two", columns, **more))
        newer = (await page.until_type("turn"))[0]
        (end,) = await page.until_ended(1)
    async with open_socket(hub) as back:
        await back.send(type="resume", comparison=turn["comparison"], runs={}, known=known)
        seen = (await back.until(lambda frame: frame.get("run") == end["run"]))[0]
        (shown,) = [frame for frame in back.frames if frame["type"] == "turn"]
        await back.send(type="resume", comparison=turn["comparison"], runs={}, known=[])
        again = await back.until_type("turn", count=2)
    assert shown["turn"]["id"] == newer["turn"]["id"]
    assert {frame["turn"]["prompt"] for frame in again} == {"echo: one", "echo: two"}
    assert seen["type"] in {"started", "snapshot"}


async def test_new_column_is_asked_about_a_turn(hub: Hub) -> None:
    async with open_socket(hub) as page:
        turn = await ask(page, "echo: late", [column("sim-swift")])
        late, request = column("sim-sage"), str(uuid.uuid4())
        await page.send(type="retry", request=request, turn=turn["turn"]["id"], column=late)
        (end,) = await page.until_ended(1)
    (started,) = [f for f in page.frames if f.get("request") == request]
    assert started["column"] == late["id"]
    assert page.text(end["run"]) == "late"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": "Hello {{name}}"}, "variables"),
        ({"variables": {"name": 3}}, "variables"),
        ({"attachments": [str(uuid.uuid4())]}, "attachments"),
        ({"attachments": ["../../etc/passwd"]}, "attachments"),
        ({"attachments": [str(uuid.uuid4()) for _ in range(9)]}, "attachments"),
    ],
)
async def test_wrong_prompt_is_refused_and_names_the_field(
    hub: Hub, fields: dict[str, Any], field: str
) -> None:
    async with open_socket(hub) as page:
        await page.send(**prompt("hello", [column("sim-swift")], **fields))
        (refused,) = await page.until_type("refused")
    assert refused["field"] == field


async def test_results_for_an_answer_without_tool_calls_are_refused(hub: Hub) -> None:
    async with open_socket(hub) as page:
        await ask(page, "echo: no tool", [column("sim-swift")])
        run = next(f["run"] for f in page.frames if f["type"] == "started")
        await page.send(type="tool_results", request="r", run=run, results=["x"])
        (refused,) = await page.until_type("refused")
    assert refused["message"] == "This answer called no tool."


async def test_wrong_tool_is_an_error_of_its_column(hub: Hub) -> None:
    bad = column("sim-swift", parameters={"tools": [{"type": "function", "function": {}}]})
    async with open_socket(hub) as page:
        await page.run("echo: fine", [bad, column("sim-swift")])
        ends = {end["type"]: end for end in await page.until_ended(2)}
    assert "tools[0].function.name" in ends["error"]["error"]["message"]
    assert ends["finished"]["status"] == "success"


async def test_schema_problems_come_with_the_end(hub: Hub) -> None:
    strict = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    col = column("sim-swift", parameters={"response_format": strict})
    async with open_socket(hub) as page:
        await page.run("Give me an age.", [col])
        (end,) = await page.until_ended(1)
    assert end["schema"] == {"valid": True, "problems": []}


# --- The pure parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"age": "old"}', "$.age: "),
        ("{}", "$: 'age' is a required property"),
        ('{"age": 1,}', "line 1, column"),
        ('Here: {"age": 1}', "in other text"),
        ('{"age": 1, "tags": [1, 2]}', "$.tags: "),
    ],
)
def test_schema_check_says_what_is_wrong_and_where(content: str, problem: str) -> None:
    body = {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}
    check = schema_checks.check(body, content)
    assert check is not None
    assert not check["valid"]
    assert problem in " ".join(check["problems"])


def test_variables_are_found_once_and_filled_without_a_second_look() -> None:
    text = "{{a}} {{ a }} {{Größe}} \\{{b}} {{9}} {{}}"
    assert variables.names(text) == ["a", "Größe"]
    filled = variables.fill(text, {"a": "{{Größe}}", "Größe": "x"})
    assert filled == "{{Größe}} {{Größe}} x {{b}} {{9}} {{}}"
    assert variables.missing(text, {"a": " "}) == ["a", "Größe"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\n", "file"),
    ],
)
def test_name_of_a_file_is_harmless(given: str, shown: str) -> None:
    assert attachments.check(given, b"text").name == shown


def test_picture_is_known_by_its_content_alone() -> None:
    assert attachments.check("a.txt", b"GIF89a...").media_type == "image/gif"
    assert attachments.check("a.png", b"plain words").media_type == "text/plain"
    assert attachments.check("a.svg", b"<svg onload='x'/>").media_type == "text/plain"


def test_fence_of_a_text_file_is_longer_than_those_in_it() -> None:
    assert attachments.fenced("a.md", "````\nx") == "a.md:\n`````\n````\nx\n`````"


def test_frame_of_results_holds_texts() -> None:
    frame = b'{"type": "tool_results", "run": "%s", "results": ["a"]}' % str(uuid.uuid4()).encode()
    assert parse(frame).results == ("a",)  # type: ignore[union-attr]
