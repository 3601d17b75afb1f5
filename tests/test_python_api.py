"""The engine from Python: every method, in a script, in a coroutine, inside a running loop."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import environment
from tests.support.hub import COMMAND_SECONDS, Hub
from tests.support.process import ROOT, python
from tests.support.simulator import Simulator

DOCUMENT = ROOT / "docs" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
SETTING_UP = "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'llmhub.settings'; "


def script(hub: Hub, code: str, folder: Path) -> str:
    """Standard output of a program of its own, as a person would start it."""
    file = folder / "program.py"
    file.write_text(code)
    done = subprocess.run(
        python(str(file)),
        cwd=ROOT,
        env=environment.for_process(**hub.variables, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def result(hub: Hub, code: str, team: str = "Default") -> Any:
    """What `code` puts into `found`, run with an open SyncHub named `hub`."""
    lines = "\n".join(f"    {line}" for line in code.strip().splitlines())
    printed = hub.python(
        "import json\nfrom llmhub.api.python import SyncHub\nfrom llmhub.core.errors import *\n"
        f"with SyncHub(team={team!r}) as hub:\n{lines}\nprint(json.dumps(found, default=str))\n"
    )
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_of_the_document_runs(hub: Hub, tmp_path: Path, number: int) -> None:
    code = EXAMPLES[number]
    printed = script(
        hub, code if "django.setup" in code else SETTING_UP + "django.setup()\n" + code, tmp_path
    )
    assert printed.strip()


def test_every_method_is_in_the_document_and_on_both_faces() -> None:
    from llmhub.api.python import Hub as AsyncHub
    from llmhub.api.python import SyncHub

    def methods(face: type) -> set[str]:
        return {name for name in vars(face) if not name.startswith("_")}

    assert methods(AsyncHub) == methods(SyncHub)
    text = DOCUMENT.read_text()
    assert all(f"`{name}" in text for name in methods(SyncHub))


def test_sync_hub_works_inside_a_running_loop(hub: Hub) -> None:
    printed = hub.python(
        "import asyncio\n"
        "from llmhub.api.python import SyncHub\n"
        "async def cell():\n"
        "    with SyncHub() as hub:\n"
        "        print(hub.generate('echo: from a cell', model='simulator/sim-instant').call_id)\n"
        "        print(len(hub.list_models()), hub.stats().all.requests)\n"
        "        print(''.join(hub.stream('echo: in pieces', model='sim-swift')))\n"
        "asyncio.run(cell())\n"
    )
    assert printed.splitlines()[-1] == "in pieces"


def test_structured_answer_is_a_value(hub: Hub) -> None:
    found = result(
        hub,
        """
schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
value = hub.generate_structured("How many?", schema, model="sim-swift").value
try:
    hub.generate_structured("Hello", {"type": "objekt"}, model="sim-swift")
except ValidationError as error:
    refused = error.param
try:
    hub.generate_structured("Hello", 7, model="sim-swift")
except ValidationError as error:
    wrong = error.message
found = [value, refused, wrong]
""",
    )
    assert isinstance(found[0]["n"], int)
    assert found[1] == "response_format.json_schema.schema"
    assert found[2] == "schema must be a JSON schema or a pydantic model, not int."


def test_answer_that_does_not_fit_is_an_error(hub: Hub) -> None:
    found = result(
        hub,
        """
from llmhub.gateway.structured import StructuredOutputError
schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
try:
    hub.generate_structured("Hello", schema, model="simulator/sim-swift:fault=empty")
except StructuredOutputError as error:
    found = error.message
""",
    )
    assert found == "The model’s answer does not fit the schema: there is no JSON in it."


def test_tools_are_called_until_there_is_an_answer(hub: Hub) -> None:
    found = result(
        hub,
        """
def tool(name):
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "parameters": city}}

calls = []
async def get_weather(city):
    calls.append(city)
    return {"sky": "green"}

def broken_map(city):
    raise ValueError("torn")

tools = [tool("get_weather"), tool("broken_map")]
prompt = "Use the tools get_weather and broken_map for Lisbon."
functions = {"get_weather": get_weather, "broken_map": broken_map}
asked = hub.chat_with_tools(prompt, tools, model="sim-swift").tool_calls
reply = hub.chat_with_tools(prompt, tools, functions=functions, model="sim-swift")
lone = hub.chat_with_tools(prompt, tools, functions={"other": get_weather}, model="sim-swift")
found = [sorted(call["function"]["name"] for call in asked), calls, reply.text, lone.text]
""",
    )
    asked, calls, text, lone = found
    assert asked == ["broken_map", "get_weather"]
    assert len(calls) == 1
    assert '"sky": "green"' in text
    assert "broken_map failed: ValueError: torn" in text
    assert "There is no function 'get_weather'" in lone


def test_results_of_tools_follow_the_calls_that_they_answer(hub: Hub, simulator: Simulator) -> None:
    model = "sim-swift:jitter=0.41,ttft=0,tps=0"
    result(
        hub,
        f"""
city = {{"type": "object", "properties": {{"city": {{"type": "string"}}}}, "required": ["city"]}}
tool = {{"type": "function", "function": {{"name": "get_weather", "parameters": city}}}}
found = hub.chat_with_tools(
    "Use the tool get_weather for Lisbon.",
    [tool],
    functions={{"get_weather": lambda city: "green"}},
    model="simulator/{model}",
).text
""",
    )
    asked = httpx.get(f"{simulator.url}/_sim/last", params={"model": model}).json()
    user, assistant, told = asked["body"]["messages"]
    (call,) = assistant["tool_calls"]
    assert (user["role"], call["function"]["name"]) == ("user", "get_weather")
    assert (told["role"], told["tool_call_id"], told["content"]) == ("tool", call["id"], "green")


def test_retries_and_time_are_those_of_the_call(hub: Hub) -> None:
    found = result(
        hub,
        """
def attempts(call, **options):
    try:
        return call("Hello", **options).call_id and 0
    except LLMHubError as error:
        return [type(error).__name__, len(error.record.attempts)]

found = [
    attempts(hub.generate, model="simulator/sim-swift:fault=500,jitter=0.41", max_retries=0),
    attempts(
        hub.generate_with_retry,
        model="simulator/sim-swift:fault=429,retry-after=0.05",
        max_retries=4,
    ),
    attempts(
        hub.generate_with_retry, model="simulator/sim-swift:fault=429,retry-after=0.05,times=3"
    ),
    attempts(hub.generate, model="simulator/sim-swift:slow=30", timeout=0.3),
    attempts(hub.generate, model="simulator/sim-swift:slow=30,jitter=0", timeout={"total": 0.3}),
]
for wrong in ({"timeout": 0}, {"max_retries": 11}, {"max_retries": True}, {"cache": "perhaps"}):
    try:
        hub.generate("Hello", model="sim-swift", **wrong)
    except ValidationError as error:
        found.append(error.param)
""",
    )
    assert found == [
        ["ProviderError", 1],
        ["RateLimitError", 5],
        0,
        ["CallTimeoutError", 1],
        ["CallTimeoutError", 1],
        "timeout",
        "max_retries",
        "max_retries",
        "cache",
    ]


def test_figures_are_those_of_the_team(hub: Hub) -> None:
    hub.create_key("Counted")
    found = result(
        hub,
        """
import time
for number in range(3):
    hub.generate("Hello", model="simulator/sim-instant")
list(hub.stream("Hello", model="simulator/sim-swift:tps=0,ttft=0"))
try:
    hub.generate("Hello", model="simulator/sim-swift:fault=400")
except ValidationError:
    pass
figures = hub.stats("1h")
found = [figures.all.requests, figures.all.failed, figures.groups["simulator/sim-instant"].requests]
found += [list(hub.stats("1h", by="provider").groups), list(hub.stats("7d", by="tag").groups)]
for wrong in ({"period": "2h"}, {"by": "mood"}):
    try:
        hub.stats(**wrong)
    except ValidationError as error:
        found.append(error.param)
""",
        team="Counted",
    )
    assert found == [5, 1, 3, ["simulator"], ["(untagged)"], "period", "by"]


def test_looking_around(hub: Hub) -> None:
    models, providers, health = result(
        hub, "found = [hub.list_models(), hub.list_providers(), hub.health_check()]"
    )
    assert "sim-swift" in models
    assert "simulator" in providers
    assert health["sim-swift"] is True


def test_unknown_team_is_an_error_that_leaves_nothing_running(hub: Hub) -> None:
    printed = hub.python(
        "import threading\nfrom llmhub.api.python import SyncHub\n"
        "from llmhub.core.errors import ConfigurationError\n"
        "try:\n    SyncHub(team='Nobody').open()\n"
        "except ConfigurationError as error:\n    print(error.message)\n"
        "print([t.name for t in threading.enumerate() if t.name == 'hub'])\n"
    )
    assert printed.splitlines()[-2:] == ["There is no team 'Nobody'.", "[]"]
