"""From a credential to model maps: what the provider lists is shown, ticked and mapped."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from providers.catalog import CATALOG
from providers.custom import ModelFacts, OpenAICompatibleProvider, register_provider
from providers.models import Deployment, ModelMap
from tests.support.provider_admin import (
    CREDENTIALS,
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


@pytest.fixture
def silent_kind() -> Iterator[str]:
    """A kind of provider that lists no models, but names some in its class."""

    @register_provider("silent", base_url="http://127.0.0.1:9/v1", lists_models=False)
    class Silent(OpenAICompatibleProvider):
        models: ClassVar = {
            "silent-large": ModelFacts(context_window=64_000, input_cost_per_1m=1.5),
            "silent-small": ModelFacts(),
        }

    yield "silent"
    del CATALOG["silent"]


def test_models_that_a_class_names_are_shown_where_the_provider_lists_none(
    admin_client: Client, silent_kind: str
) -> None:
    row = stored(kind=silent_kind)
    page = admin_client.post(f"{CREDENTIALS}{row.pk}/discover/")
    large, small = page.context["sections"][0].rows
    assert (large.model, large.context, large.input_price) == ("silent-large", "64,000", "1.50")
    assert (small.model, small.context, small.input_price) == ("silent-small", "unknown", "unknown")
    key = f"{row.pk}-{large.position}"
    form = {"choice": key.replace("-", ":"), f"model-{key}": large.model, f"name-{key}": "large"}
    admin_client.post(f"{CREDENTIALS}map-models/", form)
    assert str(Deployment.objects.get(model_map__name="large")) == "mine/silent-large"


def test_naming_models_is_no_test_of_a_credential(admin_client: Client, silent_kind: str) -> None:
    row = stored(kind=silent_kind)
    (said,) = messages_of(admin_client.post(f"{CREDENTIALS}{row.pk}/test/"))
    assert "has no list of models to ask for, so this was no test" in said
    assert "“Discover models” shows" in said
    assert trail("test_connection").changes["outcome"] == "unsure"
