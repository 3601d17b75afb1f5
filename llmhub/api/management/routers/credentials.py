"""/api/v1/credentials: to look at. They are changed in the admin or by a config file."""

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import rights
from llmhub.api.management.lists import page_of
from llmhub.api.management.schemas.credentials import Credential, CredentialQuery, Credentials
from llmhub.api.management.signing_in import person
from providers.models import Credential as CredentialRow

router = Router(tags=["Credentials"])


@router.get("", response=Credentials)
def list_credentials(request: HttpRequest, query: Query[CredentialQuery]) -> Credentials:
    """The ways into providers, without secrets; for admins of the hub."""
    rows = _rows(request)
    if query.kind:
        rows = rows.filter(kind=query.kind)
    if query.enabled:
        rows = rows.filter(enabled=query.enabled == "true")
    found, following = page_of(rows, query)
    return Credentials(data=[Credential.of(row) for row in found], next_cursor=following)


@router.get("/{name}", response=Credential)
def get_credential(request: HttpRequest, name: str) -> Credential:
    """One credential, without secrets; for admins of the hub."""
    row = None if "\x00" in name else _rows(request).filter(name=name).first()
    if row is None:
        raise NotFoundError(f"There is no credential {name[:60]!r}.", param="name")
    return Credential.of(row)


def _rows(request: HttpRequest) -> "QuerySet[CredentialRow]":
    may = person(request).has_perm("providers.view_credential")
    rights.require(may, "Only admins of the hub see credentials.")
    return CredentialRow.objects.select_related("last_check").prefetch_related(
        "deployments__model_map"
    )
