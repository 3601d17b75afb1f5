"""Long work in a real worker beside a hub: progress, failures apart, cancelling, limits."""

import json
from collections.abc import Iterator

import pytest

from tests.support import jobs
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

ECHO = "simulator/sim-swift:ttft=0,tps=0"


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub with a worker, for the tests of this module that end nothing."""
    hub = Hub(tmp_path_factory.mktemp("jobs"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    yield hub.start()
    hub.stop()


def test_fifty_items_of_which_three_fail_apart(worked: Hub) -> None:
    bad = {7, 20, 41}
    bodies = [
        jobs.prompt("no-such-model" if n in bad else ECHO, f"echo: number {n}") for n in range(50)
    ]
    job_id = jobs.order(worked, bodies, concurrency=5)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["total"], row["done"], row["failed"]) == ("done", 50, 47, 3)
    for n, item in enumerate(jobs.items(worked, job_id)):
        if n in bad:
            assert item["status"] == "failed"
            assert json.loads(item["error"])["type"] == "model_not_found"
        else:
            message = json.loads(item["result"])["choices"][0]["message"]
            assert message["content"] == f"number {n}"
    records = worked.calls(source="batch")
    assert len(records) == 50
    assert not worked.query("select * from usage_keptanswer")


def test_cancel_breaks_off_what_is_under_way_and_keeps_what_has_ended(
    worked: Hub, simulator: Simulator
) -> None:
    slow = "simulator/sim-swift:ttft=30000,tokens=77"
    bodies = [jobs.prompt(ECHO), jobs.prompt(ECHO), *[jobs.prompt(slow)] * 8]
    job_id = jobs.order(worked, bodies, concurrency=4)
    jobs.wait_for_done(worked, job_id, 2)
    simulator.wait_for("requests:4", slow)
    jobs.act(worked, "cancel", job_id)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("cancelled", 2, 0)
    assert [item["status"] for item in jobs.items(worked, job_id)] == ["done"] * 2 + [
        "cancelled"
    ] * 8
    simulator.wait_for("cancelled:4", slow)
    assert simulator.requests(slow) == 4
    called = [i["call_id"] for i in jobs.items(worked, job_id)[2:] if i["call_id"]]
    assert [worked.calls(id=number)[0]["status"] for number in called] == ["cancelled"] * 4


def test_failed_items_are_asked_once_more(worked: Hub) -> None:
    flaky = "simulator/sim-swift:fault=400,times=1,tokens=61"
    bodies = [jobs.prompt(ECHO), jobs.prompt(flaky)]
    job_id = jobs.order(worked, bodies)
    assert jobs.wait_for(worked, job_id)["failed"] == 1
    assert jobs.act(worked, "rerun_failed", job_id) == "1"
    eventually(lambda: jobs.job(worked, job_id)["done"] == 2, "both done", jobs.SECONDS)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 2, 0)
    assert [item["attempts"] for item in jobs.items(worked, job_id)] == [1, 2]


def test_limit_holds_for_calls_and_job_together_and_fails_nothing(worked: Hub) -> None:
    key = worked.create_key(name="slowly", rpm=5)
    for _ in range(2):
        assert worked.chat(key, ECHO).status_code == 200
    job_id = jobs.order(worked, [jobs.prompt(ECHO)] * 8, key=key, concurrency=2)
    jobs.wait_for_done(worked, job_id, 3)
    eventually(lambda: worked.calls(key_prefix=key[:12], http_status=429), "a wait", jobs.SECONDS)
    assert worked.chat(key, ECHO).status_code == 429
    row = jobs.job(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("running", 3, 0)
    assert len(worked.calls(key_prefix=key[:12], status="success")) == 5
    jobs.act(worked, "cancel", job_id)
    assert jobs.wait_for(worked, job_id)["failed"] == 0


def test_calls_at_once_are_those_that_the_key_may_have(worked: Hub) -> None:
    key = worked.create_key(name="one at a time", max_parallel=1)
    job_id = jobs.order(worked, [jobs.prompt(f"{ECHO},tokens=9")] * 5, key=key, concurrency=3)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 5, 0)
    assert {r["key_prefix"] for r in worked.calls(model=f"{ECHO},tokens=9")} == {key[:12]}


def test_model_that_the_key_may_not_use_fails_its_item_alone(worked: Hub) -> None:
    key = worked.create_key(name="narrow", models=["sim-swift"])
    bodies = [jobs.prompt("sim-swift"), jobs.prompt("sim-sage")]
    job_id = jobs.order(worked, bodies, key=key)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 1, 1)
    assert json.loads(jobs.items(worked, job_id)[1]["error"])["code"] == "model_not_allowed"


def test_spent_budget_fails_the_items_that_come_after(worked: Hub) -> None:
    key = worked.create_key(name="poor", max_budget="0.0000001")
    job_id = jobs.order(worked, [jobs.prompt("sim-swift")] * 2, key=key)
    row = jobs.wait_for(worked, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 0, 2)
    errors = [json.loads(item["error"]) for item in jobs.items(worked, job_id)]
    assert {error["type"] for error in errors} == {"budget_exceeded"}


def test_revoked_key_ends_its_job(worked: Hub) -> None:
    key = worked.create_key(name="revoked meanwhile")
    model = "simulator/sim-swift:ttft=400,tps=0,tokens=5"
    job_id = jobs.order(worked, [jobs.prompt(model)] * 200, key=key, concurrency=1)
    jobs.wait_for_done(worked, job_id, 1)
    worked.python(
        "from llmhub.teams.models import VirtualKey; from llmhub.teams.keys import revoke_key; "
        "revoke_key(VirtualKey.objects.get(name='revoked meanwhile'))"
    )
    row = jobs.wait_for(worked, job_id)
    assert row["status"] == "failed"
    assert "revoked" in row["error"]
    assert row["done"] + row["failed"] < 200
