"""POST /v1/chat/completions from outside: official SDK, bad input, bad upstreams."""

import asyncio
import json
import re
from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

UPSTREAM_FAULTS = {
    "401": (502, "provider_authentication"),
    "403": (502, "provider_authentication"),
    "404": (404, "model_not_found"),
    "400": (400, "invalid_request"),
    "429": (429, "rate_limit"),
    "500": (502, "provider_error"),
    "context": (400, "context_length_exceeded"),
    "content-policy": (400, "content_policy"),
    "nonsense": (502, "provider_error"),
    "refuse": (502, "network"),
}


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    hub.import_config(
        """
        [providers.brittle]
        kind = "simulator"
        max_retries = 0
        [providers.impatient]
        kind = "simulator"
        max_retries = 0
        timeout_seconds = 0.5
        [providers.nowhere]
        kind = "openai_compatible"
        base_url = "http://127.0.0.1:9"
        max_retries = 0
        """
    )
    key = hub.create_key("Wire")
    eventually(lambda: "brittle" not in hub.chat(key, "brittle/sim-instant").text, "the provider")
    return key


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def record_of(hub: Hub, request_id: str) -> dict[str, object]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def test_official_sdk_completes(hub: Hub, client: openai.OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(
        model="sim-swift", messages=[{"role": "user", "content": "echo: hello there"}]
    )
    completion = answer.parse()
    assert completion.choices[0].message.content == "hello there"
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["source"]) == ("success", "api")
    assert row["input_tokens"] == completion.usage.prompt_tokens
    assert row["output_tokens"] == completion.usage.completion_tokens
    assert row["cost"] is not None
    assert float(row["cost"]) > 0


def test_official_sdk_streams_with_usage(hub: Hub, client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="sim-swift",
            messages=[{"role": "user", "content": "echo: one two three four"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "one two three four"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


def test_stream_ends_with_done_and_keeps_back_usage_nobody_asked_for(hub: Hub, key: str) -> None:
    body = hub.chat(key, "sim-swift", "echo: hi", stream=True).text
    events = [line.removeprefix("data: ") for line in body.splitlines() if line]
    assert events[-1] == "[DONE]"
    assert all(json.loads(event)["choices"] for event in events[:-1])


def test_record_is_written_before_the_stream_ends(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "sim-swift", "echo: hi", stream=True)
    row = record_of(hub, answer.headers["x-request-id"])
    assert row["status"] == "success"
    assert row["time_to_first_token_ms"] > 0
    assert row["latency_ms"] >= row["time_to_first_token_ms"]


def test_headers_tell_about_the_call(hub: Hub, key: str) -> None:
    headers = hub.chat(key, "sim-swift").headers
    assert headers["x-llmhub-provider"] == "simulator"
    assert headers["x-llmhub-model"] == "sim-swift"
    assert headers["x-llmhub-attempts"] == "1"
    assert headers["x-llmhub-cache"] == "off"


@pytest.mark.parametrize("stream", [False, True])
def test_cost_comes_in_the_usage_when_asked_for(hub: Hub, key: str, stream: bool) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions",
        headers=bearer(key) | {"x-llmhub-include-cost": "true"},
        json={
            "model": "sim-swift",
            "stream": stream,
            "messages": [{"role": "user", "content": "echo: hi"}],
        },
    )
    last = answer.text.strip().splitlines()[-3] if stream else answer.text
    usage = json.loads(last.removeprefix("data: "))["usage"]
    row = record_of(hub, answer.headers["x-request-id"])
    assert usage["cost"] == pytest.approx(float(row["cost"]))


def test_key_may_come_as_x_api_key_and_path_without_version(hub: Hub, key: str) -> None:
    answer = httpx.post(
        f"{hub.url}/chat/completions",
        headers={"x-api-key": key},
        json={"model": "sim-swift", "messages": [{"role": "user", "content": "echo: hi"}]},
    )
    assert answer.json()["choices"][0]["message"]["content"] == "hi"


def test_unknown_fields_reach_the_upstream(hub: Hub, simulator: Simulator, key: str) -> None:
    hub.chat(key, "simulator/sim-swift:jitter=0.01", made_up_option={"deep": [1]})
    last = httpx.get(f"{simulator.url}/_sim/last").json()
    assert last["body"]["made_up_option"] == {"deep": [1]}
    assert last["body"]["model"] == "sim-swift:jitter=0.01"


def test_models_are_listed_for_the_sdk(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"sim-swift", "sim-sage", "sim-thinker"} <= set(names)
    assert client.models.retrieve("sim-swift").id == "sim-swift"


# --- Who may call ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "No API key was sent"),
        ({"Authorization": "Bearer hub-wrong"}, "not known here"),
        ({"Authorization": "Bearer sk-1234567890"}, "begin with hub-"),
        ({"Authorization": "Basic dXNlcjpwdw=="}, "No API key was sent"),
        ({"x-api-key": "hub-\xff\xfe"}, "not known here"),
    ],
)
def test_bad_key_is_refused_in_openais_shape(hub: Hub, headers: dict[str, str], says: str) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = httpx.post(f"{hub.url}/v1/chat/completions", headers=raw, json={})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["type"] == "authentication_error"
    assert says in error["message"]


def test_expired_key_is_refused(hub: Hub) -> None:
    expired = hub.create_key("Wire", name="old")
    hub.python(
        "import datetime; from llmhub.teams.models import VirtualKey; "
        "key = VirtualKey.objects.get(name='old'); "
        "key.expires_at = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC); key.save()"
    )
    eventually(lambda: "expired" in hub.chat(expired, "sim-swift").text, "an expired key")
    assert hub.chat(expired, "sim-swift").status_code == 401


def test_revoked_key_is_refused_at_the_next_call(hub: Hub) -> None:
    key = hub.create_key("Wire", name="soon revoked")
    assert hub.chat(key, "sim-swift", "echo: hi").status_code == 200
    hub.python(
        "from llmhub.teams.models import VirtualKey; from llmhub.teams.keys import revoke_key; "
        "revoke_key(VirtualKey.objects.get(name='soon revoked'))"
    )
    eventually(lambda: hub.chat(key, "sim-swift").status_code == 401, "a refused key", 5)
    assert "revoked" in hub.chat(key, "sim-swift").json()["error"]["message"]


def test_key_with_a_list_of_models_may_use_no_other(hub: Hub) -> None:
    key = hub.create_key("Wire", name="narrow", models=["sim-swift"])
    assert hub.chat(key, "sim-swift", "echo: hi").status_code == 200
    refused = hub.chat(key, "sim-sage")
    assert refused.status_code == 403
    assert "sim-swift" in refused.json()["error"]["message"]
    assert [m["id"] for m in hub.models(key).json()["data"]] == ["sim-swift"]


# --- Bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": "yes"}, "stream"),
        ({"messages": [{"role": "user", "content": "x"}], "temperature": 9}, "temperature"),
        ({"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "user", "content": "x"}], "model": 7}, "model"),
        ({"messages": [{"role": "user", "content": "x"}] * 10_001}, "messages"),
    ],
)
def test_wrong_value_is_named(hub: Hub, key: str, body: object, param: str) -> None:
    answer = httpx.post(f"{hub.url}/v1/chat/completions", headers=bearer(key), json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_malformed_json_says_where(hub: Hub, key: str) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions", headers=bearer(key), content=b'{"model": "x",\n oops}'
    )
    assert answer.status_code == 400
    assert "line 2" in answer.json()["error"]["message"]


def test_deeply_nested_json_is_refused_without_harm(hub: Hub, key: str) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions", headers=bearer(key), content=b'{"messages":' + b"[" * 9999
    )
    assert answer.status_code == 400


def test_body_over_the_limit_is_refused_before_it_is_read(hub: Hub, key: str) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions", headers=bearer(key), content=b" " * 50_000_000
    )
    assert answer.status_code == 413
    assert "20 MB" in answer.json()["error"]["message"]


def test_unknown_model_names_near_ones_and_is_recorded(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "sim-swfit")
    assert answer.status_code == 404
    assert "sim-swift" in answer.json()["error"]["message"]
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"]) == ("error", "model_not_found")


def test_wrong_method_and_unknown_path_are_told_in_json(hub: Hub, key: str) -> None:
    wrong = httpx.get(f"{hub.url}/v1/chat/completions", headers=bearer(key))
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    unknown = httpx.post(f"{hub.url}/v1/nothing", headers=bearer(key))
    assert unknown.status_code == 404
    assert "error" in unknown.json()


# --- Upstreams that fail -------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", UPSTREAM_FAULTS)
def test_failing_upstream_is_a_real_status_and_a_record(
    hub: Hub, key: str, fault: str, stream: bool
) -> None:
    answer = hub.chat(key, f"brittle/sim-swift:fault={fault},ttft=0", stream=stream)
    status, error_type = UPSTREAM_FAULTS[fault]
    assert answer.status_code == status
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"]) == ("error", error_type)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("stream", [False, True])
def test_slow_upstream_is_a_timeout(hub: Hub, key: str, stream: bool) -> None:
    answer = hub.chat(key, "impatient/sim-swift:ttft=3000", stream=stream)
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "timeout"


def test_refused_connection_says_what_to_check(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "nowhere/model")
    assert answer.status_code == 502
    assert "Nothing answers at http://127.0.0.1:9" in answer.json()["error"]["message"]


@pytest.mark.parametrize("fault", ["cut", "cut-clean", "malformed", "error-event"])
def test_stream_cut_in_the_middle_ends_with_an_error_and_no_done(
    hub: Hub, key: str, fault: str
) -> None:
    answer = hub.chat(key, f"brittle/sim-swift:fault={fault},ttft=0", stream=True)
    assert answer.status_code == 200
    assert "[DONE]" not in answer.text
    assert "error" in json.loads(answer.text.strip().splitlines()[-1].removeprefix("data: "))
    row = record_of(hub, answer.headers["x-request-id"])
    assert row["status"] == "interrupted"
    assert row["output_tokens"] > 0


def test_sdk_raises_when_the_stream_is_cut(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="middle"):
        list(
            client.chat.completions.create(
                model="brittle/sim-swift:fault=cut,ttft=0",
                messages=[{"role": "user", "content": "hi"}],
                stream=True,
            )
        )


@pytest.mark.parametrize("fault", ["split-utf8", "one-chunk", "byte-by-byte", "usage-first"])
def test_odd_but_valid_streams_come_through_whole(hub: Hub, key: str, fault: str) -> None:
    model = f"brittle/sim-swift:fault={fault},ttft=0,tps=0"
    answer = hub.chat(key, model, "echo: häß ☃ 中文 done", stream=True)
    chunks = [json.loads(e[6:]) for e in answer.text.split("\n\n") if e.startswith("data: {")]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text.endswith("häß ☃ 中文 done")
    assert answer.text.endswith("data: [DONE]\n\n")


def test_missing_usage_is_estimated_and_said_so(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "brittle/sim-swift:fault=usage-missing,ttft=0", stream=True)
    row = record_of(hub, answer.headers["x-request-id"])
    assert row["output_tokens"] > 0
    assert "estimated" in str(row["notes"])


def test_no_error_shows_a_secret(hub: Hub) -> None:
    hub.import_config(
        """
        [providers.leaky]
        kind = "openai_compatible"
        base_url = "http://127.0.0.1:9/v1"
        api_key = "sk-very-secret-0123456789"
        max_retries = 0
        """
    )
    key = hub.create_key("Wire", name="leak test")
    eventually(lambda: hub.chat(key, "leaky/x").status_code == 502, "the new provider")
    answer = hub.chat(key, "leaky/x")
    assert "very-secret" not in answer.text
    assert "very-secret" not in hub.log


# --- The caller goes away ------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_caller_gone_cancels_the_upstream_and_is_recorded(
    hub: Hub, simulator: Simulator, key: str, stream: bool
) -> None:
    model = f"sim-swift:ttft=50,tps=20,tokens={400 + stream}"
    body = json.dumps(
        {
            "model": f"simulator/{model}",
            "stream": stream,
            "messages": [{"role": "user", "content": "long"}],
        }
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    if stream:
        await reader.readuntil(b'"content"')
    else:
        await asyncio.to_thread(
            httpx.get, f"{simulator.url}/_sim/stats?until=in_flight:1&model={model}"
        )
    writer.close()
    await writer.wait_closed()
    stats = await asyncio.to_thread(
        httpx.get, f"{simulator.url}/_sim/stats?until=cancelled:1&model={model}", timeout=10
    )
    assert stats.status_code == 200, "the upstream was left running"

    def recorded() -> bool:
        return any(c["status"] == "cancelled" for c in hub.calls(model=f"simulator/{model}"))

    eventually(recorded, "a record of the cancelled call")


def test_request_ids_sort_by_time(hub: Hub, key: str) -> None:
    ids = [hub.chat(key, "sim-swift", "echo: x").headers["x-request-id"] for _ in range(3)]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7.*", i) for i in ids)
