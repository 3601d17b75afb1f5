"""Files that go along with a prompt: what they may be, who may see them, what a model gets.

What a file is, its content says; its name is only shown. Files belong to a team: one that no prompt
has taken yet is its owner's alone, afterwards the comparison's.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, Sum
from django.utils import timezone

from llmhub.core.errors import PermissionError, RequestTooLargeError, ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground.models import Attachment, Comparison, Turn

MAX_IMAGE_BYTES: Final = 5_000_000
MAX_TEXT_BYTES: Final = 1_000_000
MAX_PROMPT_BYTES: Final = 12_000_000
MAX_TEAM_BYTES: Final = 1_000_000_000
NAME_LENGTH: Final = 120
UNUSED_FOR: Final = timedelta(days=1)
DELETED_FOR: Final = timedelta(days=30)

_FENCE = re.compile(r"^`{3,}", re.MULTILINE)
_NOT_IN_TEXTS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept."""

    name: str
    kind: str
    media_type: str
    content: bytes


# --- What a file is ------------------------------------------------------------------------------


def check(name: str, content: bytes) -> Checked:
    """What a file is by its content. Raises ValidationError or RequestTooLargeError in words."""
    name = shown_name(name)
    if not content:
        raise ValidationError(f"{name} is empty.", param="file")
    media_type = image_type(content)
    kind = Attachment.Kind.IMAGE if media_type else Attachment.Kind.TEXT
    limit = MAX_IMAGE_BYTES if media_type else MAX_TEXT_BYTES
    if not media_type and not _is_text(content[:MAX_TEXT_BYTES]):
        raise ValidationError(
            f"{name} is neither a picture (PNG, JPEG, WebP, GIF) nor a text file.", param="file"
        )
    if len(content) > limit:
        raise too_large(name)
    return Checked(name, str(kind), media_type or "text/plain", content)


def too_large(name: str) -> RequestTooLargeError:
    """The error for a file over its limit."""
    return RequestTooLargeError(
        f"{name} is too large: pictures may have {MAX_IMAGE_BYTES // 1_000_000} MB, "
        f"text files {MAX_TEXT_BYTES // 1_000_000} MB.",
        param="file",
    )


def image_type(content: bytes) -> str:
    """The media type of a picture, by the bytes that it begins with; "" for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        # A letter may have been cut in two at the end of what is looked at.
        if error.start < len(content) - 3:
            return False
        text = content[: error.start].decode()
    return not _NOT_IN_TEXTS.search(text)


def shown_name(name: str) -> str:
    """The last part of a file's name, without control and direction characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"})
    return plain.strip()[-NAME_LENGTH:] or "file"


# --- Keeping and showing -------------------------------------------------------------------------


def keep(caller: Caller, file: Checked) -> Attachment:
    """Store a file for the caller's next prompt."""
    if caller.role == Role.VIEWER or caller.user_id is None:
        raise PermissionError("Viewers may look at comparisons but not add files.")
    _sweep(caller.team_id)
    used = Attachment.objects.filter(team_id=caller.team_id).aggregate(sum=Sum("size"))["sum"] or 0
    if used + len(file.content) > MAX_TEAM_BYTES:
        raise RequestTooLargeError(
            "Your team's files fill the room there is for them. Delete comparisons with files; "
            f"theirs go {DELETED_FOR.days} days later.",
            param="file",
        )
    return Attachment.objects.create(
        team_id=caller.team_id,
        owner_id=caller.user_id,
        name=file.name,
        kind=file.kind,
        media_type=file.media_type,
        size=len(file.content),
        content=file.content,
    )


def _sweep(team_id: int) -> None:
    """Delete files that no prompt took, and those of comparisons deleted long ago."""
    now = timezone.now()
    unused = Q(comparison=None, created_at__lt=now - UNUSED_FOR)
    deleted = Q(comparison__deleted_at__lt=now - DELETED_FOR)
    Attachment.objects.filter(unused | deleted, team_id=team_id).delete()


def visible(caller: Caller, attachment_id: UUID) -> Attachment | None:
    """A file that the caller may see, or None."""
    mine = Q(comparison=None, owner_id=caller.user_id)
    theirs = Q(comparison__isnull=False, comparison__deleted_at=None)
    return Attachment.objects.filter(
        mine | theirs, pk=attachment_id, team_id=caller.team_id
    ).first()


def take(caller: Caller, comparison: Comparison, ids: tuple[UUID, ...]) -> list[dict[str, Any]]:
    """Give files to a prompt of this comparison; what the turn says of them, in the order given.

    They are the caller's own that no prompt has taken, or the comparison's already.
    """
    if not ids:
        return []
    mine = Q(comparison=None, owner_id=caller.user_id, team_id=caller.team_id)
    found = {
        row.pk: row
        for row in Attachment.objects.filter(mine | Q(comparison=comparison), pk__in=ids).defer(
            "content"
        )
    }
    if missing := [one for one in ids if one not in found]:
        raise ValidationError(
            f"{len(missing)} of the files are not there any more. Remove and add them again.",
            param="attachments",
        )
    if sum(row.size for row in found.values()) > MAX_PROMPT_BYTES:
        raise RequestTooLargeError(
            f"The files of a prompt may have {MAX_PROMPT_BYTES // 1_000_000} MB together.",
            param="attachments",
        )
    Attachment.objects.filter(pk__in=ids, comparison=None).update(comparison=comparison)
    return [summary(found[one]) for one in ids]


def summary(row: Attachment) -> dict[str, Any]:
    """What a page shows of a file."""
    return {
        "id": str(row.pk),
        "name": row.name,
        "kind": row.kind,
        "media_type": row.media_type,
        "size": row.size,
    }


# --- For a model ---------------------------------------------------------------------------------


def contents(turns: Iterable[Turn]) -> dict[str, Attachment]:
    """The files of these turns with their content, by id."""
    ids = [one["id"] for turn in turns for one in turn.attachments]
    if not ids:
        return {}
    return {str(row.pk): row for row in Attachment.objects.filter(pk__in=ids)}


def has_images(turn: Turn) -> bool:
    """Whether pictures go along with a turn's prompt."""
    return any(one["kind"] == Attachment.Kind.IMAGE for one in turn.attachments)


def user_content(turn: Turn, files: dict[str, Attachment], *, sees: bool) -> Any:
    """A turn's prompt as a message's content: a text, or parts where pictures go along.

    A model that does not see is told the names of pictures instead.
    """
    texts, pictures = [turn.prompt], []
    for one in turn.attachments:
        row = files.get(one["id"])
        if row is None:
            texts.append(f"[The file {one['name']} was deleted.]")
        elif row.kind == Attachment.Kind.TEXT:
            texts.append(fenced(row.name, bytes(row.content).decode(errors="replace")))
        elif sees:
            pictures.append({"type": "image_url", "image_url": {"url": _data_url(row)}})
        else:
            texts.append(f"[A picture, {row.name}, that you can't see.]")
    text = "\n\n".join(texts)
    return [{"type": "text", "text": text}, *pictures] if pictures else text


def fenced(name: str, text: str) -> str:
    """A text file as Markdown. The fence is longer than any in the text."""
    longest = max((len(match[0]) for match in _FENCE.finditer(text)), default=2)
    fence = "`" * max(3, longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"{name}:\n{fence}\n{text.removeprefix(chr(0xFEFF))}{end}{fence}"


def _data_url(row: Attachment) -> str:
    return f"data:{row.media_type};base64,{base64.b64encode(bytes(row.content)).decode()}"
