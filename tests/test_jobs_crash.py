"""The death of a worker, or of the whole hub, in the middle of a job: nothing is paid for twice."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support import jobs, rows
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub whose worker may be killed; the next one comes by itself."""
    hub = Hub(tmp_path_factory.mktemp("jobs"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    yield hub.start()
    hub.stop()


def test_killed_worker_is_replaced_and_nothing_answered_is_called_again(
    worked: Hub, simulator: Simulator
) -> None:
    models = [f"simulator/sim-swift:ttft=251,tps=0,tokens={n}" for n in range(3, 43)]
    job_id = jobs.order(worked, [jobs.prompt(model) for model in models], concurrency=4)
    jobs.wait_for_done(worked, job_id, 10)
    jobs.freeze_worker(worked)  # what it has asked for is answered, and it can't take it

    def answered() -> set[str]:
        return {row["model"] for row in worked.calls(status="success")} & set(models)

    saved = jobs.job(worked, job_id)["done"]
    eventually(
        lambda: saved < len(answered()) == simulator.requests(*models), "answers", jobs.SECONDS
    )
    before = answered()
    jobs.kill_worker(worked)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 40, 0)
    assert {simulator.requests(model) for model in before} == {1}
    assert simulator.requests(*models) == 40
    assert all(json.loads(item["result"])["choices"] for item in jobs.items(worked, job_id))
    paid = [r["cost"] for r in worked.calls(status="success") if r["model"] in models]
    assert float(row["cost"]) == pytest.approx(sum(map(float, paid)))
    assert not worked.query("select * from usage_keptanswer")


def test_calls_of_a_killed_worker_are_broken_off_and_made_again(
    worked: Hub, simulator: Simulator
) -> None:
    slow = "simulator/sim-swift:ttft=6000,tps=0,tokens=47"
    job_id = jobs.order(worked, [jobs.prompt(slow)] * 2, concurrency=2)
    simulator.wait_for("requests:2", slow)
    jobs.kill_worker(worked)
    simulator.wait_for("cancelled:2", slow)
    assert jobs.wait_for(worked, job_id)["done"] == 2
    assert sorted(row["status"] for row in worked.calls(model=slow)) == [
        *["cancelled"] * 2,
        *["success"] * 2,
    ]


def test_killed_hub_goes_on_with_its_job_when_it_is_started_again(
    start_hub: Callable[..., Hub], simulator: Simulator
) -> None:
    hub = start_hub()
    models = [f"simulator/sim-swift:ttft=257,tps=0,tokens={n}" for n in range(3, 33)]
    job_id = jobs.order(hub, [jobs.prompt(model) for model in models], concurrency=4)
    jobs.wait_for_done(hub, job_id, 8)
    hub.kill9()
    answered = {row["model"] for row in hub.calls(status="success")}
    hub.start()
    row = jobs.wait_for(hub, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 30, 0)
    assert {simulator.requests(model) for model in answered} == {1}
    assert len(hub.calls(status="success")) == 30


def test_job_goes_on_when_the_database_is_back(worked: Hub, simulator: Simulator) -> None:
    models = [f"simulator/sim-swift:ttft=263,tps=0,tokens={n}" for n in range(3, 33)]
    job_id = jobs.order(worked, [jobs.prompt(model) for model in models], concurrency=4)
    jobs.wait_for_done(worked, job_id, 8)
    rows.change(worked.database, "alter table jobs_job rename to away")
    # Once as it saves what it has, once as it lets go of the job.
    eventually(lambda: worked.log.count("job_waits_for_database") >= 2, "the worker's trouble", 20)
    rows.change(worked.database, "alter table away rename to jobs_job")
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 30, 0)
    success = [row for row in worked.calls(status="success") if row["model"] in models]
    assert len(success) == 30
