"""What rules make of a request. Pure: a request goes in, what becomes of it comes out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from llmhub.prompt_rules import compressing, masking, texts
from llmhub.prompt_rules.models import Action
from llmhub.prompt_rules.snapshot import Rule

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and what rules have done to it so far.

    `native` is the same request in the caller's own wire, if that is not OpenAI's. `route` is the
    model that it goes to instead, `blocked` what a caller is told whose call ends here. `notes` has
    a sentence for each rule that acted.
    """

    body: Json
    native: Json | None = None
    route: str = ""
    search: int = 0
    blocked: str = ""
    masked: bool = False
    notes: tuple[str, ...] = ()


class _Compression:
    """Compresses texts and counts the characters that this saves."""

    def __init__(self) -> None:
        self.saved = 0

    def __call__(self, text: str) -> str:
        done = compressing.compressed(text)
        self.saved += len(text) - len(done)
        return done


def apply(rules: Iterable[Rule], request: Request) -> Request:
    """Go through the rules in their order, until one blocks."""
    for rule in rules:
        if request.blocked:
            break
        if _matches(rule, request.body):
            request = _ACTIONS[rule.action](rule, request)
    return request


def _matches(rule: Rule, body: Json) -> bool:
    if rule.expression is None:
        return True
    whole = rule.whole_conversation
    text = texts.of_conversation(body) if whole else texts.of_last_prompt(body)
    return rule.expression.search(text) is not None


def _noted(request: Request, rule: Rule, what: str, **changes: Any) -> Request:
    note = f"rule “{rule.name}”: {what}"
    return replace(request, notes=(*request.notes, note), **changes)


def _is_chat(request: Request) -> bool:
    return "messages" in request.body


def _route(rule: Rule, request: Request) -> Request:
    if not _is_chat(request):
        return request
    return _noted(request, rule, f"routed to {rule.model}", route=rule.model)


def _add_system_prompt(rule: Rule, request: Request) -> Request:
    if not _is_chat(request):
        return request
    native = request.native
    if native is not None:
        native = texts.with_system_prompt({"system": "", **native}, rule.text)
    body = texts.with_system_prompt(request.body, rule.text)
    return _noted(request, rule, "added its system prompt", body=body, native=native)


def _search(rule: Rule, request: Request) -> Request:
    if not _is_chat(request) or request.search:
        return request
    what = f"switched search on, for {rule.results} results"
    return _noted(request, rule, what, search=rule.results)


def _block(rule: Rule, request: Request) -> Request:
    told = rule.text or "This prompt is not allowed here."
    return _noted(request, rule, "blocked the call", blocked=f"{told} (rule “{rule.name}”)")


def _mask(rule: Rule, request: Request) -> Request:
    masker = masking.Masker(rule.masks)
    body = texts.changed(request.body, masker, arguments=True)
    native = request.native
    if native is not None:
        native = texts.changed(native, masker, arguments=True)
    found = ", ".join(f"{count} × {kind}" for kind, count in masker.found.items())
    if not found:
        return request
    return _noted(request, rule, f"masked {found}", body=body, native=native, masked=True)


def _compress(rule: Rule, request: Request) -> Request:
    change = _Compression()
    body = texts.changed(request.body, change)
    if not change.saved:
        return request
    native = request.native
    if native is not None:
        native = texts.changed(native, compressing.compressed)
    what = f"compressed the prompt by {change.saved:,} characters"
    return _noted(request, rule, what, body=body, native=native)


_ACTIONS: Final[dict[str, Callable[[Rule, Request], Request]]] = {
    Action.ROUTE: _route,
    Action.SYSTEM_PROMPT: _add_system_prompt,
    Action.SEARCH: _search,
    Action.BLOCK: _block,
    Action.MASK: _mask,
    Action.COMPRESS: _compress,
}
