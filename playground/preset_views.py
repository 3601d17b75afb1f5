"""The dialog with presets. htmx swaps its list."""

import orjson
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.teams.callers import Caller
from playground import presets
from playground.models import Preset
from playground.signed_in import caller_of

MAX_BYTES = 2_000_000


@login_required
@require_http_methods(["GET", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """The presets; POST keeps `columns`, a JSON list, as one."""
    caller = caller_of(request)
    if request.method != "POST":
        return _list(request, caller)
    try:
        kept = presets.save(
            caller,
            name=request.POST.get("name", ""),
            shared="shared" in request.POST,
            columns=_json(request.POST.get("columns", "")),
        )
    except LLMHubError as error:
        return _list(request, caller, problem=error.message)
    return _list(request, caller, said=f"“{kept.name}” is kept.")


@login_required
@require_POST
def rename(request: HttpRequest, preset_id: int) -> HttpResponse:
    """Give it another name."""
    caller = caller_of(request)
    try:
        presets.rename(caller, preset_id, request.POST.get("name", ""))
    except LLMHubError as error:
        return _list(request, caller, problem=error.message)
    return _list(request, caller)


@login_required
@require_POST
def delete(request: HttpRequest, preset_id: int) -> HttpResponse:
    """Delete it."""
    caller = caller_of(request)
    try:
        presets.delete(caller, preset_id)
    except LLMHubError as error:
        return _list(request, caller, problem=error.message)
    return _list(request, caller, said="The preset is deleted.")


def _json(text: str) -> object:
    if len(text) > MAX_BYTES:
        raise ValidationError("These columns are too large to keep.", param="columns")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValidationError("The columns are not JSON.", param="columns") from None


def _list(
    request: HttpRequest, caller: Caller, *, problem: str = "", said: str = ""
) -> HttpResponse:
    rows = [_row(caller, preset) for preset in presets.visible(caller)]
    context = {"presets": rows, "problem": problem, "said": said}
    return render(request, "playground/_presets.html", context)


def _row(caller: Caller, preset: Preset) -> dict[str, object]:
    return {
        "id": preset.pk,
        "name": preset.name,
        "models": [column["model"] for column in preset.columns],
        "shared": preset.shared,
        "owner": "" if preset.owner_id == caller.user_id else str(preset.owner),
        "may_edit": presets.may_edit(caller, preset),
        "columns": orjson.dumps(preset.columns).decode(),
    }
