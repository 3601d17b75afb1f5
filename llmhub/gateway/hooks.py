"""The admins' prompt rules, put to a call before anything else is done with it.

A hub without rules pays one look at an empty tuple for them. See `llmhub.prompt_rules`.
"""

from dataclasses import replace

from llmhub.core.errors import ConfigurationError, ContentPolicyError, ModelNotFoundError
from llmhub.gateway.call import Call
from llmhub.prompt_rules import snapshot
from llmhub.prompt_rules.applying import Request, apply
from providers.registry import Model, Registry


def applied(call: Call, known: Registry, model: Model) -> Model:
    """Do to the call what the rules of its team say; returns the model that it goes to.

    Raises ContentPolicyError if a rule blocks it.
    """
    rules = snapshot.of_team(call.ask.caller.team_id)
    if not rules:
        return model
    ask = call.ask
    native = ask.native
    written = native.body if native is not None else None
    done = apply(rules, Request(ask.body, written, search=ask.search))
    call.record.notes += done.notes
    ask.body, ask.search = done.body, done.search
    if native is not None and done.native is not None:
        ask.native = replace(native, body=done.native)
    if done.masked:
        ask.raw = None  # what was masked is not recorded either
    if done.blocked:
        raise ContentPolicyError(done.blocked, code="blocked_by_rule")
    return _routed(call, known, done.route) if done.route else model


def _routed(call: Call, known: Registry, name: str) -> Model:
    """The model that a rule names. The admin's word stands above what the key may use."""
    try:
        return known.resolve(name)
    except (ModelNotFoundError, ConfigurationError) as error:
        call.record.notes.append(f"not routed to {name}: {error.message}")
        return known.resolve(call.ask.model)
