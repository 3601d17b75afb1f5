"""What the OpenAPI schema says of the wires: all of them, and true of what they answer."""

import json
import re
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis

from llmhub.api.management.wire_docs import operations, shapes
from llmhub.api.wires import routes
from llmhub.api.wires.openai import resources
from tests.support.hub import Hub, bearer
from tests.support.process import ROOT

COMMITTED = ROOT / "docs/openapi.json"
SCHEMA = json.loads(COMMITTED.read_text())
EXAMPLES = [operation for operation in operations.OPERATIONS if operation.example]
BY_NAME = pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.name)


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Wire schema")


def check(value: Any, name: str) -> None:
    """Raise ValidationError unless a value has this shape of the schema."""
    whole = {"$ref": f"#/components/schemas/{name}", "components": SCHEMA["components"]}
    jsonschema.validate(value, whole, cls=jsonschema.Draft202012Validator)


def test_schema_is_openapi() -> None:
    schemathesis.openapi.from_path(COMMITTED).validate()


def test_every_route_of_the_wires_is_told_and_no_other() -> None:
    routed = {(f"/v1{path}", "POST") for path in routes.PATHS if f"/v1{path}" in routes.POSTS}
    routed |= {
        (f"/v1{pattern}", method)
        for pattern, methods in resources.RESOURCES.items()
        for method in methods
    }
    routed |= {("/v1/models", "GET"), ("/v1/models/*", "GET"), ("/chat/completions", "POST")}
    told = {
        (re.sub(r"{\w+}", "*", path), method.upper())
        for path, methods in SCHEMA["paths"].items()
        for method, operation in methods.items()
        if operation["tags"] == [operations.TAG]
    }
    assert told == routed


def test_shapes_of_wires_and_management_don_t_meet() -> None:
    managed = json.dumps([v for k, v in SCHEMA["paths"].items() if k.startswith("/api/v1")])
    names = set(re.findall(r"schemas/(\w+)", managed))
    assert not names & shapes.SCHEMAS.keys()


@BY_NAME
def test_example_is_answered_as_the_schema_says(
    hub: Hub, key: str, operation: operations.Operation
) -> None:
    check(operation.example, operation.takes)
    url = f"{hub.url}{operation.path}"
    answer = httpx.post(url, headers=bearer(key), json=operation.example, timeout=30)
    assert answer.status_code == 200, answer.text
    check(answer.json(), operation.answers)
    told = SCHEMA["paths"][operation.path]["post"]["responses"]["200"].get("headers", {})
    limited = {name for name in told if name.startswith("x-ratelimit")}
    assert told.keys() - limited <= answer.headers.keys()


@BY_NAME
def test_refusal_is_as_the_schema_says(hub: Hub, key: str, operation: operations.Operation) -> None:
    url = f"{hub.url}{operation.path}"
    for headers, body in (({}, operation.example), (bearer(key), [])):
        answer = httpx.post(url, headers=headers, json=body, timeout=30)
        assert answer.status_code in (400, 401)
        check(answer.json(), operation.error)


def test_files_batches_and_models_are_as_the_schema_says(hub: Hub, key: str) -> None:
    client = httpx.Client(base_url=f"{hub.url}/v1", headers=bearer(key), timeout=30)
    file = client.post("/files", files={"file": ("x.jsonl", b"{}")}, data={"purpose": "batch"})
    check(file.json(), "File")
    check(client.get("/files").json(), "FileList")
    asked = {
        "input_file_id": file.json()["id"],
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    check(asked, "BatchRequest")
    batch = client.post("/batches", json=asked)
    check(batch.json(), "Batch")
    check(client.get("/batches").json(), "BatchList")
    check(client.post(f"/batches/{batch.json()['id']}/cancel").json(), "Batch")
    check(client.get("/models").json(), "ModelEntries")
    check(client.get("/models/sim-swift").json(), "ModelEntry")
    response = client.post("/responses", json={"model": "sim-swift", "input": "Hello"}).json()
    check(client.get(f"/responses/{response['id']}/input_items").json(), "ResponseInputItems")
    check(client.delete(f"/responses/{response['id']}").json(), "Deleted")
    check(client.delete(f"/files/{file.json()['id']}").json(), "Deleted")
    check(client.get("/files/file-1").json(), "OpenAIError")
    client.close()
