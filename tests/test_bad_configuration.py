"""What is wrong with the engine's configuration: told where it is entered, or at the call."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from providers.models import Credential, ModelMap
from providers.parameter_rules import parameters_problem
from tests.support.hub import Hub, bearer
from tests.support.provider_admin import (
    CREDENTIALS,
    KEY,
    MODELS,
    credential_form,
    errors,
    model_form,
    stored,
)
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

NO_SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}
NAMELESS_TOOL = [{"type": "function", "function": {"description": "does something"}}]

# --- Where it is entered --------------------------------------------------------------------------

PARAMETERS = [
    ({"temperature": 9}, "temperature must be a number from 0 to 2, not 9"),
    ({"max_tokens": 0}, "max_tokens must be a whole number of at least 1"),
    ({"model": "gpt-4o"}, "model is for each call to say"),
    ({"tools": NAMELESS_TOOL}, "tools[0].function.name is missing"),
    ({"response_format": NO_SCHEMA}, "response_format.json_schema.schema is no JSON schema"),
    ({"response_format": "json"}, "response_format must be an object"),
    ([1], "Give an object of parameters"),
]


@pytest.mark.parametrize(("parameters", "what"), PARAMETERS)
def test_wrong_default_parameter_is_named(parameters: Any, what: str) -> None:
    assert what in parameters_problem(parameters)


def test_good_default_parameters_are_taken() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    good = {
        "temperature": 0.2,
        "seed": 0,
        "reasoning_effort": "low",
        "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "web_search"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    }
    assert parameters_problem(good) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(("parameters", "what"), PARAMETERS)
def test_admin_refuses_wrong_default_parameters(
    admin_client: Client, parameters: Any, what: str
) -> None:
    form = model_form(default_parameters=json.dumps(parameters))
    (said,) = errors(admin_client.post(f"{MODELS}add/", form))["default_parameters"]
    assert what in said or "object" in said
    assert not ModelMap.objects.exists()


def refusal(directory: Path, tables: dict[str, Any]) -> str:
    """What import_config says of a file with these tables, which it must refuse."""
    file = directory / "config.json"
    file.write_text(json.dumps(tables))
    with pytest.raises(CommandError) as caught:
        call_command("import_config", file)
    assert not ModelMap.objects.exists()
    return str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize(("parameters", "what"), PARAMETERS)
def test_file_with_wrong_default_parameters_is_refused(
    tmp_path: Path, parameters: Any, what: str
) -> None:
    fast = {"deployments": [], "default_parameters": parameters}
    said = refusal(tmp_path, {"models": {"fast": fast}})
    assert "models.fast.default_parameters: " in said
    assert what in said or "must be a table" in said


PRICES = ("input_cost_per_1m", "output_cost_per_1m", "cached_input_cost_per_1m")


@pytest.mark.django_db
@pytest.mark.parametrize("price", PRICES)
def test_no_price_is_below_zero(admin_client: Client, tmp_path: Path, price: str) -> None:
    row = {"credential": stored().pk, "upstream_model": "gpt-4o", price: "-0.01"}
    assert price in errors(admin_client.post(f"{MODELS}add/", model_form(row)))
    deployment = {"provider": "mine", "model": "gpt-4o", price: -0.01}
    said = refusal(tmp_path, {"models": {"fast": {"deployments": [deployment]}}})
    assert f"models.fast.deployments[0].{price}: must be a number of US dollars, 0 or more" in said


@pytest.mark.django_db
def test_litellm_file_is_held_to_the_same(tmp_path: Path) -> None:
    stored()
    parameters = {"model": "openai/gpt-4o", "api_key": KEY, "input_cost_per_token": -1e-6}
    one = {"model_name": "a", "litellm_params": parameters}
    said = refusal(tmp_path, {"model_list": [one]})
    assert "model_list[0].litellm_params.input_cost_per_token: must be" in said
    two = {"model_name": "b", "litellm_params": {"model": "openai/gpt-4o", "api_key": KEY}}
    circle = {"fallbacks": [{"a": ["b"]}, {"b": ["a"]}]}
    del parameters["input_cost_per_token"]
    said = refusal(tmp_path, {"model_list": [one, two], "router_settings": circle})
    assert "a → b → a" in said


@pytest.mark.django_db
def test_deployment_in_a_file_must_name_its_credential(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"models": {"fast": {"deployments": [{"model": "gpt-4o"}]}}})
    assert "models.fast.deployments[0].provider: is missing" in said


@pytest.mark.django_db
@pytest.mark.parametrize("credential", ["", "999999"])
def test_admin_refuses_a_deployment_without_a_credential(
    admin_client: Client, credential: str
) -> None:
    stored()
    row = {"credential": credential, "upstream_model": "gpt-4o"}
    assert "credential" in errors(admin_client.post(f"{MODELS}add/", model_form(row)))


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["http://ollama:11434/v1", "http://gpu-box", "https://a.b/v1/"])
def test_hosts_without_a_dot_are_addresses(admin_client: Client, host: str) -> None:
    answer = admin_client.post(f"{CREDENTIALS}add/", credential_form(base_url=host))
    assert answer.status_code == 302
    row = Credential.objects.get()
    assert row.base_url == host.rstrip("/")
    row.full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["ollama:11434", "ftp://a.b", "http://a b", "http://u:p@a.b/v1"])
def test_what_is_no_address_is_refused(admin_client: Client, host: str) -> None:
    answer = admin_client.post(f"{CREDENTIALS}add/", credential_form(base_url=host))
    assert "base_url" in errors(answer)


# --- At the call ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    hub.import_config(
        """
        [providers.bad_off]
        kind = "simulator"
        enabled = false
        [providers.bad_on]
        kind = "simulator"
        max_retries = 0
        [models.bad-off]
        deployments = [{ provider = "bad_off", model = "sim-instant" }]
        [models.bad-empty]
        deployments = []
        [models.bad-switched-off]
        deployments = [{ provider = "bad_on", model = "sim-instant", enabled = false }]
        [models.bad-ill]
        deployments = [{ provider = "bad_on", model = "sim-fault-503" }]
        [models.bad-but-fallback]
        strategy = "round_robin"
        deployments = [{ provider = "bad_off", model = "sim-instant" }]
        fallbacks = ["bad-empty", "bad_on/sim-instant"]
        [models.bad-fallback-too]
        deployments = []
        fallbacks = ["bad-empty", "bad-off"]
        [models.with-defaults]
        default_parameters = { temperature = 0.3, max_tokens = 7, user = "default" }
        deployments = [{ provider = "bad_on", model = "sim-instant:jitter=0.77" }]
        """
    )
    key = hub.create_key("Bad")
    eventually(lambda: hub.chat(key, "with-defaults").status_code == 200, "the models")
    return key


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("bad-off", "The model bad-off has no deployment that is switched on"),
        ("bad-empty", "The model bad-empty has no deployment that is switched on"),
        ("bad-switched-off", "no deployment that is switched on"),
        ("bad-fallback-too", "The model bad-fallback-too has no deployment"),
        ("bad_off/sim-instant", "The credential bad_off is switched off"),
    ],
)
def test_model_that_nothing_answers_for_says_why(
    hub: Hub, key: str, model: str, says: str, stream: bool
) -> None:
    answer = hub.chat(key, model, stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "configuration")
    assert says in answer.json()["error"]["message"]
    assert "An admin can" in answer.json()["error"]["message"]
    assert answer.headers["x-llmhub-attempts"] == "0"


def test_model_without_a_healthy_deployment_tells_of_the_upstream(hub: Hub, key: str) -> None:
    for _ in range(5):  # from the fourth call on the only deployment rests
        answer = hub.chat(key, "bad-ill")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_error")
        assert "503" in answer.json()["error"]["message"]


def test_model_without_deployments_is_answered_by_its_fallback(hub: Hub, key: str) -> None:
    assert hub.chat(key, "bad-but-fallback").status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"response_format": NO_SCHEMA}, "response_format.json_schema.schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "schema"),
        ({"tools": NAMELESS_TOOL}, "tools[0].function.name"),
        ({"functions": [{"parameters": {}}]}, "functions[0].name"),
    ],
)
def test_schemas_and_tools_are_looked_at_before_the_upstream_is(
    hub: Hub, key: str, body: dict[str, Any], param: str
) -> None:
    answer = hub.chat(key, "bad_on/sim-instant", **body)
    assert answer.status_code == 400
    assert param in answer.json()["error"]["param"]


NO_TYPE = {"type": "objekt"}
USER = [{"role": "user", "content": "Hello"}]
OTHER_WIRES = [
    ("messages", {"messages": USER, "tools": [{"input_schema": {}}]}, "tools.0.name"),
    (
        "messages",
        {
            "messages": USER,
            "output_config": {"format": {"type": "json_schema", "schema": NO_TYPE}},
        },
        "output_config.format.schema",
    ),
    ("responses", {"input": "Hello", "tools": [{"type": "function"}]}, "tools[0].name"),
    (
        "responses",
        {
            "input": "Hello",
            "text": {"format": {"type": "json_schema", "name": "x", "schema": NO_TYPE}},
        },
        "text.format.schema",
    ),
]


@pytest.mark.parametrize(("path", "body", "field"), OTHER_WIRES)
def test_other_wires_look_at_them_too(
    hub: Hub, key: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/{path}",
        headers=bearer(key),
        json={"model": "bad_on/sim-instant", "max_tokens": 9, **body},
    )
    assert answer.status_code == 400
    assert field in answer.text


def test_python_and_the_shell_look_at_them_too(hub: Hub, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(NO_TYPE))
    with pytest.raises(AssertionError, match="is no JSON schema"):
        hub.manage("ask", "Hello", "--model", "sim-instant", "--json-schema", str(schema))
    said = hub.python(
        "from llmhub.api.python import SyncHub\n"
        "from llmhub.core.errors import ValidationError\n"
        "with SyncHub() as hub:\n"
        "    try:\n"
        f"        hub.chat_with_tools('Hello', {NAMELESS_TOOL!r}, model='sim-instant')\n"
        "    except ValidationError as error:\n"
        "        print(error.param)\n"
    )
    assert said.strip() == "tools[0].function.name"


def test_default_parameters_are_sent_where_the_caller_says_nothing_else(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    def sent(**body: Any) -> dict[str, Any]:
        assert hub.chat(key, "with-defaults", **body).status_code == 200
        last = httpx.get(
            f"{simulator.url}/_sim/last", params={"model": "sim-instant:jitter=0.77"}
        ).json()
        names = ("temperature", "max_tokens", "max_completion_tokens", "user")
        return {name: last["body"][name] for name in names if name in last["body"]}

    assert sent() == {"temperature": 0.3, "max_tokens": 7, "user": "default"}
    assert sent(temperature=1, user="me") == {"temperature": 1, "max_tokens": 7, "user": "me"}
    assert sent(max_completion_tokens=9)["max_completion_tokens"] == 9
    assert "max_tokens" not in sent(max_completion_tokens=9)
    assert httpx.get(f"{hub.url}/v1/models", headers=bearer(key)).status_code == 200
