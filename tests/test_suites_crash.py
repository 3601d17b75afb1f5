"""The death of a worker in the middle of a run: the run ends, and no cell is paid for twice."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support import jobs
from tests.support.hub import Hub
from tests.support.scaled import ScaledHub
from tests.support.simulator import Simulator
from tests.support.suites import SECONDS, Suites, outcomes
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
ROWS = 5
VERDICT = 'echo: {{answer}} {"verdict": "pass", "reason": "Fine."}'


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub whose worker may be killed; the next one comes by itself."""
    hub = Hub(tmp_path_factory.mktemp("suites"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    yield hub.start()
    hub.stop()


def models(first: int) -> list[str]:
    """Eight models that no other test has; they answer after a quarter of a second."""
    return [f"simulator/sim-swift:ttft=251,tps=0,tokens={first + n}" for n in range(8)]


def written(suites: Suites, columns: list[str]) -> str:
    """A suite of these models whose cells all pass; the judge has the last word."""
    lines = [f"echo: row {n},row {n}\n" for n in range(ROWS)]
    judge = {"judge_model": "sim-sage", "judge_prompt": VERDICT}
    address = suites.suite(*columns, rows="prompt,assert:contains\n" + "".join(lines), **judge)
    suites.claim(address, "judge", "is fine")
    return address


def paid(hub: Hub, columns: list[str]) -> Counter[str]:
    """How many answers of each model were paid for."""
    return Counter(call["model"] for call in hub.calls(status="success")) & Counter(
        dict.fromkeys(columns, 10_000)
    )


def test_killed_worker_is_replaced_and_no_cell_is_asked_twice(
    worked: Hub, simulator: Simulator
) -> None:
    suites, columns = Suites(worked), models(5001)
    run = suites.start(written(suites, columns))
    eventually(lambda: paid(worked, columns).total() >= ROWS, "answers", SECONDS)
    jobs.freeze_worker(worked)  # what it has asked for is answered, and it can't take it
    asked = lambda: simulator.requests(*columns)  # noqa: E731
    eventually(lambda: paid(worked, columns).total() == asked(), "answers to all", SECONDS)
    assert asked() < ROWS * len(columns)
    jobs.kill_worker(worked)
    results = suites.ended(run)
    assert outcomes(results) == ["passed"] * ROWS * len(columns)
    assert {model: simulator.requests(model) for model in columns} == dict.fromkeys(columns, ROWS)
    assert paid(worked, columns) == dict.fromkeys(columns, ROWS)
    spent = [call["cost"] for call in worked.calls(status="success", source="playground")]
    assert float(results["cost"]) == pytest.approx(sum(map(float, spent)))


def test_answers_of_a_worker_that_was_killed_are_kept_where_nothing_is_shared(
    scaled_hub: ScaledHub,
) -> None:
    hub = scaled_hub.first
    suites, columns = Suites(hub), models(5101)
    run = suites.start(written(suites, columns))
    eventually(lambda: paid(hub, columns).total() >= 2 * ROWS, "answers", SECONDS)
    scaled_hub.worker.kill9()
    before = {str(call["id"]) for call in hub.calls(status="success") if call["model"] in columns}
    scaled_hub.start_worker()
    results = suites.ended(run)
    assert outcomes(results) == ["passed"] * ROWS * len(columns)
    kept = {cell["call_id"] for cell in results["cells"]}
    assert before <= kept
    assert paid(hub, columns) == dict.fromkeys(columns, ROWS)
