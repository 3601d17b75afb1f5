"""Who is calling: `Authorization: Bearer KEY` or `x-api-key: KEY`."""

from llmhub.api.wires.http import Scope
from llmhub.teams import callers
from llmhub.teams.callers import Caller


def caller(scope: Scope) -> Caller:
    """The caller of a request. Raises AuthenticationError, PermissionError."""
    known = known_caller(scope)
    check_address(known, scope)
    return known


def known_caller(scope: Scope) -> Caller:
    """Whose key was sent, wherever it was sent from. Raises AuthenticationError."""
    bearer = api_key = ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            bearer = value.decode("latin-1")
        elif name == b"x-api-key":
            api_key = value.decode("latin-1")
    is_bearer = bearer[:7].lower() == "bearer "
    return callers.by_key((bearer[7:] if is_bearer else api_key).strip())


def check_address(known: Caller, scope: Scope) -> None:
    """Raise PermissionError if the key may not be used from where the request comes from."""
    if known.networks:
        callers.check_address(known, scope.get("client"))
