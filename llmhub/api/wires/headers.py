"""Response headers: what they tell about a call, and about an error."""

from llmhub.api.http_errors import WrongMethodError
from llmhub.api.wires import rate_headers
from llmhub.api.wires.http import Headers
from llmhub.core.errors import LLMHubError
from llmhub.usage.records import Record

_CLOSING = frozenset({408, 413})  # the rest of the body is not waited for


def of_call(record: Record) -> Headers:
    """The headers that tell about the call. `request-id` is Anthropic's name for it."""
    number = str(record.id).encode()
    found = [
        (b"x-request-id", number),
        (b"request-id", number),
        (b"x-llmhub-provider", record.provider.encode("latin-1", "replace")),
        (b"x-llmhub-model", _one_line(record.model)),
        (b"x-llmhub-cache", record.cache.encode()),
        (b"x-llmhub-attempts", b"%d" % _attempts(record)),
    ]
    if record.held is not None:
        found += rate_headers.of(record.held.rooms)
    return found


def of_error(error: LLMHubError) -> Headers:
    """The headers of an error: `retry-after` in whole seconds rounded up, if it is known."""
    found: Headers = []
    if error.record is not None:
        found += of_call(error.record)
    if error.retry_after is not None:
        found.append((b"retry-after", b"%d" % -(-error.retry_after // 1)))
    if isinstance(error, WrongMethodError):
        found.append((b"allow", error.allowed.encode()))
    if error.status in _CLOSING:
        found.append((b"connection", b"close"))
    return found


def _attempts(record: Record) -> int:
    """How often an upstream was asked. The attempt under way, as in a stream, is not noted yet;
    those that the hub's own limits kept back are."""
    under_way = record.status == "running" and record.cache != "hit"
    asked = [entry for entry in record.attempts if entry["outcome"] != "skipped"]
    return len(asked) + under_way


def _one_line(text: str) -> bytes:
    """A header's value may have no line break; a model's name comes from the caller."""
    safe = text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
    return safe[:200].encode("latin-1", "replace")
