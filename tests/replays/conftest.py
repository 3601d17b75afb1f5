"""Models, a team and a member, for every test of replays."""

import pytest
from django.test import Client

from llmhub.teams.models import Team
from providers.models import Credential, Deployment, ModelMap
from tests.team_pages import person_in


@pytest.fixture
def models() -> None:
    """Two simulated models, and one whose price nobody knows."""
    simulator = Credential.objects.create(name="simulator", kind="simulator")
    unpriced = Credential.objects.create(name="private", kind="openai", api_key="sk-1")
    served = [("sim-swift", simulator), ("sim-sage", simulator), ("mystery", unpriced)]
    for name, credential in served:
        model_map = ModelMap.objects.create(name=name)
        Deployment.objects.create(model_map=model_map, credential=credential, upstream_model=name)


@pytest.fixture
def ours() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def ada(ours: Team) -> Client:
    """A member's browser."""
    return person_in(ours, "member", "ada")
