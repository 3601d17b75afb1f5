"""When each key was last used, written now and then instead of at every call."""

from datetime import timedelta

from django.db.models import Max, Q
from django.utils import timezone

from llmhub.teams.models import VirtualKey
from llmhub.usage.models import RequestLog

OVERLAP = timedelta(minutes=15)
LONGEST = timedelta(days=7)


def note() -> int:
    """Write the times of calls since the last time; returns how many keys it changed.

    It goes past `save`, because a key's last use is no change of configuration.
    """
    newest = VirtualKey.objects.aggregate(newest=Max("last_used_at"))["newest"]
    now = timezone.now()
    since = max(newest - OVERLAP, now - LONGEST) if newest else now - LONGEST
    calls = RequestLog.objects.filter(created_at__gte=since, key_id__isnull=False).order_by()
    used = calls.values_list("key_id").annotate(last=Max("created_at"))
    return sum(_note(key_id, last) for key_id, last in used)


def _note(key_id: int, last: object) -> int:
    older = Q(last_used_at__isnull=True) | Q(last_used_at__lt=last)
    return VirtualKey.objects.filter(older, pk=key_id).update(last_used_at=last)
