"""The admin of model maps and their deployments, used as a person does."""

from typing import Any

import pytest
from django.test import Client

from providers.models import Deployment, ModelMap
from tests.support.provider_admin import (
    MODELS,
    errors,
    messages_of,
    model_form,
    page_of,
    stored,
    trail,
)

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("differs", [{}, {"weight": 5}, {"rpm": 10, "input_cost_per_1m": "1"}])
def test_deployment_that_a_model_map_has_already_is_refused(
    admin_client: Client, differs: dict[str, Any]
) -> None:
    row = stored()
    model_map = ModelMap.objects.create(name="fast")
    one = Deployment.objects.create(model_map=model_map, credential=row, upstream_model="gpt-4o")
    equal = {"credential": row.pk, "upstream_model": "gpt-4o"}
    form = model_form({"id": one.pk, **equal}, {**equal, "upstream_model": " gpt-4o ", **differs})
    (said,) = errors(admin_client.post(page_of(model_map), form))["upstream_model"]
    assert said.startswith("mine/gpt-4o is a deployment of this model already.")
    assert "raise the weight of the other" in said
    assert list(model_map.deployments.all()) == [one]


def test_deployment_may_take_the_place_of_an_equal_one_that_is_deleted(
    admin_client: Client,
) -> None:
    row = stored()
    model_map = ModelMap.objects.create(name="fast")
    one = Deployment.objects.create(model_map=model_map, credential=row, upstream_model="gpt-4o")
    equal = {"credential": row.pk, "upstream_model": "gpt-4o"}
    form = model_form({"id": one.pk, "DELETE": "on", **equal}, equal)
    assert admin_client.post(page_of(model_map), form).status_code == 302
    assert model_map.deployments.get().pk != one.pk


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
