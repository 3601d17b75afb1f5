"""Who is calling: `Authorization: Bearer KEY` or `x-api-key: KEY`."""

from llmhub.api.wires.http import Scope
from llmhub.teams import callers
from llmhub.teams.callers import Caller


def caller(scope: Scope) -> Caller:
    """The caller of a request. Raises AuthenticationError, PermissionError."""
    bearer = api_key = ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            bearer = value.decode("latin-1")
        elif name == b"x-api-key":
            api_key = value.decode("latin-1")
    is_bearer = bearer[:7].lower() == "bearer "
    known = callers.by_key((bearer[7:] if is_bearer else api_key).strip())
    if known.networks:
        callers.check_address(known, scope.get("client"))
    return known
