"""The first start: what it makes from nothing, from the environment, and what it leaves alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from llmhub.bootstrap import first_start
from llmhub.core import version
from llmhub.core.models import AuditEntry
from llmhub.teams import callers
from llmhub.teams.models import Role, Team, VirtualKey
from providers.environment import ollama_address
from providers.models import Credential, ModelMap
from tests.support.provider_api import Answer, ProviderApi, provider_api
from tests.support.servers import free_port

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture(autouse=True)
def no_ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port()}")


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderApi]:
    with provider_api() as api:
        tags = {"models": [{"name": "llama3:latest"}, {"name": "qwen3:4b"}]}
        api.answers["/api/tags"] = Answer(body=tags)
        monkeypatch.setenv("OLLAMA_HOST", api.url.removeprefix("http://"))
        yield api


@pytest.fixture
def fresh_snapshots(transactional_db: None) -> None:
    """The counter of an emptied database may stand where it stood when a test before looked."""
    version._loaded = -1


def start() -> str:
    """How to sign in, as a start says it."""
    return first_start(StringIO())


def finds() -> str:
    """What a start says that it found."""
    out = StringIO()
    first_start(out)
    return out.getvalue()


def default_model() -> str:
    return ModelMap.objects.get(is_default=True).name


# --- from nothing ---------------------------------------------------------------------------------


def test_generated_password_is_told_once_and_signs_in(client: Client) -> None:
    told = start()
    first_line = told.splitlines()[0]
    password = first_line.rpartition(" ")[2]
    assert first_line.startswith("Sign in as admin@localhost with the password ")
    form = {"login": "admin@localhost", "password": password}
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.get("/admin/").status_code == 200
    again = start()
    assert password not in again
    assert "Sign in as admin@localhost with your password." in again


def test_first_admin_takes_address_and_password_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setenv("LLMHUB_ADMIN_EMAIL", "boss@example.com")
    monkeypatch.setenv("LLMHUB_ADMIN_PASSWORD", "correct horse battery staple")
    told = start()
    assert "boss@example.com" in told
    assert "correct horse" not in told
    form = {"login": "boss@example.com", "password": "correct horse battery staple"}
    assert client.post("/accounts/login/", form).status_code == 302


def test_an_existing_superuser_is_kept_and_no_second_made() -> None:
    User.objects.create_superuser("root", "root@example.com", "secret")
    told = start()
    assert "root@example.com" in told
    assert "changepassword root" in told
    assert User.objects.count() == 1


def test_the_admin_owns_the_first_team() -> None:
    start()
    team = Team.objects.get()
    assert team.name == "Default"
    assert [row.role for row in team.memberships.all()] == [Role.OWNER]


def test_three_simulated_models_are_there_and_one_is_the_default() -> None:
    start()
    assert set(ModelMap.objects.values_list("name", flat=True)) == {
        "sim-swift",
        "sim-sage",
        "sim-thinker",
    }
    assert all(row.description.startswith("Simulated") for row in ModelMap.objects.all())
    assert default_model() == "sim-swift"


def test_starting_again_changes_nothing() -> None:
    start()
    counts = [model.objects.count() for model in (Credential, ModelMap, Team, AuditEntry)]
    assert finds() == ""
    assert counts == [m.objects.count() for m in (Credential, ModelMap, Team, AuditEntry)]


def test_a_deleted_simulator_stays_deleted() -> None:
    start()
    Credential.objects.all().delete()
    ModelMap.objects.all().delete()
    start()
    assert not Credential.objects.exists()
    assert not ModelMap.objects.exists()


# --- from the environment -------------------------------------------------------------------------


def test_keys_in_the_environment_become_credentials_with_a_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-0123456789abcdef")
    monkeypatch.setenv("BRAVE_SEARCH_API_KEY", "BSA0123456789")
    monkeypatch.setenv("TIMEOUT_SECONDS", "45")
    monkeypatch.setenv("MAX_RETRIES", "5")
    said = finds()
    assert "Found OpenAI in OPENAI_API_KEY: mapped gpt-4o-mini." in said
    assert "0123456789" not in said
    openai = Credential.objects.get(name="openai")
    assert openai.api_key == "sk-0123456789abcdef"
    assert (openai.timeout_seconds, openai.max_retries) == (45, 5)
    assert Credential.objects.get(name="gemini").api_key.startswith("AIza")
    assert Credential.objects.get(name="brave_search").deployments.count() == 0
    assert default_model() == "gpt-4o-mini"


def test_a_key_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "key").write_text("gsk_0123456789abcdef\n")
    monkeypatch.setenv("GROQ_API_KEY_FILE", str(tmp_path / "key"))
    finds()
    assert Credential.objects.get(name="groq").api_key == "gsk_0123456789abcdef"


def test_named_models_are_mapped_instead_of_the_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4.1, gpt-4.1-mini")
    finds()
    rows = ModelMap.objects.filter(deployments__credential__name="openai")
    assert {row.name for row in rows} == {"gpt-4.1", "gpt-4.1-mini"}


@pytest.mark.parametrize("variable", ["GROQ_PROXY_BASE_URL", "GROQ_PROXY_URL"])
def test_a_proxy_for_groq_is_found_by_its_address(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://groq-proxy:8000")
    monkeypatch.setenv("GROQ_PROXY_MODEL", "llama-3.1-8b-instant")
    finds()
    row = Credential.objects.get(name="groq_proxy")
    assert (row.kind, row.base_url) == ("groq_proxy", "http://groq-proxy:8000")
    assert not Credential.objects.filter(name="groq").exists()


def test_two_services_with_the_same_model_get_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-0123456789")
    finds()
    row = ModelMap.objects.get(deployments__credential__name="openrouter")
    assert row.name == "gpt-4o-mini-openrouter"
    assert row.deployments.get().upstream_model == "openai/gpt-4o-mini"


def test_a_credential_that_exists_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    Credential.objects.create(name="openai", kind="openai", api_key="sk-mine-0123456789")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    assert finds() == ""
    assert Credential.objects.get(name="openai").api_key == "sk-mine-0123456789"


def test_a_deleted_credential_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    finds()
    Credential.objects.get(name="openai").delete()
    assert finds() == ""
    assert not Credential.objects.filter(name="openai").exists()


def test_an_address_that_is_none_is_told_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_PROXY_URL", "groq-proxy")
    assert "GROQ_PROXY_URL was left out" in finds()
    assert not Credential.objects.filter(name="groq_proxy").exists()


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        ("", "groq", "gpt-oss-20b"),
        ("gpt-4.1", "", "gpt-4.1"),
        ("groq/llama-3.3-70b-versatile", "", "llama-3.3-70b-versatile"),
        ("sim-sage", "", "sim-sage"),
        ("qwen/qwen3-32b", "groq", "qwen/qwen3-32b"),
    ],
)
def test_the_default_model_is_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch, model: str, provider: str, expected: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789abcdef")
    monkeypatch.setenv("DEFAULT_MODEL", model)
    monkeypatch.setenv("DEFAULT_PROVIDER", provider)
    finds()
    assert default_model() == expected


def test_the_first_real_model_takes_over_from_a_simulated_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finds()
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789abcdef")
    finds()
    assert default_model() == "gpt-oss-20b"


# --- Ollama ---------------------------------------------------------------------------------------


def test_a_running_ollama_is_found_with_its_models(ollama: ProviderApi) -> None:
    said = finds()
    row = Credential.objects.get(name="ollama")
    assert row.base_url == f"{ollama.url}/v1"
    assert {str(deployment) for deployment in row.deployments.all()} == {
        "ollama/llama3:latest",
        "ollama/qwen3:4b",
    }
    assert "Found Ollama" in said


def test_ollama_is_asked_no_more_once_it_was_found(ollama: ProviderApi) -> None:
    finds()
    finds()
    assert len(ollama.requests) == 1


def test_something_else_on_the_port_of_ollama_is_passed_over(ollama: ProviderApi) -> None:
    ollama.answers["/api/tags"] = Answer(body="<html>")
    finds()
    assert not Credential.objects.filter(name="ollama").exists()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://localhost:11434"),
        ("0.0.0.0", "http://localhost:11434"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:1234", "http://gpu-box:1234"),
        (":1234", "http://localhost:1234"),
        ("https://ollama.example.com/", "https://ollama.example.com"),
        ("http://gpu-box:80", "http://gpu-box:80"),
    ],
)
def test_every_form_of_ollama_host_is_understood(host: str, address: str) -> None:
    assert ollama_address(host) == address


# --- the commands ---------------------------------------------------------------------------------


def test_bootstrap_command_ends_with_how_to_sign_in() -> None:
    out = StringIO()
    call_command("bootstrap", stdout=out)
    assert "Sign in as admin@localhost" in out.getvalue()


def new_key(**options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_key", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.usefixtures("fresh_snapshots")
def test_create_key_prints_a_key_that_works_and_nothing_else() -> None:
    text, said = new_key(team="Blue Team", name="ci")
    assert said == ""
    caller = callers.by_key(text.removesuffix("\n"))
    assert (caller.team_name, caller.models_allowed) == ("Blue Team", frozenset())
    assert Team.objects.get().slug == "blue-team"


def test_create_key_takes_the_team_that_is_there() -> None:
    new_key(team="Blue Team")
    new_key(team="Blue Team")
    new_key(team="blue-team")
    assert VirtualKey.objects.filter(team=Team.objects.get()).count() == 3


def test_create_key_keeps_models_and_expiry() -> None:
    ModelMap.objects.create(name="fast")
    _, said = new_key(team="t", models="fast, slow", expires="2099-01-31")
    key = VirtualKey.objects.get()
    assert key.models_allowed == ["fast", "slow"]
    assert key.expires_at == datetime(2099, 1, 31, tzinfo=UTC)
    assert "no model 'slow'" in said


@pytest.mark.parametrize("expires", ["tomorrow", "2001-01-01", "2099-13-01"])
def test_create_key_refuses_a_moment_that_is_none_or_past(expires: str) -> None:
    with pytest.raises(CommandError, match="--expires"):
        new_key(team="t", expires=expires)
    assert not Team.objects.exists()


def test_no_secret_is_in_the_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    finds()
    text, _ = new_key(team="t")
    written = json.dumps(list(AuditEntry.objects.values("changes", "object_label")))
    assert "0123456789" not in written
    assert text.strip() not in written
