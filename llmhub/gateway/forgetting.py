"""The admin's button that forgets every kept answer, for when something old is served."""

import redis
from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from llmhub.core.models import AuditEntry
from llmhub.gateway.cache import responses


@require_POST
def forget_answers(request: HttpRequest) -> HttpResponse:
    """Forget all kept answers of all teams, in every process."""
    if not request.user.has_perm("providers.change_modelmap"):
        raise PermissionDenied
    try:
        count = async_to_sync(responses.store.clear)()
    except redis.RedisError:
        said = "Redis does not answer, so the kept answers are still there. Try again later."
        messages.error(request, said)
    else:
        AuditEntry.objects.create(
            actor_id=request.user.pk,
            actor_label=str(request.user),
            action="forget_answers",
            object_type="kept answers",
            changes={"answers": count},
        )
        messages.success(request, f"Forgot {count:,} kept answer{'' if count == 1 else 's'}.")
    return HttpResponseRedirect(reverse("admin:providers_modelmap_changelist"))
