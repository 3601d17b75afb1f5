"""Long work where web processes and workers share nothing but PostgreSQL and Redis."""

import json

import openai

from tests.support import jobs
from tests.support.scaled import ScaledHub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

ECHO = "simulator/sim-swift:ttft=0,tps=0"


def test_job_of_one_process_is_done_by_the_worker(scaled_hub: ScaledHub) -> None:
    hub = scaled_hub.first
    bodies = [
        jobs.prompt("no-such-model" if n == 3 else ECHO, f"echo: number {n}") for n in range(20)
    ]
    job_id = jobs.order(hub, bodies)
    row = jobs.wait_for(hub, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 19, 1)
    texts = [json.loads(i["result"] or "null") for i in jobs.items(hub, job_id)]
    assert texts[7]["choices"][0]["message"]["content"] == "number 7"
    assert not hub.query("select * from usage_keptanswer")


def test_killed_worker_is_replaced_and_nothing_finished_is_called_again(
    scaled_hub: ScaledHub, simulator: Simulator
) -> None:
    hub = scaled_hub.first
    models = [f"simulator/sim-swift:ttft=253,tps=0,tokens={n}" for n in range(3, 33)]
    job_id = jobs.order(hub, [jobs.prompt(model) for model in models], concurrency=4)
    jobs.wait_for_done(hub, job_id, 8)
    scaled_hub.worker.kill9()
    answered = {row["model"] for row in hub.calls(status="success") if row["model"] in models}
    assert len(answered) >= 8
    scaled_hub.start_worker()
    row = jobs.wait_for(hub, job_id)
    assert (row["status"], row["done"], row["failed"]) == ("done", 30, 0)
    assert {simulator.requests(model) for model in answered} == {1}
    assert sum(simulator.requests(model) > 1 for model in models) <= 4


def test_cancel_reaches_the_worker(scaled_hub: ScaledHub, simulator: Simulator) -> None:
    hub = scaled_hub.second
    slow = "simulator/sim-swift:ttft=30000,tokens=79"
    job_id = jobs.order(hub, [jobs.prompt(slow)] * 6, concurrency=3)
    simulator.wait_for("requests:3", slow)
    jobs.act(hub, "cancel", job_id)
    assert jobs.wait_for(hub, job_id)["status"] == "cancelled"
    simulator.wait_for("cancelled:3", slow)
    assert simulator.requests(slow) == 3


def test_batch_is_uploaded_begun_and_fetched_at_different_processes(
    scaled_hub: ScaledHub,
) -> None:
    key = scaled_hub.create_key(name="scaled batch")
    first, second = (
        openai.OpenAI(base_url=f"{web.url}/v1", api_key=key, max_retries=0)
        for web in scaled_hub.webs
    )
    body = jobs.prompt(ECHO, "echo: " + "long " * 2000 + "\x00 end")
    lines = [
        {"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}
        for n in range(200)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with first, second:
        file = first.files.create(file=("in.jsonl", content), purpose="batch")
        assert second.files.content(file.id).content == content
        batch_id = second.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        ).id
        jobs_end = {"completed", "failed"}
        eventually(lambda: first.batches.retrieve(batch_id).status in jobs_end, "its end", 60)
        batch = first.batches.retrieve(batch_id)
        assert batch.request_counts
        assert (batch.status, batch.request_counts.completed) == ("completed", 200)
        assert batch.output_file_id
        output = second.files.content(batch.output_file_id).text.splitlines()
    assert [json.loads(line)["custom_id"] for line in output] == [f"r{n}" for n in range(200)]
