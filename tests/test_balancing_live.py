"""Each strategy from outside: which deployment a row of calls goes to."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.support.hub import Hub
from tests.support.waiting import eventually

CALLS = 12
SLOW = "sim-swift:ttft=150,tps=0,tokens=9"
FAST = "sim-swift:ttft=0,tps=0,tokens=9"
FIRST, SECOND = "balanced/sim-instant:tokens=91", "balanced/sim-instant:tokens=92"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    def model(name: str, strategy: str, first: str, second: str) -> str:
        return (
            f'[models.balanced-{name}]\nstrategy = "{strategy}"\ndeployments = ['
            f'{{ provider = "balanced", {first} }}, {{ provider = "balanced", {second} }}]\n'
        )

    one, two = (f'model = "sim-instant:tokens={number}"' for number in (91, 92))
    prices = "input_cost_per_1m = {0}, output_cost_per_1m = {0}"
    hub.import_config(
        '[providers.balanced]\nkind = "simulator"\n'
        + model("round_robin", "round_robin", one, two)
        + model("weighted", "weighted", f"{one}, weight = 0", f"{two}, weight = 5")
        + model("priority", "priority", f"{one}, priority = 2", f"{two}, priority = 1")
        + model("cheapest", "cheapest", f"{one}, {prices.format(9)}", f"{two}, {prices.format(3)}")
        + model("fastest", "fastest", f'model = "{SLOW}"', f'model = "{FAST}"')
    )
    key = hub.create_key("Balanced")
    eventually(lambda: hub.chat(key, FIRST).status_code == 200, "the models")
    return key


def chosen(hub: Hub, key: str, strategy: str, calls: int = CALLS) -> list[str]:
    """The deployments that a row of calls went to."""
    answers = [hub.chat(key, f"balanced-{strategy}") for _ in range(calls)]
    assert {answer.status_code for answer in answers} == {200}
    ids = [answer.headers["x-request-id"].replace("-", "") for answer in answers]
    return [str(hub.calls(id=one)[0]["deployment"]) for one in ids]


def test_round_robin_takes_turns(hub: Hub, key: str) -> None:
    found = chosen(hub, key, "round_robin")
    assert Counter(found) == {FIRST: CALLS // 2, SECOND: CALLS // 2}
    assert all(one != other for one, other in pairwise(found))


@pytest.mark.parametrize("strategy", ["weighted", "priority", "cheapest"])
def test_the_better_one_gets_every_call(hub: Hub, key: str, strategy: str) -> None:
    assert set(chosen(hub, key, strategy)) == {SECOND}


def test_the_faster_one_gets_nearly_every_call(hub: Hub, key: str) -> None:
    found = Counter(chosen(hub, key, "fastest", 24))
    assert found[f"balanced/{SLOW}"] >= 1, "it was measured once"
    assert found[f"balanced/{FAST}"] >= 16
