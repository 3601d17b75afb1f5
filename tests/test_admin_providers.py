"""The admin of credentials and model maps, used as a person does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from llmhub.core.models import AuditEntry
from providers.form_fields import MASK
from providers.models import Credential, Deployment, ModelMap
from tests.support.provider_api import Answer, ProviderApi, provider_api

pytestmark = pytest.mark.django_db

KEY = "sk-live-0123456789abcdef"
CREDENTIALS = "/admin/providers/credential/"
MODELS = "/admin/providers/modelmap/"


@pytest.fixture
def api() -> Iterator[ProviderApi]:
    with provider_api() as running:
        yield running


def credential_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "mine",
        "kind": "openai",
        "enabled": "on",
        "api_key": KEY,
        "base_url": "",
        "organization": "",
        "extra_headers": "",
        "options": "",
        "timeout_seconds": "60",
        "max_retries": "2",
        "max_concurrent_requests": "",
    } | values


def model_form(*deployments: dict[str, Any], **values: Any) -> dict[str, Any]:
    form = {
        "name": "fast",
        "description": "",
        "strategy": "priority",
        "enabled": "on",
        "fallbacks": "",
        "context_fallbacks": "",
        "content_policy_fallbacks": "",
        "default_parameters": "",
        "deployments-TOTAL_FORMS": len(deployments),
        "deployments-INITIAL_FORMS": sum("id" in row for row in deployments),
    }
    for position, row in enumerate(deployments):
        usual = {"enabled": "on", "priority": 1, "weight": 1}
        form |= {f"deployments-{position}-{name}": v for name, v in (usual | row).items()}
    return form | values


def stored(**values: Any) -> Credential:
    usual = {"name": "mine", "kind": "openai", "api_key": KEY}
    return Credential.objects.create(**usual | values)


def page_of(row: Credential | ModelMap) -> str:
    return reverse(f"admin:providers_{row._meta.model_name}_change", args=[row.pk])


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors(response: Any) -> dict[str, list[str]]:
    """Field → what is wrong with it, of the form on a page that came back."""
    assert response.status_code == 200
    found: dict[str, list[str]] = dict(response.context["adminform"].form.errors)
    for formset in response.context["inline_admin_formsets"]:
        for row in formset.formset.errors:
            found |= row
    return found


def trail(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")


# --- keys go in and never come out ----------------------------------------------------------------


def test_a_saved_key_shows_its_last_four_and_nothing_more(admin_client: Client) -> None:
    admin_client.post(f"{CREDENTIALS}add/", credential_form())
    row = Credential.objects.get()
    assert row.api_key == KEY
    for page in (CREDENTIALS, page_of(row), f"{page_of(row)[:-7]}history/", "/admin/"):
        text = admin_client.get(page).content.decode()
        assert KEY not in text
        assert "0123456789" not in text
    assert "••••cdef" in admin_client.get(page_of(row)).content.decode()
    assert row.key_fingerprint in admin_client.get(CREDENTIALS).content.decode()


def test_an_empty_key_field_keeps_the_key(admin_client: Client) -> None:
    row = stored()
    form = credential_form(api_key="", timeout_seconds="5")
    assert admin_client.post(page_of(row), form).status_code == 302
    row.refresh_from_db()
    assert (row.api_key, row.timeout_seconds) == (KEY, 5)
    assert trail("change").changes == {"timeout_seconds": [120.0, 5.0]}
    assert ">null<" not in admin_client.get(f"{CREDENTIALS}add/").content.decode()


def test_a_new_key_replaces_the_old_one(admin_client: Client) -> None:
    row = stored()
    admin_client.post(page_of(row), credential_form(api_key="  Bearer sk-new-9876543210zyxw "))
    row.refresh_from_db()
    assert (row.api_key, row.key_last4) == ("sk-new-9876543210zyxw", "zyxw")


def test_a_key_can_be_forgotten_where_none_is_needed(admin_client: Client) -> None:
    row = stored(kind="ollama")
    form = credential_form(kind="ollama", api_key="", clear_api_key="on")
    assert admin_client.post(page_of(row), form).status_code == 302
    row.refresh_from_db()
    assert (row.api_key, row.key_fingerprint) == ("", "")


def test_a_key_that_is_needed_can_not_be_forgotten(admin_client: Client) -> None:
    row = stored()
    form = credential_form(api_key="", clear_api_key="on")
    found = errors(admin_client.post(page_of(row), form))
    assert found == {"api_key": ["OpenAI needs an API key."]}
    row.refresh_from_db()
    assert row.api_key == KEY


def test_a_refused_form_does_not_repeat_the_key(admin_client: Client) -> None:
    response = admin_client.post(f"{CREDENTIALS}add/", credential_form(timeout_seconds="-1"))
    assert "timeout_seconds" in errors(response)
    assert KEY not in response.content.decode()


def test_header_values_are_hidden_kept_changed_and_removed(admin_client: Client) -> None:
    row = stored(extra_headers={"X-Keep": "one-secret", "X-Old": "two-secret", "X-Set": "three"})
    text = admin_client.get(page_of(row)).content.decode()
    assert "X-Keep" in text
    assert "one-secret" not in text
    typed = json.dumps({"X-Keep": MASK, "X-Set": "four", "X-New": "five"})
    admin_client.post(page_of(row), credential_form(api_key="", extra_headers=typed))
    row.refresh_from_db()
    assert row.extra_headers == {"X-Keep": "one-secret", "X-Set": "four", "X-New": "five"}


def test_who_may_only_look_sees_no_secret_field(client: Client) -> None:
    row = stored(extra_headers={"X-Team": "blue-secret"})
    person = get_user_model().objects.create_user("viewer", password="x", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_credential"))
    client.force_login(person)
    text = client.get(page_of(row)).content.decode()
    assert "••••cdef" in text
    for secret in (KEY, "blue-secret", "0123456789"):
        assert secret not in text
    for address in ("test", "discover"):
        assert client.post(f"{CREDENTIALS}{row.pk}/{address}/").status_code == 403


def test_no_secret_is_in_the_trail(admin_client: Client) -> None:
    headers = json.dumps({"X-Team": "blue-secret"})
    admin_client.post(f"{CREDENTIALS}add/", credential_form(extra_headers=headers))
    row = Credential.objects.get()
    admin_client.post(page_of(row), credential_form(api_key="sk-new-9876543210zyxw"))
    assert trail("create").changes["api_key"] == "changed"
    assert trail("change").changes == {"api_key": "changed", "extra_headers": "changed"}
    written = json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))
    for secret in (KEY, "9876543210", "blue-secret"):
        assert secret not in written


# --- what a credential must be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field", "what"),
    [
        ({"name": "My Key"}, "name", "small letters"),
        ({"name": "taken"}, "name", "already exists"),
        ({"kind": "opnai"}, "kind", "not one of the available choices"),
        ({"api_key": ""}, "api_key", "OpenAI needs an API key"),
        ({"api_key": "sk-two words"}, "api_key", "white space"),
        ({"kind": "vllm"}, "base_url", "vLLM needs a base URL"),
        ({"base_url": "api.openai.com/v1"}, "base_url", "https://host/path"),
        ({"base_url": "ftp://host/v1"}, "base_url", "https://host/path"),
        ({"base_url": "https://me:pw@host/v1"}, "base_url", "user and password"),
        ({"extra_headers": "X-Title: Hub"}, "extra_headers", "valid JSON"),
        ({"extra_headers": '["a"]'}, "extra_headers", "object of header names"),
        ({"extra_headers": '{"Host": "x"}'}, "extra_headers", "set by the hub itself"),
        ({"extra_headers": '{"X-A": "••••••"}'}, "extra_headers", "no stored value"),
        ({"options": '{"client_secret": "x"}'}, "options", "not encrypted"),
        ({"options": '{"idle_timeout_seconds": "5"}'}, "options", "above 0"),
        ({"options": '{"wire": "telegraph"}'}, "options", "wire must be one of"),
        ({"timeout_seconds": "0"}, "timeout_seconds", "greater than or equal"),
    ],
)
def test_a_wrong_credential_is_refused_with_the_field_named(
    admin_client: Client, values: dict[str, str], field: str, what: str
) -> None:
    stored(name="taken")
    found = errors(admin_client.post(f"{CREDENTIALS}add/", credential_form(**values)))
    assert what.lower() in " ".join(found[field]).lower()
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("address", ["http://vllm:8000/v1", "http://[::1]:9000", "https://a.b/c"])
def test_hosts_without_a_dot_are_addresses_too(admin_client: Client, address: str) -> None:
    form = credential_form(kind="openai_compatible", base_url=f"{address}/")
    assert admin_client.post(f"{CREDENTIALS}add/", form).status_code == 302
    assert Credential.objects.get().base_url == address


def test_a_credential_can_be_switched_off_in_the_list(admin_client: Client) -> None:
    row = stored()
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk, "_save": "Save"}
    admin_client.post(CREDENTIALS, form)
    row.refresh_from_db()
    assert not row.enabled
    assert row.api_key == KEY
    assert trail("change").changes == {"enabled": [True, False]}


def test_deleting_is_in_the_trail(admin_client: Client) -> None:
    row = stored()
    admin_client.post(f"{CREDENTIALS}{row.pk}/delete/", {"post": "yes"})
    assert trail("delete").object_label == "mine"
    form = {"action": "delete_selected", "_selected_action": [stored().pk], "post": "yes"}
    admin_client.post(CREDENTIALS, form)
    assert AuditEntry.objects.filter(action="delete").count() == 2


# --- trying it out --------------------------------------------------------------------------------


def test_the_test_button_tells_that_it_works(admin_client: Client, api: ProviderApi) -> None:
    api.lists("a", "b", "c")
    row = stored(base_url=api.base_url)
    response = admin_client.post(f"{CREDENTIALS}{row.pk}/test/")
    assert response["Location"] == page_of(row)
    assert messages_of(response)[0].endswith("lists 3 models.")
    assert trail("test_connection").changes == {"outcome": "ok", "error": ""}
    assert "ok</span>" in admin_client.get(CREDENTIALS).content.decode()


def test_the_test_button_tells_what_to_do_about_a_wrong_key(
    admin_client: Client, api: ProviderApi
) -> None:
    api.answers["/v1/models"] = Answer(401, {"error": {"message": f"bad key {KEY}"}})
    row = stored(base_url=api.base_url)
    [message] = messages_of(admin_client.post(f"{CREDENTIALS}{row.pk}/test/"))
    assert "Copy the key again" in message
    assert KEY not in message
    assert trail("test_connection").changes["error"] == "provider_authentication"


def test_save_and_test_does_both(admin_client: Client, api: ProviderApi) -> None:
    api.lists("a")
    form = credential_form(base_url=api.base_url, _test="Save and test connection")
    response = admin_client.post(f"{CREDENTIALS}add/", form)
    row = Credential.objects.get()
    assert response["Location"] == page_of(row)
    assert any("lists 1 model." in message for message in messages_of(response))


@pytest.mark.parametrize("address", ["test", "discover"])
def test_actions_are_post_only(admin_client: Client, api: ProviderApi, address: str) -> None:
    row = stored(base_url=api.base_url)
    assert admin_client.get(f"{CREDENTIALS}{row.pk}/{address}/").status_code == 405
    assert admin_client.get(f"{CREDENTIALS}map-models/").status_code == 405
    assert api.requests == []


def test_several_credentials_are_tested_from_the_list(
    admin_client: Client, api: ProviderApi
) -> None:
    api.lists("a")
    good, bad = stored(base_url=api.base_url), stored(name="bad", base_url=f"{api.url}/nowhere")
    form = {"action": "test_selected", "_selected_action": [good.pk, bad.pk]}
    said = messages_of(admin_client.post(CREDENTIALS, form))
    assert [text for text in said if "mine works" in text]
    assert [text for text in said if "no list of models" in text]
    assert AuditEntry.objects.filter(action="test_connection").count() == 2


# --- discovering models ---------------------------------------------------------------------------


def test_discovered_models_are_shown_with_what_is_known(
    admin_client: Client, api: ProviderApi
) -> None:
    api.lists("gpt-4o-mini", "gpt-99-imaginary", "gpt-4.1")
    row = stored(base_url=api.base_url)
    mapped = ModelMap.objects.create(name="fast")
    Deployment.objects.create(model_map=mapped, credential=row, upstream_model="gpt-4.1")
    response = admin_client.post(f"{CREDENTIALS}{row.pk}/discover/")
    rows = {one.model: one for one in response.context["sections"][0].rows}
    assert (rows["gpt-4o-mini"].input_price, rows["gpt-4o-mini"].output_price) == ("0.15", "0.60")
    assert rows["gpt-4o-mini"].context == "128,000"
    assert rows["gpt-99-imaginary"].input_price == "unknown"
    assert rows["gpt-4.1"].mapped_as == ["fast"]
    assert "mapped" in response.content.decode()
    assert trail("discover_models").changes == {"models": 3}


def test_ticked_models_become_model_maps_with_deployments(
    admin_client: Client, api: ProviderApi
) -> None:
    row = stored(kind="openrouter", base_url=api.base_url)
    api.answers["/v1/key"] = Answer(body={})
    api.lists(
        "openai/gpt-4o-mini",
        {"id": "acme/nova", "pricing": {"prompt": "0.000001", "completion": "0.000002"}},
        "other/model",
    )
    page = admin_client.post(f"{CREDENTIALS}{row.pk}/discover/")
    rows = {one.model: one for one in page.context["sections"][0].rows}
    assert rows["openai/gpt-4o-mini"].suggested_name == "gpt-4o-mini"
    form: dict[str, Any] = {"choice": []}
    for model in ("openai/gpt-4o-mini", "acme/nova"):
        key = f"{row.pk}-{rows[model].position}"
        form["choice"].append(key.replace("-", ":"))
        form |= {f"model-{key}": model, f"name-{key}": rows[model].suggested_name}
    form |= {f"input-{key}": "1.000000", f"output-{key}": "2.000000"}
    response = admin_client.post(f"{CREDENTIALS}map-models/", form)
    assert messages_of(response) == ["Mapped 2 models: gpt-4o-mini, acme/nova."]
    nova = Deployment.objects.get(model_map__name="acme/nova")
    assert (nova.credential, nova.input_cost_per_1m) == (row, 1)
    assert Deployment.objects.get(model_map__name="gpt-4o-mini").input_cost_per_1m is None
    assert trail("map_model").changes == {"model": "acme/nova", "name": "acme/nova"}


def test_a_name_that_exists_gains_a_deployment(admin_client: Client) -> None:
    first, second = stored(), stored(name="second")
    model_map = ModelMap.objects.create(name="fast")
    Deployment.objects.create(model_map=model_map, credential=first, upstream_model="a")
    key = f"{second.pk}-0"
    form = {"choice": [f"{second.pk}:0"], f"model-{key}": "a", f"name-{key}": "fast"}
    for _ in range(2):
        admin_client.post(f"{CREDENTIALS}map-models/", form)
    assert [str(row) for row in model_map.deployments.all()] == ["mine/a", "second/a"]


def test_a_name_that_can_not_be_is_told_and_the_others_are_made(admin_client: Client) -> None:
    row = stored()
    form = {"choice": [f"{row.pk}:0", f"{row.pk}:1"]}
    for position, name in enumerate(("openai/x", "good")):
        form |= {f"model-{row.pk}-{position}": "m", f"name-{row.pk}-{position}": name}
    said = messages_of(admin_client.post(f"{CREDENTIALS}map-models/", form))
    assert any("never be reached" in text for text in said)
    assert any("Mapped 1 model: good." in text for text in said)


def test_a_failed_discovery_leads_back_with_the_reason(
    admin_client: Client, api: ProviderApi
) -> None:
    api.answers["/v1/models"] = Answer(500, {"error": {"message": "on fire"}})
    row = stored(base_url=api.base_url)
    response = admin_client.post(f"{CREDENTIALS}{row.pk}/discover/")
    assert response["Location"] == page_of(row)
    assert "on fire" in messages_of(response)[0]


def test_mapping_takes_the_permission_to_add_model_maps(client: Client, api: ProviderApi) -> None:
    api.lists("a")
    row = stored(base_url=api.base_url)
    person = get_user_model().objects.create_user("keeper", password="x", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="change_credential"))
    client.force_login(person)
    form = {"choice": [f"{row.pk}:0"], f"model-{row.pk}-0": "a", f"name-{row.pk}-0": "a"}
    assert client.post(f"{CREDENTIALS}{row.pk}/discover/").status_code == 403
    assert client.post(f"{CREDENTIALS}map-models/", form).status_code == 403
    assert not ModelMap.objects.exists()


# --- model maps -----------------------------------------------------------------------------------


def test_a_model_map_is_made_with_its_deployments(admin_client: Client) -> None:
    row = stored()
    form = model_form(
        {"credential": row.pk, "upstream_model": " gpt-4o-mini ", "weight": 3, "rpm": 10},
        {
            "credential": row.pk,
            "upstream_model": "gpt-4.1",
            "input_cost_per_1m": "1.5",
            "capabilities": ["chat", "tools"],
        },
        strategy="weighted",
        default_parameters='{"temperature": 0.2}',
    )
    assert admin_client.post(f"{MODELS}add/", form).status_code == 302
    made = ModelMap.objects.get()
    assert made.default_parameters == {"temperature": 0.2}
    first, second = made.deployments.order_by("pk")
    assert (first.upstream_model, first.weight, first.rpm) == ("gpt-4o-mini", 3, 10)
    assert (first.capabilities, second.capabilities) == (None, ["chat", "tools"])
    assert trail("create").changes["deployments"] == {"added": ["mine/gpt-4o-mini", "mine/gpt-4.1"]}
    text = admin_client.get(MODELS).content.decode()
    assert "0.15 / 0.60" in text
    assert "1.50 / 8.00" in text


def test_changed_deployments_are_in_the_trail_with_before_and_after(admin_client: Client) -> None:
    first, second = stored(), stored(name="second")
    model_map = ModelMap.objects.create(name="fast")
    row = Deployment.objects.create(model_map=model_map, credential=first, upstream_model="a")
    form = model_form(
        {"id": row.pk, "credential": second.pk, "upstream_model": "a", "weight": 9},
    )
    admin_client.post(page_of(model_map), form)
    assert trail("change").changes == {
        "deployments": {
            "changed": {"second/a": {"credential": ["mine", "second"], "weight": [1, 9]}}
        }
    }


@pytest.mark.parametrize(
    ("values", "field", "what"),
    [
        ({"name": "other"}, "name", "already exists"),
        ({"name": "mine/fast"}, "name", "never be reached"),
        ({"name": "groq/fast"}, "name", "never be reached"),
        ({"name": "with space"}, "name", "letters, digits"),
        ({"strategy": "random"}, "strategy", "not one of the available choices"),
        ({"fallbacks": "othr"}, "fallbacks", "There is no model 'othr'. Did you mean other?"),
        ({"context_fallbacks": "nope"}, "context_fallbacks", "There is no model 'nope'"),
        ({"fallbacks": "fast"}, "fallbacks", "can't fall back to itself"),
        ({"fallbacks": "other, other"}, "fallbacks", "twice"),
        ({"fallbacks": "nobody/gpt-4o"}, "fallbacks", "There is no model"),
        ({"fallbacks": "back"}, "fallbacks", "fast → back → fast"),
        ({"default_parameters": "[1]"}, "default_parameters", "object"),
    ],
)
def test_a_wrong_model_map_is_refused_with_the_field_named(
    admin_client: Client, values: dict[str, str], field: str, what: str
) -> None:
    stored()
    ModelMap.objects.create(name="other")
    ModelMap.objects.create(name="back", fallbacks=["fast"])
    row = ModelMap.objects.create(name="fast")
    found = errors(admin_client.post(page_of(row), model_form(**values)))
    assert what in " ".join(found[field])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"input_cost_per_1m": "-1"}, "input_cost_per_1m"),
        ({"weight": "-1"}, "weight"),
        ({"upstream_model": ""}, "upstream_model"),
        ({"capabilities": ["juggling"]}, "capabilities"),
    ],
)
def test_a_wrong_deployment_is_refused_with_the_field_named(
    admin_client: Client, values: dict[str, Any], field: str
) -> None:
    row = {"credential": stored().pk, "upstream_model": "gpt-4o"} | values
    assert field in errors(admin_client.post(f"{MODELS}add/", model_form(row)))
    assert not ModelMap.objects.exists()


def test_fallbacks_are_typed_with_commas(admin_client: Client) -> None:
    stored()
    ModelMap.objects.create(name="other")
    form = model_form(fallbacks="other, mine/gpt-4.1 ,")
    assert admin_client.post(f"{MODELS}add/", form).status_code == 302
    made = ModelMap.objects.get(name="fast")
    assert made.fallbacks == ["other", "mine/gpt-4.1"]
    assert 'value="other, mine/gpt-4.1"' in admin_client.get(page_of(made)).content.decode()


def test_a_model_map_that_nothing_answers_brings_a_warning(admin_client: Client) -> None:
    response = admin_client.post(f"{MODELS}add/", model_form())
    assert any("no deployment that is switched on" in text for text in messages_of(response))
    row = stored(enabled=False)
    form = model_form({"credential": row.pk, "upstream_model": "a"}, name="off")
    response = admin_client.post(f"{MODELS}add/", form)
    assert any("no deployment that is switched on" in text for text in messages_of(response))


def test_the_mark_of_the_default_moves(admin_client: Client) -> None:
    ModelMap.objects.create(name="before", is_default=True)
    response = admin_client.post(f"{MODELS}add/", model_form(is_default="on"))
    assert ModelMap.objects.get(is_default=True).name == "fast"
    assert any("instead of before" in text for text in messages_of(response))


def test_fallbacks_follow_a_new_name_and_a_removal(admin_client: Client) -> None:
    row = ModelMap.objects.create(name="fast")
    other = ModelMap.objects.create(name="other", fallbacks=["fast"])
    admin_client.post(page_of(row), model_form(name="faster"))
    other.refresh_from_db()
    assert other.fallbacks == ["faster"]
    admin_client.post(f"{MODELS}{row.pk}/delete/", {"post": "yes"})
    other.refresh_from_db()
    assert other.fallbacks == []


def test_empty_price_fields_show_what_is_known(admin_client: Client) -> None:
    row = stored()
    model_map = ModelMap.objects.create(name="fast")
    Deployment.objects.create(model_map=model_map, credential=row, upstream_model="gpt-4o-mini")
    text = admin_client.get(page_of(model_map)).content.decode()
    assert 'placeholder="0.15"' in text
    assert 'placeholder="128,000"' in text
    assert f'<datalist id="models-{row.pk}"><option value="' in text
    answer = admin_client.get(f"{MODELS}known/", {"credential": row.pk, "model": "gpt-4o-mini"})
    assert answer.json()["placeholders"]["output_cost_per_1m"] == "0.60"
    answer = admin_client.get(f"{MODELS}known/", {"credential": "x", "model": ""})
    assert answer.json()["capabilities"] == "unknown"
