"""Which processes are alive, so that the calls of a dead one can be told as interrupted.

A process is dead when it is of this machine and its pid is gone (or is now ours), or when its
heartbeat has stopped. Should a living one be taken for dead, the end of its call corrects the row.
"""

import os
import socket
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from llmhub.core.models import ServerProcess
from llmhub.usage.models import RequestLog, Status

log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0
DEAD_AFTER = timedelta(seconds=30)
INTERRUPTED = "The hub stopped while this call was under way."


def register(process_id: UUID) -> None:
    """Note that this process answers calls."""
    now = timezone.now()
    ServerProcess.objects.create(
        id=process_id, host=socket.gethostname(), pid=os.getpid(), started_at=now, heartbeat_at=now
    )


def beat(process_id: UUID) -> None:
    """Say that this process lives, and look after those that do not."""
    if not ServerProcess.objects.filter(pk=process_id).update(heartbeat_at=timezone.now()):
        register(process_id)
    mark_interrupted()


def leave(process_id: UUID) -> None:
    """Say goodbye; whatever is still under way was cut off."""
    _interrupt([process_id])


def is_alive(process_id: UUID) -> bool:
    """Whether a process answers calls, as far as is known."""
    process = ServerProcess.objects.filter(pk=process_id).first()
    return process is not None and not _is_dead(process)


def mark_interrupted() -> int:
    """Mark the running calls of dead processes. Returns how many calls there were."""
    dead = [process.pk for process in ServerProcess.objects.all() if _is_dead(process)]
    return _interrupt(dead) if dead else 0


def _is_dead(process: ServerProcess) -> bool:
    if process.heartbeat_at < timezone.now() - DEAD_AFTER:
        return True
    if process.host != socket.gethostname():
        return False
    return not _is_running(process)


def _is_running(process: ServerProcess) -> bool:
    if process.pid == os.getpid():
        newest = ServerProcess.objects.filter(host=process.host, pid=process.pid).latest(
            "started_at"
        )
        return process.pk == newest.pk
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _interrupt(process_ids: list[UUID]) -> int:
    with transaction.atomic():
        marked = RequestLog.objects.filter(
            process_id__in=process_ids, status=Status.RUNNING
        ).update(
            status=Status.INTERRUPTED, error_type="stream_interrupted", error_message=INTERRUPTED
        )
        ServerProcess.objects.filter(pk__in=process_ids).delete()
    if marked:
        log.warning("calls_interrupted", calls=marked)
    return marked
