"""What "Test connection" and "Discover models" say of providers that answer in every way."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from llmhub.core.errors import (
    ConfigurationError,
    NetworkError,
    ProviderAuthenticationError,
    RateLimitError,
    UpstreamTimeoutError,
)
from providers import connection
from providers.models import Credential
from tests.support.provider_api import Answer, ProviderApi, provider_api
from tests.support.servers import free_port

KEY = "sk-live-0123456789abcdef"


@pytest.fixture
def api() -> Iterator[ProviderApi]:
    with provider_api() as running:
        yield running


def credential(base_url: str, kind: str = "openai", **values: Any) -> Credential:
    return Credential(
        **{"name": "mine", "kind": kind, "api_key": KEY, "base_url": base_url} | values
    )


async def failure(of: Credential) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 – the callers look at what it is
        await connection.discover_models(of)
    return caught.value


async def test_a_good_key_lists_the_models_sorted(api: ProviderApi) -> None:
    api.lists("gpt-4o-mini", "gpt-4.1", "gpt-4o-mini")
    found = await connection.discover_models(credential(api.base_url))
    assert [model.id for model in found] == ["gpt-4.1", "gpt-4o-mini"]


async def test_report_of_a_good_connection_says_how_fast_and_how_many(api: ProviderApi) -> None:
    api.lists("a", "b")
    report = await connection.test_connection(credential(api.base_url))
    assert report.ok
    assert report.models == 2
    assert report.message.startswith("The credential mine works: it answered in")


async def test_key_organization_and_extra_headers_are_sent(api: ProviderApi) -> None:
    api.lists("a")
    await connection.discover_models(
        credential(api.base_url, organization="org-1", extra_headers={"X-Team": "blue"})
    )
    _, headers = api.requests[0]
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["OpenAI-Organization"] == "org-1"
    assert headers["X-Team"] == "blue"


async def test_anthropic_is_asked_its_own_way(api: ProviderApi) -> None:
    api.lists("claude-haiku-4-5")
    found = await connection.discover_models(credential(api.url, "anthropic"))
    path, headers = api.requests[0]
    assert [model.id for model in found] == ["claude-haiku-4-5"]
    assert path == "/v1/models?limit=1000"
    assert headers["x-api-key"] == KEY
    assert headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in headers


async def test_google_names_lose_their_prefix(api: ProviderApi) -> None:
    api.lists("models/gemini-2.5-flash")
    found = await connection.discover_models(credential(api.base_url, "gemini"))
    assert found[0].id == "gemini-2.5-flash"


async def test_sizes_and_prices_that_the_list_states_are_kept(api: ProviderApi) -> None:
    api.lists(
        {
            "id": "openai/gpt-4o-mini",
            "context_length": 128000,
            "pricing": {"prompt": "0.00000015", "completion": "0.0000006"},
        },
        {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    )
    api.answers["/v1/key"] = Answer(body={"data": {}})
    priced, auto = await connection.discover_models(credential(api.base_url, "openrouter"))
    assert priced.context_window == 128000
    assert (priced.input_cost_per_1m, priced.output_cost_per_1m) == (
        Decimal("0.15"),
        Decimal("0.6"),
    )
    assert auto.input_cost_per_1m is None


async def test_openrouter_key_is_checked_though_its_list_is_public(api: ProviderApi) -> None:
    api.lists("openai/gpt-4o-mini")
    api.answers["/v1/key"] = Answer(401, {"error": {"message": "User not found."}})
    error = await failure(credential(api.base_url, "openrouter"))
    assert isinstance(error, ProviderAuthenticationError)


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("openai", 401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}),
        ("openai", 403, {"error": {"message": f"The key {KEY} may not list models."}}),
        ("gemini", 400, [{"error": {"code": 400, "message": f"API key not valid: {KEY}"}}]),
    ],
)
async def test_a_refused_key_is_told_and_never_repeated(
    api: ProviderApi, kind: str, status: int, body: Any
) -> None:
    api.answers["/v1/models"] = Answer(status, body)
    report = await connection.test_connection(credential(api.base_url, kind))
    assert report.outcome == "failed"
    assert report.error_type == "provider_authentication"
    assert "refused the API key of mine" in report.message
    assert "Copy the key again" in report.message
    assert KEY not in report.message


async def test_a_key_of_any_form_is_never_repeated(api: ProviderApi) -> None:
    key = "9f8e7d6c5b4a39281706"
    api.answers["/v1/models"] = Answer(401, {"error": {"message": f"No user has {key}."}})
    report = await connection.test_connection(credential(api.base_url, api_key=key))
    assert "No user has ***" in report.message


async def test_a_missing_key_is_told_apart_from_a_wrong_one(api: ProviderApi) -> None:
    api.answers["/v1/models"] = Answer(401, {"error": {"message": "No key"}})
    report = await connection.test_connection(
        credential(api.base_url, "openai_compatible", api_key="")
    )
    assert "has no API key" in report.message


async def test_base_url_without_v1_is_told_with_the_right_one(api: ProviderApi) -> None:
    api.lists("a")
    error = await failure(credential(api.url, "openai_compatible"))
    assert isinstance(error, ConfigurationError)
    assert f"Set the base URL to {api.url}/v1" in error.message


async def test_a_server_without_a_model_list_leaves_it_open(api: ProviderApi) -> None:
    report = await connection.test_connection(credential(api.base_url, "openai_compatible"))
    assert report.outcome == "unsure"
    assert "has no list of models" in report.message


async def test_a_website_is_not_taken_for_an_api(api: ProviderApi) -> None:
    api.answers["/v1/models"] = Answer(200, "<html>Welcome</html>")
    report = await connection.test_connection(credential(api.base_url))
    assert "not with JSON" in report.message


async def test_redirect_is_not_followed_with_the_key(api: ProviderApi) -> None:
    api.answers["/v1/models"] = Answer(302, {}, {"Location": f"{api.url}/elsewhere"})
    report = await connection.test_connection(credential(api.base_url))
    assert "redirects elsewhere" in report.message
    assert [path for path, _ in api.requests] == ["/v1/models"]


@pytest.mark.parametrize(
    ("status", "text"),
    [(402, "Insufficient balance"), (429, "You exceeded your current quota, check your billing")],
)
async def test_a_spent_quota_is_no_fault_of_the_key(
    api: ProviderApi, status: int, text: str
) -> None:
    api.answers["/v1/models"] = Answer(status, {"error": {"message": text}})
    error = await failure(credential(api.base_url))
    assert isinstance(error, RateLimitError)
    assert "no quota left" in error.message


async def test_a_server_that_is_not_running_is_told_how_to_start() -> None:
    address = f"http://127.0.0.1:{free_port()}/v1"
    error = await failure(credential(address, "ollama"))
    assert isinstance(error, NetworkError)
    assert "Nothing answers at 127.0.0.1" in error.message
    assert "ollama serve" in error.message


async def test_a_name_that_nobody_has_is_told() -> None:
    error = await failure(credential("http://nobody.invalid/v1"))
    assert isinstance(error, NetworkError)
    assert "No machine by the name nobody.invalid" in error.message


async def test_a_slow_server_is_given_up(api: ProviderApi) -> None:
    api.answers["/v1/models"] = Answer(body={"data": []}, delay_s=1)
    error = await failure(credential(api.base_url, timeout_seconds=0.1))
    assert isinstance(error, UpstreamTimeoutError)


async def test_a_private_address_is_not_called_where_that_is_forbidden(
    api: ProviderApi, settings: Any
) -> None:
    settings.LLMHUB_ALLOW_PRIVATE_UPSTREAMS = []
    api.lists("a")
    for url in (api.base_url, api.base_url.replace("127.0.0.1", "localhost")):
        error = await failure(credential(url))
        assert isinstance(error, ConfigurationError)
    assert api.requests == []


async def test_search_is_not_asked_for_models() -> None:
    report = await connection.test_connection(credential("", "brave_search"))
    assert report.outcome == "unsure"
    assert "searches the web" in report.message
