"""The ways to reach an upstream. `for_target` picks; a transport knows one wire each."""

from llmhub.core.errors import ConfigurationError
from providers import endpoints
from providers.registry import Access, Registry, Target
from providers.transports import translated
from providers.transports.anthropic import AnthropicTransport
from providers.transports.base import Reply, ReplyStream, Transport
from providers.transports.bedrock import BedrockTransport
from providers.transports.direct import DirectTransport
from providers.transports.responses import ResponsesTransport
from providers.transports.translated import LiteLLMTransport

__all__ = ["Reply", "ReplyStream", "Transport", "for_target", "warm_if_needed"]

_bedrock = BedrockTransport()
_by_wire: dict[str, Transport] = {
    "openai": DirectTransport(),
    "anthropic": AnthropicTransport(),
    "responses": ResponsesTransport(),
    "litellm": LiteLLMTransport(),
}


def for_target(target: Target) -> Transport:
    """The transport that speaks the target's wire. Raises ConfigurationError if there is none."""
    access = target.access
    if access.provider.implementation is not None:
        own: Transport = access.provider.implementation
        return own
    wire = endpoints.wire_of(access)
    if wire == "litellm" and access.provider.kind == "bedrock":
        return _bedrock
    transport = _by_wire.get(wire)
    if transport is None:
        raise ConfigurationError(
            f"{access.name} ({access.provider.label}) searches the web and has no models. Name a "
            "model, and ask for a search with it."
        )
    return transport


def warm_if_needed(known: Registry) -> None:
    """Import litellm in the background if a credential that is switched on needs it."""
    if any(access.enabled and _needs_litellm(access) for access in known.accesses.values()):
        translated.warm()


def _needs_litellm(access: Access) -> bool:
    try:
        return endpoints.wire_of(access) == "litellm"
    except ConfigurationError:  # its calls will say so
        return False
