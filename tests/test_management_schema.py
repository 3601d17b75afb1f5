"""The management API's schema: committed as it is, and true of whatever is sent."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from llmhub.management.commands import openapi
from tests.support.hub import ADMIN_EMAIL, Hub, bearer
from tests.support.process import ROOT

COMMITTED = ROOT / "docs/openapi.json"
CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
    openapi_checks.ignored_auth,
)
schema = schemathesis.openapi.from_path(COMMITTED).include(path_regex="^/api/v1/")
schema.config.phases.coverage.enabled = False  # hundreds of requests that the examples hold too


def test_committed_schema_is_that_of_the_code() -> None:
    assert COMMITTED.read_text() == openapi.schema_text(), "run `manage.py openapi`"


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    for path, operations in json.loads(COMMITTED.read_text())["paths"].items():
        for verb, operation in operations.items():
            assert operation["summary"], (verb, path)
            assert "default" in operation["responses"], (verb, path)
            assert operation["security"], (verb, path)


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of this module's own: what is sent to it makes, changes and revokes at random."""
    running = Hub(tmp_path_factory.mktemp("schema"))
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def token(own_hub: Hub) -> str:
    return own_hub.manage("create_token", "--user", ADMIN_EMAIL).strip()


@pytest.mark.live
def test_schema_is_served(own_hub: Hub) -> None:
    answer = httpx.get(f"{own_hub.url}/api/v1/openapi.json", timeout=20)
    assert answer.json() == json.loads(COMMITTED.read_text())


@pytest.mark.live
@schema.parametrize()
@settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_the_answer_is_as_the_schema_says(
    case: Any, own_hub: Hub, token: str
) -> None:
    case.call_and_validate(base_url=own_hub.url, headers=bearer(token), checks=CHECKS, timeout=20)
