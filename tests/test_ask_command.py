"""`manage.py ask`: what a person at a shell is told of models that there are not."""

import pytest
from django.core.management import CommandError, call_command

from llmhub.teams.models import Team
from providers.models import Deployment, ModelMap
from tests.support.hub import Hub
from tests.support.provider_admin import stored

UNLIKE_ANY = "Ω" * 9


def make_models(*names: str) -> None:
    Team.objects.create(name="Default", slug="default")
    credential = stored()
    for name in names:
        model_map = ModelMap.objects.create(name=name)
        Deployment.objects.create(model_map=model_map, credential=credential, upstream_model="x")


def refusal(model: str) -> str:
    """What the command says of a model that there is not."""
    with pytest.raises(CommandError) as caught:
        call_command("ask", "Hello", "--model", model)
    return str(caught.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "The hub has no models yet; --model CREDENTIAL/MODEL goes without one."),
        (("fast", "slow"), "There are fast, slow."),
        (
            tuple(f"m{number:02}" for number in range(25)),
            "m18, m19 and 5 more; manage.py export_config shows all.",
        ),
    ],
)
def test_shell_is_told_which_models_there_are(names: tuple[str, ...], said: str) -> None:
    make_models(*names)
    refused = refusal(UNLIKE_ANY)
    assert refused.startswith(f"There is no model {UNLIKE_ANY!r} here. ")
    assert refused.endswith(said)
    assert "/v1/" not in refused


@pytest.mark.django_db(transaction=True)
def test_shell_is_told_of_names_that_are_near() -> None:
    make_models("fast", "slow")
    assert refusal("fasst").endswith("Did you mean fast?")


def test_shell_and_callers_of_the_api_are_each_told_what_they_can_do(hub: Hub) -> None:
    with pytest.raises(AssertionError) as caught:
        hub.manage("ask", "Hello", "--model", UNLIKE_ANY)
    assert " here. There are " in str(caught.value)
    answer = hub.chat(hub.create_key("Asking"), UNLIKE_ANY)
    assert answer.json()["error"]["message"].endswith(" here. GET /v1/models lists all.")
