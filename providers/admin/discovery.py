"""From a credential to model maps: ask the provider what it has, let a person pick, map that."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from llmhub.core.audited import AuditedAdmin
from llmhub.core.errors import LLMHubError
from providers import connection, mapping, prices
from providers.model_lists import DiscoveredModel
from providers.models import Credential, CredentialCheck, Deployment, ModelMap
from providers.price_text import described, per_1m

REMEMBERED_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Row:
    """A model on the page: what is known of it, and the name proposed for it."""

    position: int
    model: str
    suggested_name: str
    mapped_as: list[str]
    input_price: str
    output_price: str
    price_stated: bool
    context: str
    capabilities: str
    stated: DiscoveredModel


@dataclass(frozen=True, slots=True)
class Section:
    """One credential's models."""

    credential: Credential
    rows: list[Row] = field(default_factory=list)


async def _discover_all(
    credentials: Sequence[Credential],
) -> list[list[DiscoveredModel] | LLMHubError]:
    async def discover(credential: Credential) -> list[DiscoveredModel] | LLMHubError:
        try:
            return await connection.discover_models(credential)
        except LLMHubError as error:
            return error

    return list(await asyncio.gather(*(discover(one) for one in credentials)))


# --- what the last test said, for the list -----------------------------------------------------


def last_test_text(credential: Credential) -> SafeString | str:
    """ "ok 5 minutes ago" of this version of the credential, or a dash."""
    found: CredentialCheck | None = getattr(credential, "last_check", None)
    if found is None or found.checked_at < credential.updated_at:
        return "–"
    return format_html(
        '<span class="hub-outcome hub-outcome--{}" title="{}">{}</span> {} ago',
        found.outcome,
        found.message,
        found.outcome,
        timesince(found.checked_at),
    )


def suggestions(credential: Credential) -> list[str]:
    """Upstream models that the provider listed lately; empty if nobody asked."""
    found: list[str] = cache.get(_models_key(credential)) or []
    return found


def _models_key(credential: Credential) -> str:
    return f"credential-models:{credential.pk}"


# --- the page --------------------------------------------------------------------------------


def page(
    model_admin: AuditedAdmin, request: HttpRequest, credentials: list[Credential]
) -> TemplateResponse | None:
    """The models of these credentials to choose from, or None if no provider listed any."""
    _may_map(request)
    sections = []
    answers = async_to_sync(_discover_all)(credentials)
    for credential, answer in zip(credentials, answers, strict=True):
        if isinstance(answer, LLMHubError):
            model_admin.message_user(request, answer.message, messages.ERROR)
            changes: dict[str, Any] = {"error": answer.type}
        else:
            cache.set(_models_key(credential), [model.id for model in answer], REMEMBERED_S)
            sections.append(Section(credential, _rows(credential, answer)))
            changes = {"models": len(answer)}
        model_admin.write_audit(request, "discover_models", credential, changes=changes)
    if not sections:
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Discover models",
        "opts": model_admin.opts,
        "sections": sections,
        "media": model_admin.media,
    }
    return TemplateResponse(request, "admin/providers/credential/discover.html", context)


def _rows(credential: Credential, models: list[DiscoveredModel]) -> list[Row]:
    taken = set(ModelMap.objects.values_list("name", flat=True))
    credentials = set(Credential.objects.values_list("name", flat=True))
    mapped = _mapped(credential)
    rows = []
    for position, model in enumerate(models):
        name = mapping.suggest_name(credential, model.id, taken=taken, credentials=credentials)
        taken.add(name)
        rows.append(_row(credential, position, model, name, mapped.get(model.id, [])))
    return rows


def _mapped(credential: Credential) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for row in Deployment.objects.filter(credential=credential).select_related("model_map"):
        names.setdefault(row.upstream_model, []).append(row.model_map.name)
    return names


def _row(
    credential: Credential, position: int, model: DiscoveredModel, name: str, mapped_as: list[str]
) -> Row:
    price = prices.lookup(credential.provider, model.id) or prices.UNKNOWN
    stated = model.input_cost_per_1m is not None and not price.is_known
    window = model.context_window or price.context_window
    return Row(
        position=position,
        model=model.id,
        suggested_name=name,
        mapped_as=mapped_as,
        input_price=per_1m(model.input_cost_per_1m if stated else price.input_per_1m),
        output_price=per_1m(model.output_cost_per_1m if stated else price.output_per_1m),
        price_stated=stated,
        context=f"{window:,}" if window else "unknown",
        capabilities=described(price.capabilities),
        stated=model if stated or not price.context_window else DiscoveredModel(model.id),
    )


# --- mapping what was chosen ---------------------------------------------------------------------


def map_chosen(model_admin: AuditedAdmin, request: HttpRequest) -> None:
    """Make model maps of the ticked rows; say what was made and what could not be."""
    _may_map(request)
    made: list[str] = []
    for choice in request.POST.getlist("choice"):
        pk, _, position = choice.partition(":")
        credential = Credential.objects.filter(pk=pk).first() if pk.isdigit() else None
        if credential is not None:
            _map(model_admin, request, credential, f"{pk}-{position}", made)
    if made:
        count = f"{len(made)} model{'' if len(made) == 1 else 's'}"
        model_admin.message_user(request, f"Mapped {count}: {', '.join(made)}.", messages.SUCCESS)
    elif not request.POST.getlist("choice"):
        model_admin.message_user(request, "No model was ticked.", messages.WARNING)


def _map(
    model_admin: AuditedAdmin,
    request: HttpRequest,
    credential: Credential,
    row: str,
    made: list[str],
) -> None:
    name = request.POST.get(f"name-{row}", "").strip()
    upstream = request.POST.get(f"model-{row}", "").strip()
    try:
        mapped = mapping.map_model(
            credential=credential,
            upstream_model=upstream,
            name=name,
            input_cost_per_1m=_usd(request.POST.get(f"input-{row}")),
            output_cost_per_1m=_usd(request.POST.get(f"output-{row}")),
            context_window=_count(request.POST.get(f"context-{row}")),
            acting_user=request.user,
        )
    except ValidationError as error:
        text = f"{name or upstream}: {' '.join(error.messages)}"
        model_admin.message_user(request, text, messages.ERROR)
        return
    if mapped.new_deployment:
        model_admin.write_audit(
            request, "map_model", credential, changes={"model": upstream, "name": name}
        )
        made.append(name)


def _may_map(request: HttpRequest) -> None:
    if not request.user.has_perms(["providers.add_modelmap", "providers.add_deployment"]):
        raise PermissionDenied


def _usd(text: str | None) -> Decimal | None:
    try:
        usd = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return usd if usd is None or (usd.is_finite() and usd >= 0) else None


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
