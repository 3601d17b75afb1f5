"""The admin of credentials, used as a person does."""

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from llmhub.core.models import AuditEntry
from providers.form_fields import MASK
from providers.models import Credential
from tests.support.provider_admin import (
    CREDENTIALS,
    KEY,
    credential_form,
    errors,
    messages_of,
    page_of,
    stored,
    trail,
)
from tests.support.provider_api import Answer, ProviderApi, provider_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Iterator[ProviderApi]:
    with provider_api() as running:
        yield running


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
