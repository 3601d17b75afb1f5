"""The clients that are tried against a running hub, and their versions.

docs/clients.md tells people the same; a test compares the two. To try another version, change it
here and there. To add a client, add a row and a script of its name in `scripts/`.
"""

from dataclasses import dataclass
from typing import Literal

_USUAL = ("complete", "stream", "tool", "error")


@dataclass(frozen=True)
class Client:
    """A client, the packages it needs, and what its script tries.

    The first package is the one that gives the client its version.
    """

    name: str
    kind: Literal["python", "node"]
    packages: tuple[str, ...]
    tries: tuple[str, ...]

    @property
    def script(self) -> str:
        """The file in `scripts/`."""
        return f"{self.name}.{'py' if self.kind == 'python' else 'mjs'}"


CLIENTS = (
    Client(
        "openai_python",
        "python",
        ("openai==3.52.0",),
        (*_USUAL, "structured", "responses_complete", "responses_stream", "embedding"),
    ),
    Client(
        "openai_node",
        "node",
        ("openai@7.55.0",),
        (*_USUAL, "structured", "responses_complete", "responses_stream", "embedding"),
    ),
    Client("anthropic_python", "python", ("anthropic==2.11.0",), (*_USUAL, "structured")),
    Client("anthropic_node", "node", ("@anthropic-ai/sdk@1.11.0",), _USUAL),
    Client(
        "langchain_openai_python",
        "python",
        ("langchain-openai==1.7.3",),
        (*_USUAL, "structured", "responses_complete", "responses_stream", "embedding"),
    ),
    Client(
        "llama_index_python",
        "python",
        ("llama-index-llms-openai-like==0.8.1",),
        (*_USUAL, "legacy_complete"),
    ),
    Client(
        "litellm_python",
        "python",
        # litellm imports mcp, without requiring it, as soon as a request has tools.
        ("litellm==1.106.2", "mcp==2.3.0"),
        (*_USUAL, "messages_complete", "messages_stream", "embedding"),
    ),
    Client("llm_python", "python", ("llm==0.36",), (*_USUAL, "structured")),
    Client(
        "pydantic_ai_python",
        "python",
        ("pydantic-ai-slim[openai]==2.68.0",),
        (*_USUAL, "structured", "responses_complete"),
    ),
    Client("instructor_python", "python", ("instructor==1.17.0",), ("structured", "error")),
    Client(
        "vercel_ai_node",
        "node",
        ("ai@7.0.173", "@ai-sdk/openai-compatible@3.0.92", "@ai-sdk/openai@4.0.118", "zod@4.6.7"),
        (*_USUAL, "structured", "responses_complete", "responses_stream"),
    ),
)
