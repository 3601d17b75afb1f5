"""Tests of credentials by the clock, and what follows for the models: in the database."""

from collections.abc import Iterator

import pytest

from llmhub.core import version
from llmhub.core.errors import NetworkError
from playground import state
from providers import checks, mapping, registry, tasks
from providers.checks import Availability
from providers.health import FAILURES_TO_COOL, health
from providers.models import Credential, CredentialCheck
from tests.support.provider_api import Answer, ProviderApi, provider_api

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/v1/models"
REFUSED = Answer(401, {"error": {"message": "Incorrect API key provided."}})


@pytest.fixture
def api() -> Iterator[ProviderApi]:
    with provider_api() as running:
        running.lists("m1")
        yield running


@pytest.fixture
def credential(api: ProviderApi) -> Credential:
    made = Credential.objects.create(
        name="tested", kind="openai_compatible", base_url=api.base_url, api_key="sk-test-00000001"
    )
    mapping.map_model(credential=made, upstream_model="m1", name="m1")
    return made


def availability() -> Availability:
    version.refresh()
    return checks.of_model(registry.current().models["m1"])


def test_refused_key_makes_its_models_unavailable_until_it_works(
    api: ProviderApi, credential: Credential
) -> None:
    tasks.check_credentials()
    assert availability() == checks.AVAILABLE
    before = version.current()
    api.answers[LIST] = REFUSED
    tasks.check_credentials()
    assert version.current() > before, "the other processes must hear of it"
    found = availability()
    assert not found.available
    assert "tested" in found.reason
    assert "sk-test" not in found.reason
    summary = state.model_summary(registry.current().models["m1"])
    assert (summary["available"], summary["reason"]) == (False, found.reason)
    check = CredentialCheck.objects.get(credential=credential)
    assert check.outcome == "failed"
    assert check.succeeded_at is not None
    assert check.succeeded_at < check.checked_at
    api.lists("m1")
    tasks.check_credentials()
    assert availability() == checks.AVAILABLE


def test_check_that_says_the_same_again_moves_nothing(
    api: ProviderApi, credential: Credential
) -> None:
    api.answers[LIST] = REFUSED
    tasks.check_credentials()
    before = version.current()
    tasks.check_credentials()
    tasks.check_credentials()
    assert version.current() == before


@pytest.mark.parametrize(
    "answer",
    [Answer(404, {}), Answer(429, {"error": {"message": "slow down"}}), Answer(500, "oops")],
    ids=["no-list", "too-often", "fault"],
)
def test_what_may_pass_or_says_nothing_leaves_models_available(
    api: ProviderApi, credential: Credential, answer: Answer
) -> None:
    api.answers[LIST] = answer
    tasks.check_credentials()
    assert CredentialCheck.objects.get(credential=credential).outcome != "ok"
    assert availability() == checks.AVAILABLE


def test_credential_that_is_switched_off_is_not_tested(
    api: ProviderApi, credential: Credential
) -> None:
    Credential.objects.filter(pk=credential.pk).update(enabled=False)
    Credential.objects.create(name="web", kind="brave_search", api_key="k", base_url=api.base_url)
    tasks.check_credentials()
    assert api.requests == []
    assert not CredentialCheck.objects.exists()


def test_check_respects_the_guard(credential: Credential) -> None:
    credential.base_url = "http://169.254.169.254/v1"
    credential.save()
    tasks.check_credentials()
    check = CredentialCheck.objects.get(credential=credential)
    assert "may not connect to" in check.message
    assert not availability().available


def test_old_check_says_nothing_about_a_changed_credential(
    api: ProviderApi, credential: Credential
) -> None:
    api.answers[LIST] = REFUSED
    tasks.check_credentials()
    credential.api_key = "sk-test-00000002"
    credential.save()
    assert availability() == checks.AVAILABLE


def test_call_that_worked_since_stands_above_the_check(
    api: ProviderApi, credential: Credential
) -> None:
    api.answers[LIST] = REFUSED
    tasks.check_credentials()
    health.succeeded("tested/m1", 0.1, health.started("tested/m1"))
    try:
        assert availability() == checks.AVAILABLE
    finally:
        health.of("tested/m1").last_success_at = None


def test_model_whose_deployments_all_rest_is_unavailable(credential: Credential) -> None:
    name = "tested/m1"
    for _ in range(FAILURES_TO_COOL):
        health.failed(name, NetworkError("gone"), health.started(name))
    try:
        found = availability()
        assert not found.available
        assert "rests for" in found.reason
    finally:
        health.of(name).cooling_until = 0.0
