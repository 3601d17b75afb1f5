"""Downloads."""

from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse

_TEXT = {"schema": {"type": "string"}}

# What the schema says of an operation that answers with a file.
FILES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "A file, streamed.",
            "content": {"text/csv": _TEXT, "application/x-ndjson": _TEXT},
        }
    }
}


def file_of(
    content: AsyncIterator[str], name: str, extension: str, content_type: str
) -> StreamingHttpResponse:
    """A download that goes out piece by piece."""
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    response["X-Accel-Buffering"] = "no"
    return response
