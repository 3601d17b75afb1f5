"""Every fault of the simulated provider, met through every face, as the cells of a table."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from providers.simulator.faults import FAULTS
from tests.support.hub import Hub, bearer
from tests.support.socket import Socket, column, open_socket

FACES: Final = ("API", "API, streamed", "Playground", "Python")
ALONE: Final = "alone"
WITH_FALLBACK: Final = "with-fallback"
SAID: Final = "The quick brown fox jumps over the lazy dog"
SPARE: Final = "faults_spare/sim-instant"
AT_ONCE: Final = 12
_PATIENCE_S: Final = 60.0
_WEATHER: Final = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
_PACED: Final = "ttft=0,tps=4"
"""So slow that the middle of a stream comes long after its beginning."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row: what the upstream does, by the settings that make the simulator do it."""

    name: str
    meaning: str
    model: str = "sim-swift"
    settings: str = "ttft=0,tps=0"
    credential: str = "faults"
    prompt: str = f"echo: {SAID}"
    parameters: dict[str, Any] = field(default_factory=dict)

    def upstream(self, place: int) -> str:
        """The simulator's model; `place` makes one of its own for each cell, with rests of its
        own."""
        return f"{self.model}:{self.settings},jitter=0.{place:02}"


_IN_THE_MIDDLE: Final = {"malformed", "cut", "cut-clean", "error-event", "stall"}
_HASTY: Final = {"slow", "stall"}
_MEANINGS: Final = {
    "429": "rate limit, with `retry-after`",
    "slow": "the first token does not come in time",
    "stall": "silence in the middle",
}


def _case(fault: str) -> Case:
    pace = _PACED if fault in _IN_THE_MIDDLE else "ttft=0,tps=0"
    settings = f"{pace},fault={fault}" if fault != "slow" else "slow=60"
    return Case(
        name=f"`{fault}`",
        meaning=_MEANINGS.get(fault, FAULTS[fault]),
        settings=settings + (",retry-after=0.2" if fault == "429" else ""),
        credential="faults_hasty" if fault in _HASTY else "faults",
    )


CASES: Final = (
    *(_case(fault) for fault in FAULTS),
    Case(
        "tools",
        "a tool call, its arguments in fragments",
        prompt="Call get_weather for Lisbon.",
        parameters={"tools": [{"type": "function", "function": _WEATHER}]},
    ),
    Case(
        "functions",
        "the older `function_call`, in fragments",
        prompt="Call get_weather for Lisbon.",
        parameters={"functions": [_WEATHER]},
    ),
    Case("reasoning", "reasoning before the answer", model="sim-thinker"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out at a face. `said` is what the face itself shows of it."""

    call: str
    said: str


Cell = tuple[int, int, str]
"""Number of the case, number of the face, ALONE or WITH_FALLBACK."""
Cells = dict[Cell, str]


def every_cell() -> list[Cell]:
    """All cells of both tables."""
    faces = range(len(FACES))
    return [
        (case, face, way)
        for way in (ALONE, WITH_FALLBACK)
        for case in range(len(CASES))
        for face in faces
    ]


def model_name(cell: Cell) -> str:
    """The public model that a cell calls."""
    case, face, way = cell
    return f"fault-{case}-{face}-{way}"


def config() -> str:
    """The configuration that the run needs."""
    lines = [
        '[providers.faults]\nkind = "simulator"\nmax_retries = 1\ntimeout_seconds = 50',
        '[providers.faults_hasty]\nkind = "simulator"\nmax_retries = 1\ntimeout_seconds = 2\n'
        "options = { idle_timeout_seconds = 1.5 }",
        '[providers.faults_spare]\nkind = "simulator"\nmax_retries = 0',
    ]
    for cell in every_cell():
        case, (_, face, way) = CASES[cell[0]], cell
        upstream = case.upstream(1 + face + len(FACES) * (way == WITH_FALLBACK))
        lines.append(
            f'[models."{model_name(cell)}"]\n'
            f'deployments = [{{ provider = "{case.credential}", model = "{upstream}" }}]'
        )
        if way == WITH_FALLBACK:
            lines += [
                f'{names} = ["{SPARE}"]'
                for names in ("fallbacks", "context_fallbacks", "content_policy_fallbacks")
            ]
    return "\n".join(lines)


async def run(hub: Hub, key: str) -> Cells:
    """Call every cell's model through its face, and put what happened into words."""
    cells = every_cell()
    plain, streamed, played, python = (
        [cell for cell in cells if cell[1] == face] for face in range(len(FACES))
    )
    async with httpx.AsyncClient(base_url=hub.url, headers=bearer(key), timeout=_PATIENCE_S) as api:
        by_face = await asyncio.gather(
            _all(plain, _plain, api),
            _all(streamed, _streamed, api),
            _played(hub, played),
            asyncio.to_thread(_from_python, hub, python),
        )
    outcomes = {cell: outcome for found in by_face for cell, outcome in found.items()}
    records = {str(row["id"]).replace("-", ""): row for row in hub.calls()}
    return {
        cell: _in_words(cell, outcome, records[outcome.call.replace("-", "")])
        for cell, outcome in outcomes.items()
    }


async def _all(
    cells: list[Cell],
    call: Callable[[httpx.AsyncClient, Cell], Awaitable[Outcome]],
    api: httpx.AsyncClient,
) -> dict[Cell, Outcome]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(cell: Cell) -> tuple[Cell, Outcome]:
        async with places:
            return cell, await call(api, cell)

    return dict(await asyncio.gather(*(one(cell) for cell in cells)))


def _body(cell: Cell) -> dict[str, Any]:
    case = CASES[cell[0]]
    messages = [{"role": "user", "content": case.prompt}]
    return {"model": model_name(cell), "messages": messages, **case.parameters}


# --- The faces ------------------------------------------------------------------------------------


async def _plain(api: httpx.AsyncClient, cell: Cell) -> Outcome:
    answer = await api.post("/v1/chat/completions", json=_body(cell))
    if answer.status_code == 200:
        said = f"200, {_content(cell, answer.json()['choices'][0]['message'])}"
    else:
        said = f"{answer.status_code} `{answer.json()['error']['code']}`"
    return Outcome(answer.headers["x-request-id"], said)


async def _streamed(api: httpx.AsyncClient, cell: Cell) -> Outcome:
    body = {**_body(cell), "stream": True}
    async with api.stream("POST", "/v1/chat/completions", json=body) as answer:
        raw = await answer.aread()
    number = answer.headers["x-request-id"]
    if answer.status_code != 200:
        return Outcome(number, f"{answer.status_code} `{json.loads(raw)['error']['code']}`")
    events = [line[6:] for line in raw.decode().split("\n\n") if line.startswith("data: ")]
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    if error := chunks[-1].get("error"):
        assert events[-1] != "[DONE]"
        return Outcome(number, f"200, then the event `{error['code']}`")
    assert events[-1] == "[DONE]", raw
    return Outcome(number, f"200, {_content(cell, _put_together(chunks))}")


def _put_together(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The message that the chunks make, put together as a client does."""
    message: dict[str, Any] = {"content": "", "reasoning_content": "", "tool_calls": {}}
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                message[name] += delta.get(name) or ""
            for call in delta.get("tool_calls") or ():
                known = message["tool_calls"].setdefault(
                    call["index"], {"name": "", "arguments": ""}
                )
                for name in known:
                    known[name] += call["function"].get(name) or ""
            if function := delta.get("function_call"):
                known = message.setdefault("function_call", {"name": "", "arguments": ""})
                for name in known:
                    known[name] += function.get(name) or ""
    message["tool_calls"] = [{"function": call} for call in message["tool_calls"].values()]
    return message


async def _played(hub: Hub, cells: list[Cell]) -> dict[Cell, Outcome]:
    """The cells as columns of comparisons, AT_ONCE columns at a time."""
    found: dict[Cell, Outcome] = {}
    by_prompt: dict[str, list[Cell]] = {}
    for cell in cells:
        by_prompt.setdefault(CASES[cell[0]].prompt, []).append(cell)
    async with open_socket(hub) as socket:
        for prompt, mine in by_prompt.items():
            for start in range(0, len(mine), AT_ONCE):
                found |= await _compared(socket, prompt, mine[start : start + AT_ONCE])
    return found


async def _compared(socket: Socket, prompt: str, cells: list[Cell]) -> dict[Cell, Outcome]:
    by_name = {model_name(cell): cell for cell in cells}
    columns = [column(name, parameters=CASES[cell[0]].parameters) for name, cell in by_name.items()]
    await socket.run(prompt, columns)
    started = await socket.until_type("started", count=len(cells))
    models = {frame["run"]: frame["model"] for frame in started}
    ended = [f for f in socket.frames if f["type"] in {"finished", "error"} and f["run"] in models]
    ended += await socket.until_ended(len(cells) - len(ended))
    return {
        by_name[models[frame["run"]]]: _shown(socket, by_name[models[frame["run"]]], frame)
        for frame in ended
    }


def _shown(socket: Socket, cell: Cell, frame: dict[str, Any]) -> Outcome:
    if frame["type"] == "error":
        cut = "answer so far, then error" if frame["status"] == "interrupted" else "error"
        return Outcome(frame["call"], f"{cut} `{frame['error']['type']}`")
    run = frame["run"]
    mine = [f for f in socket.frames if f.get("run") == run]
    calls = [f for f in mine if f["type"] == "tool_call"]
    message = {
        "content": socket.text(run),
        "reasoning_content": "".join(f["text"] for f in mine if f["type"] == "reasoning"),
        "tool_calls": [
            {
                "function": {
                    "name": "".join(call["name"] for call in calls),
                    "arguments": "".join(call["arguments"] for call in calls),
                }
            }
        ]
        if calls
        else [],
    }
    return Outcome(frame["call"], _content(cell, message))


_PYTHON = """
import asyncio, json
from llmhub.api.python import Hub
from llmhub.core.errors import LLMHubError

async def one(hub, places, body):
    async with places:
        try:
            reply = await hub.chat(body.pop("messages"), **body)
        except LLMHubError as error:
            return {"call": str(error.record.id), "error": type(error).__name__}
        calls = [call["function"] for call in reply.tool_calls]
        return {"call": str(reply.call_id), "content": reply.text,
                "reasoning_content": reply.reasoning,
                "tool_calls": [{"function": function} for function in calls]}

async def main():
    places = asyncio.Semaphore(%d)
    async with Hub(team="Faults") as hub:
        asked = [one(hub, places, body) for body in json.loads(%r)]
        print(json.dumps(await asyncio.gather(*asked)))

asyncio.run(main())
"""


def _from_python(hub: Hub, cells: list[Cell]) -> dict[Cell, Outcome]:
    said = hub.python(_PYTHON % (AT_ONCE, json.dumps([_body(cell) for cell in cells])))
    found = {}
    for cell, message in zip(cells, json.loads(said), strict=True):
        error = message.get("error")
        text = f"raises `{error}`" if error else _content(cell, message)
        found[cell] = Outcome(message["call"], text)
    return found


# --- In words -------------------------------------------------------------------------------------


def _content(cell: Cell, message: dict[str, Any]) -> str:
    """Whether the answer came as the upstream gave it."""
    name = CASES[cell[0]].name
    function = message.get("function_call")
    calls = [function] if function else [c["function"] for c in message.get("tool_calls") or ()]
    if name in {"tools", "functions"}:
        (call,) = calls
        assert call["name"] == "get_weather"
        assert json.loads(call["arguments"]).keys() == {"city", "days"}, call
        return "whole call"
    text = message.get("content") or ""
    if not text:
        return "empty answer"
    assert text.endswith(SAID), text
    if name == "reasoning":
        assert message["reasoning_content"]
    return "whole answer"


def _in_words(cell: Cell, outcome: Outcome, record: dict[str, Any]) -> str:
    case, (_, face, way) = CASES[cell[0]], cell
    said = outcome.said
    if face > 1 and "`" in said:
        said += f" ({record['http_status']})"
    trail = record["attempts"]
    attempts = json.loads(trail) if isinstance(trail, str) else trail
    own = [a for a in attempts if a["deployment"].startswith(f"{case.credential}/")]
    retries = len(own) - 1
    words = [said, f"{retries or 'no'} retr{'y' if retries == 1 else 'ies'}"]
    if way == WITH_FALLBACK:
        words.append("fallback" if len(own) < len(attempts) else "no fallback")
    estimated = "estimated" in str(record["notes"])
    words.append(f"record: {record['status']}{', tokens estimated' if estimated else ''}")
    return "; ".join(words)


def table(cells: Cells, way: str) -> str:
    """One of the two tables, in Markdown."""
    head = ["the upstream", *FACES]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for number, case in enumerate(CASES):
        row = [f"{case.name}: {case.meaning}"]
        row += [cells[number, face, way] for face in range(len(FACES))]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def tables(cells: Cells) -> Iterable[tuple[str, str]]:
    """Both tables by their names."""
    return [(way, table(cells, way)) for way in (ALONE, WITH_FALLBACK)]
