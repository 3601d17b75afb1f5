"""Files and batches, as OpenAI's own SDK uses them, against a hub with its worker."""

import http.client
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.hub import Hub, bearer
from tests.support.jobs import SECONDS
from tests.support.process import ROOT
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

Json = dict[str, Any]
ECHO = "simulator/sim-swift:ttft=0,tps=0"
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Batches", name="batches")


@pytest.fixture(scope="module")
def sdk(hub: Hub, key: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def strangers(hub: Hub) -> Iterator[OpenAI]:
    """Another team's client."""
    other = hub.create_key("Strangers", name="strangers")
    with OpenAI(base_url=f"{hub.url}/v1", api_key=other, max_retries=0) as client:
        yield client


def request(name: str, body: Json, url: str = CHAT) -> Json:
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def chat(name: str, text: str = "echo: hi", model: str = ECHO) -> Json:
    return request(name, {"model": model, "messages": [{"role": "user", "content": text}]})


def upload(sdk: OpenAI, requests: list[Json]) -> str:
    content = "\n".join(json.dumps(line) for line in requests)
    return sdk.files.create(file=("input.jsonl", content.encode()), purpose="batch").id


def begin(sdk: OpenAI, requests: list[Json], endpoint: Any = CHAT) -> str:
    batch = sdk.batches.create(
        input_file_id=upload(sdk, requests), endpoint=endpoint, completion_window="24h"
    )
    return batch.id


def ended(sdk: OpenAI, batch_id: str) -> Any:
    def ask() -> Any:
        batch = sdk.batches.retrieve(batch_id)
        return batch if batch.status in {"completed", "failed", "cancelled"} else None

    return eventually(ask, f"the end of {batch_id}", SECONDS)


def lines(sdk: OpenAI, file_id: str | None) -> dict[str, Json]:
    """The lines of an output file by their custom_id."""
    assert file_id, "no file was written"
    text = sdk.files.content(file_id).text
    return {line["custom_id"]: line for line in map(json.loads, text.splitlines())}


# --- Files ----------------------------------------------------------------------------------------


def test_file_is_kept_listed_read_and_deleted(sdk: OpenAI) -> None:
    content = b"".join(b'{"n": %d}\n' % n for n in range(300_000))  # more than three parts
    file = sdk.files.create(file=("many.jsonl", content), purpose="batch")
    assert (file.bytes, file.filename, file.purpose) == (len(content), "many.jsonl", "batch")
    assert file.id.startswith("file-")
    assert file.expires_at
    assert file.expires_at > file.created_at
    assert sdk.files.retrieve(file.id) == file
    assert file.id in [known.id for known in sdk.files.list(purpose="batch")]
    assert sdk.files.content(file.id).content == content
    assert sdk.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve(file.id)


def test_list_of_files_goes_on_after_the_last_one(sdk: OpenAI) -> None:
    made = [upload(sdk, [chat(f"{n}")]) for n in range(3)]
    first = sdk.files.list(limit=2)
    assert first.has_more
    assert [file.id for file in first.data] == [made[2], made[1]]
    after = sdk.files.list(limit=1, after=made[1])
    assert [file.id for file in after.data] == [made[0]]
    oldest_first = sdk.files.list(order="asc", after=made[0], limit=2)
    assert [file.id for file in oldest_first.data] == made[1:]


def test_another_teams_file_and_batch_are_not_there(sdk: OpenAI, strangers: OpenAI) -> None:
    file_id = upload(sdk, [chat("one")])
    batch_id = begin(sdk, [chat("one")])
    for ask in (
        lambda: strangers.files.retrieve(file_id),
        lambda: strangers.files.content(file_id),
        lambda: strangers.files.delete(file_id),
        lambda: strangers.batches.retrieve(batch_id),
        lambda: strangers.batches.cancel(batch_id),
        lambda: strangers.batches.create(
            input_file_id=file_id, endpoint=CHAT, completion_window="24h"
        ),
    ):
        with pytest.raises(openai.NotFoundError) as refused:
            ask()
        assert refused.value.type == "invalid_request_error"
        assert "not_found" in str(refused.value.code)
    assert file_id not in [file.id for file in strangers.files.list()]
    assert batch_id not in [batch.id for batch in strangers.batches.list()]
    ended(sdk, batch_id)


def test_file_over_the_limit_is_refused_before_it_is_sent(hub: Hub, key: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    connection.putrequest("POST", "/v1/files")
    for name, value in bearer(key).items():
        connection.putheader(name, value)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(200 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert "200.0 MB; the limit is 100 MB" in json.loads(answer.read())["error"]["message"]
    connection.close()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"data": {"purpose": "batch"}, "files": {"other": b"x"}}, "file is missing"),
        ({"data": {}, "files": {"file": b"x"}}, "purpose is missing; it takes batch"),
        ({"data": {"purpose": "vision"}, "files": {"file": b"x"}}, "purpose is 'vision'"),
        ({"json": {"purpose": "batch"}}, "multipart/form-data"),
    ],
)
def test_wrong_form_is_refused_with_what_is_wrong(
    hub: Hub, key: str, form: Json, message: str
) -> None:
    answer = httpx.post(f"{hub.url}/v1/files", headers=bearer(key), timeout=20, **form)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_paths_work_without_version_and_need_a_key(hub: Hub, key: str) -> None:
    for path in ("/files", "/v1/files/", "/batches", "/v1/batches"):
        assert httpx.get(f"{hub.url}{path}", headers=bearer(key)).json()["object"] == "list"
        assert httpx.get(f"{hub.url}{path}").status_code == 401
    wrong = httpx.put(f"{hub.url}/v1/files", headers=bearer(key))
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    for path in ("/v1/files/file-xyz", f"/v1/batches/batch_{uuid.uuid4().hex}"):
        assert httpx.get(f"{hub.url}{path}", headers=bearer(key)).status_code == 404


# --- Batches --------------------------------------------------------------------------------------


def test_batch_of_fifty_with_three_that_fail(sdk: OpenAI, hub: Hub) -> None:
    bad = {"r7": "no-such-model", "r20": "no-such-model", "r41": "no-such-model"}
    requests = [chat(f"r{n}", f"echo: number {n}", bad.get(f"r{n}", ECHO)) for n in range(50)]
    batch = sdk.batches.create(
        input_file_id=upload(sdk, requests),
        endpoint=CHAT,
        completion_window="24h",
        metadata={"for": "a test"},
    )
    assert batch.status == "validating"
    assert batch.metadata == {"for": "a test"}
    batch = ended(sdk, batch.id)
    assert batch.status == "completed"
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (50, 47, 3)
    assert batch.completed_at >= batch.in_progress_at >= batch.created_at
    output = lines(sdk, batch.output_file_id)
    assert list(output) == [f"r{n}" for n in range(50) if f"r{n}" not in bad]
    response = output["r8"]["response"]
    assert response["status_code"] == 200
    assert response["body"]["choices"][0]["message"]["content"] == "number 8"
    call = uuid.UUID(response["request_id"])
    (record,) = hub.calls(id=call.hex)
    assert (record["source"], record["status"]) == ("batch", "success")
    failed = lines(sdk, batch.error_file_id)
    assert set(failed) == set(bad)
    assert failed["r7"]["response"]["status_code"] == 404
    assert failed["r7"]["response"]["body"]["error"]["code"] == "model_not_found"
    assert failed["r7"]["error"] is None


@pytest.mark.parametrize(
    ("endpoint", "body", "shown"),
    [
        ("/v1/completions", {"prompt": "echo: old form"}, "old form"),
        ("/v1/responses", {"input": "echo: new form"}, "new form"),
        ("/v1/embeddings", {"model": "simulator/sim-embedding", "input": "a"}, "embedding"),
    ],
)
def test_other_endpoints_answer_in_their_own_form(
    sdk: OpenAI, endpoint: str, body: Json, shown: str
) -> None:
    batch_id = begin(sdk, [request("one", {"model": ECHO, **body}, endpoint)], endpoint)
    answer = lines(sdk, ended(sdk, batch_id).output_file_id)["one"]["response"]["body"]
    kinds = {"/v1/completions": "text_completion", "/v1/responses": "response"}
    assert answer["object"] == kinds.get(endpoint, "list")
    assert shown in json.dumps(answer)


def test_wrong_lines_are_named_and_nothing_is_called(sdk: OpenAI, hub: Hub, key: str) -> None:
    before = len(hub.calls(key_prefix=key[:12]))
    content = "\n".join(
        [
            json.dumps(chat("fine")),
            "{not json",
            json.dumps(chat("fine")),
            json.dumps({**chat("get"), "method": "GET"}),
            "",
            json.dumps({**chat("other"), "url": "/v1/embeddings"}),
            json.dumps({"method": "POST", "url": CHAT, "body": {}}),
            "[]",
        ]
    )
    file = sdk.files.create(file=("wrong.jsonl", content.encode()), purpose="batch")
    batch = sdk.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
    batch = ended(sdk, batch.id)
    assert batch.status == "failed"
    assert [(e.line, e.code) for e in batch.errors.data] == [
        (2, "invalid_json_line"),
        (3, "duplicate_custom_id"),
        (4, "invalid_method"),
        (6, "mismatched_url"),
        (7, "invalid_custom_id"),
        (8, "invalid_json_line"),
    ]
    assert batch.output_file_id is None
    assert batch.request_counts.total == 0
    assert len(hub.calls(key_prefix=key[:12])) == before


def test_cancelled_batch_keeps_what_was_answered(sdk: OpenAI, simulator: Simulator) -> None:
    slow = "simulator/sim-swift:ttft=30000,tokens=83"
    batch_id = begin(sdk, [chat("a"), chat("b"), *(chat(f"s{n}", model=slow) for n in range(12))])
    eventually(lambda: sdk.batches.retrieve(batch_id).request_counts.completed == 2, "", SECONDS)
    assert sdk.batches.cancel(batch_id).status in {"cancelling", "cancelled"}
    batch = ended(sdk, batch_id)
    assert batch.status == "cancelled"
    assert set(lines(sdk, batch.output_file_id)) == {"a", "b"}
    left = lines(sdk, batch.error_file_id)
    assert len(left) == 12
    assert {line["error"]["code"] for line in left.values()} == {"batch_cancelled"}
    assert simulator.requests(slow) <= 8
    with pytest.raises(openai.BadRequestError, match="cancelled already"):
        sdk.batches.cancel(batch_id)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"endpoint": "/v1/images"}, "endpoint"),
        ({"completion_window": "soon"}, "completion_window"),
        ({"input_file_id": 5}, "input_file_id"),
        ({"metadata": {"n": 1}}, "metadata"),
        ({"output_expires_after": {"seconds": 5}}, "output_expires_after"),
    ],
)
def test_wrong_batch_is_refused_with_the_field(sdk: OpenAI, change: Json, param: str) -> None:
    right = {
        "input_file_id": upload(sdk, [chat("one")]),
        "endpoint": CHAT,
        "completion_window": "24h",
    }
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.post("/batches", body={**right, **change}, cast_to=object)
    assert refused.value.param == param


def test_list_of_batches_goes_on_after_the_last_one(sdk: OpenAI) -> None:
    made = [begin(sdk, [chat("one")]) for _ in range(3)]
    first = sdk.batches.list(limit=2)
    assert [batch.id for batch in first.data] == [made[2], made[1]]
    assert first.has_more
    assert sdk.batches.list(limit=1, after=made[1]).data[0].id == made[0]
    for batch_id in made:
        ended(sdk, batch_id)


# --- What docs/batches.md says --------------------------------------------------------------------

TEXT = (ROOT / "docs/batches.md").read_text()
SDK_EXAMPLE, SHELL_EXAMPLE = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_example_with_the_sdk_runs(hub: Hub, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    example = SDK_EXAMPLE.replace("http://127.0.0.1:8000", hub.url).replace("hub-…", key)
    names: dict[str, Any] = {}
    exec(example.replace('"fast"', f'"{ECHO}"'), names)
    names["client"].close()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "completed BatchRequestCounts(completed=100, failed=0, total=100)"
    assert printed[1].startswith("river-0 ")


def test_example_from_python_runs(hub: Hub) -> None:
    printed = hub.python(SHELL_EXAMPLE.replace('"fast"', f'"{ECHO}"'))
    assert "total=2" in printed
    assert "the Rhine" in printed


def test_batch_from_python_is_made_by_the_worker(hub: Hub, key: str) -> None:
    code = f"""
import time
from llmhub.api.python import SyncHub
from llmhub.jobs.models import JobItem
with SyncHub(team="Batches") as hub:
    job = hub.submit_batch(["echo: one", "echo: two"], model={ECHO!r}, cache="off")
    ends = time.monotonic() + 60
    while not hub.job(job).has_ended and time.monotonic() < ends:
        time.sleep(0.2)
    print(hub.job(job).status)
for item in JobItem.objects.filter(job=job):
    print(item.result["choices"][0]["message"]["content"])
"""
    assert hub.python(code).split() == ["done", "one", "two"]
