"""Which model a name leads to: a credential's first, then a model map's, never by guessing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

UPSTREAM = "sim-instant:tokens=33,jitter=0.33"
FORGET = """
from providers.models import Credential, ModelMap
ModelMap.objects.filter(name="named/fast").delete()
Credential.objects.filter(name__in=("groq_proxy", "named_eu")).delete()
"""


@pytest.fixture(scope="module")
def key(hub: Hub, simulator: Simulator) -> Iterator[str]:
    there = f'base_url = "{simulator.base_url}"\napi_key = "sk-simulated"'
    hub.import_config(
        f"""
        [providers.groq_proxy]
        kind = "groq"
        {there}
        [providers.named_eu]
        kind = "together"
        {there}
        [models."named/fast"]
        deployments = [{{ provider = "named_eu", model = "{UPSTREAM}" }}]
        """
    )
    key = hub.create_key("Names")
    eventually(lambda: hub.chat(key, "named/fast").status_code == 200, "the names")
    yield key
    hub.python(FORGET)  # pages show models that are not simulated first
    eventually(lambda: "named/fast" not in hub.models(key).text, "the names to be gone")


def reached(hub: Hub, answer: httpx.Response) -> tuple[Any, Any]:
    """The credential and the deployment that a call went to."""
    assert answer.status_code == 200, answer.text
    (row,) = hub.calls(id=answer.headers["x-request-id"].replace("-", ""))
    return row["credential"], row["deployment"]


def test_credential_is_named_before_the_slash(hub: Hub, key: str, simulator: Simulator) -> None:
    found = reached(hub, hub.chat(key, f"groq_proxy/{UPSTREAM}"))
    assert found == ("groq_proxy", f"groq_proxy/{UPSTREAM}")
    sent = httpx.get(f"{simulator.url}/_sim/last", params={"model": UPSTREAM}).json()
    assert sent["body"]["model"] == UPSTREAM, "the upstream's own name, without any prefix"


def test_kind_leads_to_its_credentials(hub: Hub, key: str) -> None:
    assert reached(hub, hub.chat(key, f"together/{UPSTREAM}"))[0] == "named_eu"


def test_credential_with_the_name_of_another_kind_answers_for_that_name_only(
    hub: Hub, key: str
) -> None:
    answer = hub.chat(key, f"groq/{UPSTREAM}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_model_map_may_have_a_slash_in_its_name(hub: Hub, key: str) -> None:
    assert reached(hub, hub.chat(key, "named/fast"))[0] == "named_eu"


def test_no_name_is_tried_with_a_prefix_that_was_not_given(hub: Hub, key: str) -> None:
    for name in (UPSTREAM, "named_eu/", "/fast", f"named_eu/named_eu/{UPSTREAM}"):
        assert hub.chat(key, name).status_code == 404, name


def test_call_without_a_model_goes_to_the_default(hub: Hub, key: str) -> None:
    body = {"messages": [{"role": "user", "content": "echo: hi"}]}
    answer = httpx.post(f"{hub.url}/v1/chat/completions", headers=bearer(key), json=body)
    (default,) = hub.query("select name from providers_modelmap where is_default = %s", True)
    assert answer.headers["x-llmhub-model"] == default["name"]
