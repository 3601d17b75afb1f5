"""Sending files to the hub for a prompt, and looking at them again."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from llmhub.core.errors import LLMHubError, ValidationError
from playground import attachments
from playground.models import Attachment
from playground.signed_in import caller_of

_FORM_BYTES = 10_000
_NOTHING_RUNS = "default-src 'none'; sandbox"


@login_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Keep the file in the form's `file` field; its summary, or an error in words."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > attachments.MAX_IMAGE_BYTES + _FORM_BYTES:
            raise attachments.too_large("This file")
        sent = request.FILES.get("file")
        if sent is None:
            raise ValidationError("There is no file in the form.", param="file")
        if (sent.size or 0) > attachments.MAX_IMAGE_BYTES:
            raise attachments.too_large(attachments.shown_name(sent.name or ""))
        checked = attachments.check(sent.name or "", sent.read())
        kept = attachments.keep(caller_of(request), checked)
    except LLMHubError as error:
        return JsonResponse({"error": error.message}, status=error.status)
    return JsonResponse(attachments.summary(kept), status=201)


@login_required
@require_GET
def show(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """A file of the person's own or of their team's comparisons."""
    found = attachments.visible(caller_of(request), attachment_id)
    if found is None:
        raise Http404("This file does not exist, or is not your team's.")
    return file_response(found)


def file_response(attachment: Attachment) -> HttpResponse:
    """The file as what it was found to be; nothing in it is ever run."""
    charset = "; charset=utf-8" if attachment.kind == Attachment.Kind.TEXT else ""
    response = HttpResponse(bytes(attachment.content), content_type=attachment.media_type + charset)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _NOTHING_RUNS
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
