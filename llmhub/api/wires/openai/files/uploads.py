"""Taking in an uploaded file: a form in the shape that browsers and SDKs send files in."""

import tempfile
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from llmhub.api.wires.http import Receive, Request, body_parts
from llmhub.core.errors import RequestTooLargeError, ValidationError

MEMORY_BYTES = 1_000_000
FORM_BYTES = 100_000  # what a form has besides its file
MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Upload:
    """What a form holds. `content` is a file on this machine's disk; close it."""

    fields: dict[str, str]
    name: str
    content: Any


async def receive_to(request: Request, receive: Receive, file: IO[bytes]) -> int:
    """Write a request's body to a file. Returns its size; raises RequestTooLargeError."""
    limit = settings.LLMHUB_MAX_FILE_BYTES
    declared = request.header(b"content-length")
    if declared.isdigit() and int(declared) > limit + FORM_BYTES:
        raise _too_large(int(declared))
    size = 0
    async for piece in body_parts(receive):
        size += len(piece)
        if size > limit + FORM_BYTES:
            raise _too_large(size)
        file.write(piece)
    file.seek(0)
    return size


def _too_large(size: int) -> RequestTooLargeError:
    limit = settings.LLMHUB_MAX_FILE_BYTES
    return RequestTooLargeError(
        f"The file has {size / MEGABYTE:.1f} MB; the limit is {limit / MEGABYTE:.0f} MB.",
        param="file",
    )


def spool() -> IO[bytes]:
    """A place for a body: memory while it is small, then the disk."""
    return tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)


def read(content_type: str, body: Any, size: int) -> Upload:
    """The fields and the file of a form. Raises ValidationError."""
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": size}
    if not content_type.lower().startswith("multipart/form-data"):
        raise ValidationError(
            "Send the file as multipart/form-data, with the fields file and purpose."
        )
    try:
        parser = MultiPartParser(meta, body, [TemporaryFileUploadHandler()], "utf-8")
        fields, files = parser.parse()
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise ValidationError(f"The form can't be read: {error}") from None
    file = files.get("file")
    if file is None:
        raise ValidationError("file is missing from the form.", param="file")
    if (file.size or 0) > settings.LLMHUB_MAX_FILE_BYTES:
        raise _too_large(file.size or 0)
    return Upload({name: str(value) for name, value in fields.items()}, file.name or "file", file)
