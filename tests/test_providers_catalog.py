"""The catalog's rows: where they lead, how keys are sent, which wire is spoken."""

from typing import Any

import pytest

from llmhub.core.errors import ConfigurationError, ValidationError
from providers import catalog, endpoints, registry, transports
from providers.catalog import CATALOG, kind_choices
from providers.kinds import ProviderKind
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Access, Target

A1 = {
    *("openai", "anthropic", "gemini", "groq", "groq_proxy", "perplexity", "azure", "bedrock"),
    *("openrouter", "deepseek", "mistral", "cohere", "together", "huggingface", "ollama", "vllm"),
    *("openai_compatible", "xai", "brave_search", "simulator"),
}


def opened(kind: str, **credential: Any) -> Access:
    credential = {"name": f"{kind}_1", "api_key": "k&y", **credential}
    return registry.open_access(Credential(kind=kind, **credential))


def test_every_promised_kind_is_there() -> None:
    assert CATALOG.keys() >= A1


@pytest.mark.parametrize("row", CATALOG.values(), ids=CATALOG.keys())
def test_a_row_can_be_called_or_says_that_it_needs_a_base_url(row: ProviderKind) -> None:
    assert row.kind in CATALOG
    assert row.label
    base_url = "" if not (row.needs_base_url or row.simulated) else "https://u.example"
    access = opened(row.kind, base_url=base_url, options={"provider": "x"})
    target = Target(None, "t", access, "m", UNKNOWN)
    if row.wire == "search":
        with pytest.raises(ConfigurationError, match="has no models"):
            transports.for_target(target)
        return
    transports.for_target(target)
    if row.wire in endpoints.PATHS:
        assert endpoints.call_url(access, "chat", "m").startswith(("https://", "http://localhost"))


def test_choices_of_forms_follow_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOG, "late", ProviderKind("late", "Came late", "openai"))
    assert ("late", "Came late") in kind_choices()
    assert ("late", "Came late") in list(Credential._meta.get_field("kind").flatchoices)


def test_a_kind_that_is_gone_keeps_nothing_from_starting() -> None:
    access = opened("gone", base_url="https://u.example")
    assert access.provider.label == "gone (not installed)"
    with pytest.raises(ConfigurationError, match="gone"):
        transports.for_target(Target(None, "t", access, "m", UNKNOWN))


def test_the_hubs_own_kinds_cannot_be_replaced() -> None:
    with pytest.raises(ValueError, match="openai is a kind"):
        catalog.add(ProviderKind("openai", "Mine", "openai"))


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("openai", {"Authorization": "Bearer k&y"}),
        ("anthropic", {"x-api-key": "k&y", "anthropic-version": "2023-06-01"}),
        ("azure", {"api-key": "k&y"}),
        ("brave_search", {"X-Subscription-Token": "k&y"}),
    ],
)
def test_a_key_goes_where_the_kind_wants_it(kind: str, headers: dict[str, str]) -> None:
    found = opened(kind, base_url="https://u.example").headers
    assert {name: found[name] for name in headers} == headers
    assert ("Authorization" in found) is ("Authorization" in headers)


def test_a_key_can_go_into_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ProviderKind("q", "Q", "openai", "https://q.example/v1", auth="?key={key}")
    monkeypatch.setitem(CATALOG, "q", row)
    access = opened("q")
    assert endpoints.call_url(access, "chat", "m").endswith("/chat/completions?key=k%26y")
    assert "k&y" not in str(access.headers)
    credential = Credential(name="q", kind="q", api_key="k")
    assert endpoints.models_url(credential) == "https://q.example/v1/models?key=k"


def test_an_extra_header_wins_over_the_kinds() -> None:
    headers = opened("openrouter", extra_headers={"X-Title": "Ours"}).headers
    assert headers["X-Title"] == "Ours"


@pytest.mark.parametrize(
    ("kind", "base_url", "options", "url"),
    [
        ("anthropic", "", {}, "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://p.example/v1/", {}, "https://p.example/v1/messages"),
        ("anthropic", "https://p.example/anthropic", {}, "https://p.example/anthropic/v1/messages"),
        ("azure", "https://r.openai.azure.com", {},
         "https://r.openai.azure.com/openai/v1/chat/completions"),
        ("azure", "https://r.openai.azure.com/openai/v1", {},
         "https://r.openai.azure.com/openai/v1/chat/completions"),
        ("azure", "https://r.openai.azure.com/openai/v1", {"api_version": "2024-10-21"},
         "https://r.openai.azure.com/openai/deployments/m%2F1/chat/completions"
         "?api-version=2024-10-21"),
        ("perplexity", "", {}, "https://api.perplexity.ai/v1/responses"),
        ("groq_proxy", "", {}, "http://localhost:8000/chat/completions"),
        ("openai", "", {"wire": "responses"}, "https://api.openai.com/v1/responses"),
        ("bedrock", "https://bedrock-mantle.eu-central-1.api.aws/v1", {},
         "https://bedrock-mantle.eu-central-1.api.aws/v1/chat/completions"),
        ("bedrock", "https://bedrock-mantle.{region}.api.aws/v1", {"region": "eu-west-1"},
         "https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions"),
    ],
)  # fmt: skip
def test_calls_go_to(kind: str, base_url: str, options: dict[str, Any], url: str) -> None:
    access = opened(kind, base_url=base_url, options=options)
    assert endpoints.call_url(access, "chat", "m/1") == url


@pytest.mark.parametrize(
    ("kind", "base_url", "url"),
    [
        ("openai", "", "https://api.openai.com/v1/models"),
        ("anthropic", "", "https://api.anthropic.com/v1/models"),
        ("anthropic", "https://p.example/v1", "https://p.example/v1/models"),
        ("cohere", "", "https://api.cohere.com/v1/models"),
        ("cohere", "https://p.example/v1", "https://p.example/v1/models"),
        ("perplexity", "", "https://api.perplexity.ai/v1/models"),
        ("azure", "https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/models"),
    ],
)
def test_models_are_listed_at(kind: str, base_url: str, url: str) -> None:
    assert endpoints.models_url(Credential(name="c", kind=kind, base_url=base_url)) == url


def test_a_region_is_filled_in() -> None:
    assert opened("bedrock").base_url == "https://bedrock-runtime.us-east-1.amazonaws.com"
    access = opened("bedrock", options={"region": "eu-central-1"})
    assert access.base_url == "https://bedrock-runtime.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("kind", "operation", "what"),
    [
        ("anthropic", "embedding", "embeddings"),
        ("groq", "completion", "text completions"),
        ("perplexity", "embedding", "embeddings"),
    ],
)
def test_what_a_provider_lacks_is_refused_in_words(kind: str, operation: str, what: str) -> None:
    with pytest.raises(ValidationError, match=f"has no {what}"):
        endpoints.call_url(opened(kind), operation, "m")


def test_a_wire_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'smoke'; there are openai, anthropic, responses"):
        endpoints.wire_of(opened("openai", options={"wire": "smoke"}))


def test_a_credential_without_a_base_url_says_so() -> None:
    with pytest.raises(ConfigurationError, match="has no base URL"):
        endpoints.call_url(opened("vllm"), "chat", "m")
