"""One of two deployments fails every call: callers notice nothing, and it is left alone."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from providers.health import COOLDOWN_S, FAILURES_TO_COOL
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

STRATEGIES = ("round_robin", "weighted", "least_busy", "fastest", "priority")
AT_ONCE = 16


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


PROBES = """
import asyncio, json, time, urllib.request
from llmhub.api.python import Hub
from providers.health import health

moved = 0.0
health._clock = lambda: time.time() + moved
stats = "%s/_sim/stats"

def asked():
    counts = json.load(urllib.request.urlopen(stats))["models"]
    return counts.get("%s", {}).get("requests", 0)

async def main():
    global moved
    found = []
    async with Hub() as hub:
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

asyncio.run(main())
"""


def test_one_probe_after_each_rest_however_many_calls_come(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    found = json.loads(hub.python(PROBES % (simulator.url, failing("probes"))))
    assert found == [0, 1, 1, 1, 1, 1, 1]
