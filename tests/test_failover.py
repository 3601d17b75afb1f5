"""One of two deployments fails every call: callers notice nothing, and it is left alone."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from textwrap import indent
from typing import Any

import httpx
import pytest

from providers.health import COOLDOWN_S, FAILURES_TO_COOL
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

STRATEGIES = ("round_robin", "weighted", "least_busy", "fastest", "priority")
AT_ONCE = 16
SILENT = "sim-swift:slow=60,jitter=0.61"
LATE = "sim-swift:slow=1,jitter=0.62"


def failing(name: str) -> str:
    """The upstream model of the deployment that fails, one for each test."""
    return f"sim-instant:fault=500,ttft=0,tps=0,tokens={sum(map(ord, name))}"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    config = ['[providers.failover]\nkind = "simulator"\nmax_retries = 1']
    for name in (*STRATEGIES, "probes"):
        strategy = name if name in STRATEGIES else "priority"
        config.append(
            f'[models.failover-{name}]\nstrategy = "{strategy}"\ndeployments = ['
            f'{{ provider = "failover", model = "{failing(name)}" }}, '
            '{ provider = "failover", model = "sim-instant" }]'
        )
    for name, first in (("silent", [SILENT]), ("late", [failing("late"), LATE])):
        rows = [
            f'{{ provider = "failover", model = "{model}", priority = {place} }}'
            for place, model in enumerate([*first, "sim-instant"], 1)
        ]
        config.append(f"[models.failover-{name}]\ndeployments = [{', '.join(rows)}]")
    hub.import_config("\n".join(config))
    key = hub.create_key("Failover")
    eventually(lambda: hub.chat(key, "failover/sim-instant").status_code == 200, "the models")
    return key


def asked(simulator: Simulator, name: str) -> int:
    """How many calls the failing deployment has got."""
    counts = httpx.get(f"{simulator.url}/_sim/stats").json()["models"]
    return int(counts.get(failing(name), {}).get("requests", 0))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_caller_sees_an_error_and_the_failing_one_is_left_alone(
    hub: Hub, key: str, simulator: Simulator, strategy: str
) -> None:
    model = f"failover-{strategy}"
    begun = time.monotonic()
    before = asked(simulator, strategy)
    for _ in range(40):
        assert hub.chat(key, model).status_code == 200
    with ThreadPoolExecutor(AT_ONCE) as callers:
        answers = list(callers.map(lambda _: hub.chat(key, model), range(3 * AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    probes = (time.monotonic() - begun) // COOLDOWN_S  # none, unless this machine is very slow
    assert asked(simulator, strategy) - before <= FAILURES_TO_COOL + probes


# --- After a rest ---------------------------------------------------------------------------------

SCRIPT = """
import asyncio, json, time, urllib.request
from llmhub.api.python import Hub
from providers.health import health

moved = 0.0
health._clock = lambda: time.time() + moved

def asked():
    counts = json.load(urllib.request.urlopen("{simulator}/_sim/stats"))["models"]
    return counts.get("{model}", {{}}).get("requests", 0)

async def until_asked(times):
    while asked() < times:
        await asyncio.sleep(0.02)

async def hurry(hub, model):
    try:
        async for _ in hub.stream("Hello", model=model, timeout={{"first_token": 0.2}}):
            pass
    except Exception:
        pass

async def main():
    global moved
    async with Hub() as hub:
{body}

asyncio.run(main())
"""


def run(hub: Hub, simulator: Simulator, model: str, body: str) -> Any:
    """What `body` prints: a coroutine's lines with `hub`, `asked()` and `moved` at hand."""
    script = SCRIPT.format(simulator=simulator.url, model=model, body=indent(body, " " * 8))
    return json.loads(hub.python(script))


PROBES = """
found = []
for _ in range(5):
    await hub.generate("Hello", model="failover-probes")
before = asked()
for rest in (0, 31, 61, 121, 241, 301, 301):
    moved += rest
    batch = await hub.batch(["Hello"] * 32, model="failover-probes", at_once=16)
    assert all(item.error is None for item in batch), batch
    found.append(asked() - before)
    before = asked()
print(json.dumps(found))
"""


def test_one_probe_after_each_rest_however_many_calls_come(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    found = run(hub, simulator, failing("probes"), PROBES)
    assert found == [0, 1, 1, 1, 1, 1, 1]


FROM_BEFORE = """
from_before = asyncio.create_task(hub.generate("Hello", model="failover-silent"))
await until_asked(1)
for _ in range(3):
    await hurry(hub, "failover-silent")
before = asked()
moved = 31
probe = asyncio.create_task(hub.generate("Hello", model="failover-silent"))
await until_asked(before + 1)
from_before.cancel()
await asyncio.gather(from_before, return_exceptions=True)
batch = await hub.batch(["Hello"] * 8, model="failover-silent")
assert all(item.error is None for item in batch), batch
print(asked() - before)
probe.cancel()
await asyncio.gather(probe, return_exceptions=True)
"""


def test_call_from_before_the_rest_makes_no_room_for_a_second_probe(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    assert run(hub, simulator, SILENT, FROM_BEFORE) == 1


ALL_AT_ONCE = """
for _ in range(3):
    await hurry(hub, "failover/{model}")
before = asked()
moved = 31
batch = await hub.batch(["Hello"] * 16, model="failover-late", at_once=16)
assert all(item.error is None for item in batch), batch
print(asked() - before)
"""


def test_calls_that_come_to_it_late_send_one_probe(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    body = ALL_AT_ONCE.format(model=LATE)
    assert run(hub, simulator, LATE, body) == 1
