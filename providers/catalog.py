"""Every kind of provider, a row each. A service that speaks one of our wires is added by a row.

`wire` says how the hub talks to it: "openai", "anthropic" and "responses" (OpenAI's Responses) go
straight over HTTP, "litellm" through litellm's translation, "search" is no chat at all.
`litellm_provider` is the name that litellm and its price table know the service by. Base URLs,
variables and quirks are those of the services' own documentation, `docs`. What else a row can say
is in `providers.kinds`.

An installed app can add kinds of its own: see `providers.custom`.
"""

import re

from providers.kinds import ProviderKind, Quirks

__all__ = ["CATALOG", "ProviderKind", "add", "kind_choices"]

CHAT_AND_VECTORS = frozenset({"chat", "embeddings"})
EVERYTHING = frozenset({"chat", "completions", "embeddings"})

OUR_MESSAGE_FIELDS = frozenset({"reasoning_content", "reasoning", "thinking_blocks"})
"""What the hub's answers have and a service may refuse when it comes back as history."""

OLD_LIMIT = {"max_completion_tokens": "max_tokens"}
"""For services that know only OpenAI's older name of the limit."""

_OPENAI_QUIRKS = Quirks(
    refused_in_messages=OUR_MESSAGE_FIELDS,
    limit_by_completion=re.compile(r"(o\d|gpt-[5-9])"),
    fixed_sampling=re.compile(r"(o\d|gpt-5(-mini|-nano|-\d{4}|$))"),
)
"""https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning has what they refuse."""

_ROWS = (
    ProviderKind(
        kind="openai",
        label="OpenAI",
        wire="openai",
        base_url="https://api.openai.com/v1",
        env_key=("OPENAI_API_KEY",),
        env_model="OPENAI_MODEL",
        litellm_provider="openai",
        starter_model="gpt-4o-mini",
        capabilities=EVERYTHING,
        quirks=_OPENAI_QUIRKS,
        docs="https://platform.openai.com/docs/api-reference/chat",
    ),
    ProviderKind(
        kind="anthropic",
        label="Anthropic",
        wire="anthropic",
        base_url="https://api.anthropic.com",
        env_key=("ANTHROPIC_API_KEY",),
        env_model="ANTHROPIC_MODEL",
        litellm_provider="anthropic",
        default_headers={"anthropic-version": "2023-06-01"},
        starter_model="claude-haiku-4-5",
        prefix="/v1",
        auth="x-api-key: {key}",
        docs="https://platform.claude.com/docs/en/api/messages",
    ),
    ProviderKind(
        kind="gemini",
        label="Google Gemini",
        wire="openai",
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        env_key=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        env_model="GEMINI_MODEL",
        litellm_provider="gemini",
        starter_model="gemini-3.8-flash",
        capabilities=CHAT_AND_VECTORS,
        quirks=Quirks(reasoning_apart=True, calls_end_in_stop=True),
        docs="https://ai.google.dev/gemini-api/docs/openai",
    ),
    ProviderKind(
        kind="groq",
        label="Groq",
        wire="openai",
        base_url="https://api.groq.com/openai/v1",
        env_key=("GROQ_API_KEY",),
        env_model="GROQ_MODEL",
        litellm_provider="groq",
        starter_model="openai/gpt-oss-20b",
        quirks=Quirks(
            refuses=frozenset({"logprobs", "logit_bias", "top_logprobs"}),
            refused_in_messages=OUR_MESSAGE_FIELDS | {"name"},
        ),
        docs="https://console.groq.com/docs/openai",
    ),
    ProviderKind(
        kind="groq_proxy",
        label="Groq proxy",
        wire="openai",
        base_url="http://localhost:8000",
        env_model="GROQ_PROXY_MODEL",
        litellm_provider="groq",
        needs_key=False,
        env_base_url=("GROQ_PROXY_BASE_URL", "GROQ_PROXY_URL"),
        capabilities=EVERYTHING,
        docs="https://console.groq.com/docs/openai",
    ),
    ProviderKind(
        kind="perplexity",
        label="Perplexity",
        wire="responses",
        base_url="https://api.perplexity.ai",
        env_key=("PERPLEXITY_API_KEY",),
        env_model="PERPLEXITY_MODEL",
        litellm_provider="perplexity",
        starter_model="perplexity/sonar",
        prefix="/v1",
        quirks=Quirks(searches=True, web_search_options=True),
        docs="https://docs.perplexity.ai/docs/agent-api",
    ),
    ProviderKind(
        kind="azure",
        label="Azure OpenAI",
        wire="openai",
        env_key=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
        env_model="AZURE_MODEL",
        env_base_url=("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE", "AZURE_BASE_URL"),
        litellm_provider="azure",
        needs_base_url=True,
        capabilities=EVERYTHING,
        prefix="/openai/v1",
        versioned="/openai/deployments/{model}{path}?api-version={api_version}",
        auth="api-key: {key}",
        options={"api_version": "as 2024-10-21, for the classic URL of a deployment"},
        quirks=_OPENAI_QUIRKS,
        docs="https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
    ),
    ProviderKind(
        kind="bedrock",
        label="Amazon Bedrock",
        wire="litellm",
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        env_key=("AWS_BEARER_TOKEN_BEDROCK",),
        env_model="BEDROCK_MODEL",
        litellm_provider="bedrock",
        needs_key=False,
        lists_models=False,
        wire_at_v1="openai",
        options={"region": "as eu-central-1; us-east-1 without it"},
        docs="https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html",
    ),
    ProviderKind(
        kind="openrouter",
        label="OpenRouter",
        wire="openai",
        base_url="https://openrouter.ai/api/v1",
        env_key=("OPENROUTER_API_KEY",),
        env_model="OPENROUTER_MODEL",
        litellm_provider="openrouter",
        default_headers={"HTTP-Referer": "https://llm-hub.invalid", "X-Title": "LLM Hub"},
        starter_model="openai/gpt-4o-mini",
        capabilities=EVERYTHING,
        quirks=Quirks(web_search_options=True),
        docs="https://openrouter.ai/docs/api-reference/overview",
    ),
    ProviderKind(
        kind="deepseek",
        label="DeepSeek",
        wire="openai",
        base_url="https://api.deepseek.com/v1",
        env_key=("DEEPSEEK_API_KEY",),
        env_model="DEEPSEEK_MODEL",
        litellm_provider="deepseek",
        starter_model="deepseek-v4-flash",
        quirks=Quirks(developer_role=False, renames=OLD_LIMIT),
        docs="https://api-docs.deepseek.com/api/create-chat-completion",
    ),
    ProviderKind(
        kind="mistral",
        label="Mistral",
        wire="openai",
        base_url="https://api.mistral.ai/v1",
        env_key=("MISTRAL_API_KEY",),
        env_model="MISTRAL_MODEL",
        litellm_provider="mistral",
        starter_model="mistral-small-latest",
        capabilities=CHAT_AND_VECTORS,
        quirks=Quirks(
            refuses=frozenset(
                {"logit_bias", "logprobs", "top_logprobs", "user", "store", "service_tier"}
            ),
            renames={"seed": "random_seed", **OLD_LIMIT},
            refused_in_messages=OUR_MESSAGE_FIELDS,
            stream_options=False,
            developer_role=False,
        ),
        docs="https://docs.mistral.ai/api/endpoint/chat",
    ),
    ProviderKind(
        kind="cohere",
        label="Cohere",
        wire="openai",
        base_url="https://api.cohere.ai/compatibility/v1",
        env_key=("COHERE_API_KEY", "CO_API_KEY"),
        env_model="COHERE_MODEL",
        litellm_provider="cohere",
        starter_model="command-a-03-2025",
        capabilities=CHAT_AND_VECTORS,
        models_url="https://api.cohere.com/v1/models",
        quirks=Quirks(
            refuses=frozenset(
                {"store", "metadata", "logit_bias", "top_logprobs", "n", "modalities"}
                | {"prediction", "audio", "service_tier", "parallel_tool_calls"}
                | {"dimensions", "user"}
            ),
            renames=OLD_LIMIT,
            refused_in_messages=OUR_MESSAGE_FIELDS,
        ),
        docs="https://docs.cohere.com/v2/docs/compatibility-api",
    ),
    ProviderKind(
        kind="together",
        label="Together AI",
        wire="openai",
        base_url="https://api.together.xyz/v1",
        env_key=("TOGETHER_API_KEY",),
        env_model="TOGETHER_MODEL",
        litellm_provider="together_ai",
        capabilities=EVERYTHING,
        quirks=Quirks(developer_role=False, renames=OLD_LIMIT),
        docs="https://docs.together.ai/docs/openai-api-compatibility",
    ),
    ProviderKind(
        kind="huggingface",
        label="Hugging Face",
        wire="openai",
        base_url="https://router.huggingface.co/v1",
        env_key=("HF_TOKEN", "HUGGINGFACE_API_KEY"),
        env_model="HUGGINGFACE_MODEL",
        litellm_provider="huggingface",
        starter_model="openai/gpt-oss-20b",
        quirks=Quirks(developer_role=False, renames=OLD_LIMIT),
        docs="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
    ),
    ProviderKind(
        kind="ollama",
        label="Ollama",
        wire="openai",
        base_url="http://localhost:11434/v1",
        env_model="OLLAMA_MODEL",
        litellm_provider="ollama",
        needs_key=False,
        capabilities=EVERYTHING,
        quirks=Quirks(developer_role=False, renames=OLD_LIMIT),
        docs="https://docs.ollama.com/api/openai-compatibility",
    ),
    ProviderKind(
        kind="vllm",
        label="vLLM",
        wire="openai",
        env_key=("VLLM_API_KEY",),
        env_model="VLLM_MODEL",
        needs_key=False,
        needs_base_url=True,
        capabilities=EVERYTHING,
        quirks=Quirks(developer_role=False),
        docs="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    ),
    ProviderKind(
        kind="xai",
        label="xAI",
        wire="openai",
        base_url="https://api.x.ai/v1",
        env_key=("XAI_API_KEY",),
        env_model="XAI_MODEL",
        litellm_provider="xai",
        starter_model="grok-4.3",
        quirks=Quirks(reasoning_apart=True),
        docs="https://docs.x.ai/docs/api-reference",
    ),
    ProviderKind(
        kind="openai_compatible",
        label="OpenAI-compatible",
        wire="openai",
        needs_key=False,
        needs_base_url=True,
        capabilities=EVERYTHING,
        options={"wire": "openai, anthropic or responses, if the server speaks another one"},
    ),
    ProviderKind(
        kind="litellm",
        label="Through litellm",
        wire="litellm",
        needs_key=False,
        lists_models=False,
        options={"provider": "litellm's name of the provider; further options go to litellm"},
        quirks=Quirks(web_search_options=True),
        docs="https://docs.litellm.ai/docs/providers",
    ),
    ProviderKind(
        kind="brave_search",
        label="Brave Search",
        wire="search",
        base_url="https://api.search.brave.com/res/v1",
        env_key=("BRAVE_SEARCH_API_KEY",),
        lists_models=False,
        capabilities=frozenset({"search"}),
        auth="X-Subscription-Token: {key}",
        options={"usd_per_1000_searches": "what your plan charges, as 5; without it 0 is booked"},
        docs="https://api-dashboard.search.brave.com/app/documentation/web-search",
    ),
    ProviderKind(
        kind="simulator",
        label="Simulated",
        wire="openai",
        needs_key=False,
        simulated=True,
        capabilities=EVERYTHING,
        options={"wire": "anthropic, to simulate that wire"},
    ),
)


class Catalog(dict[str, ProviderKind]):
    """Kinds by name. Indexing one that is gone gives a row that says so, so that the credentials
    of an app that was taken out don't keep the hub from starting."""

    def __missing__(self, kind: str) -> ProviderKind:
        return ProviderKind(
            kind, f"{kind} (not installed)", "search", lists_models=False, capabilities=frozenset()
        )


CATALOG = Catalog({row.kind: row for row in _ROWS})


def add(row: ProviderKind) -> None:
    """Add a kind, or replace the one that was registered under its name before.

    Raises ValueError if the name is one of the hub's own.
    """
    existing = CATALOG.get(row.kind)
    if existing is not None and existing.implementation is None:
        raise ValueError(f"{row.kind} is a kind of provider that LLM Hub has itself.")
    CATALOG[row.kind] = row


def kind_choices() -> list[tuple[str, str]]:
    """(kind, label) pairs for forms."""
    return [(row.kind, row.label) for row in CATALOG.values()]
