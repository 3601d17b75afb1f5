"""From single calls to groups of calls, and from groups to stored buckets. Used by `rollups`."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from llmhub.usage.grains import SPANS, TOLD_APART, Grain
from llmhub.usage.models import Status, UsageBucket
from llmhub.usage.queries.measures import BUCKET_FIELDS, CALL_FIELDS, Measures
from llmhub.usage.spans import FINE


class Dimensions(NamedTuple):
    """What the calls of a bucket have in common."""

    grain: int
    team_id: int | None
    key_id: int | None
    user_id: int | None
    model: str
    provider: str
    source: str
    status: str
    error_type: str
    tags: tuple[str, ...]

    def at(self, grain: Grain) -> "Dimensions":
        """The same, all left empty that the grain does not tell apart."""
        return self._replace(grain=grain.value, **_LEFT_EMPTY[grain])

    def digest(self) -> str:
        """A short name for the combination, the same in every process."""
        return blake2b(repr(tuple(self)).encode(), digest_size=16).hexdigest()


_EMPTY: dict[str, tuple[str, Any]] = {
    "model": ("model", ""),
    "provider": ("provider", ""),
    "source": ("source", ""),
    "key": ("key_id", None),
    "user": ("user_id", None),
    "tag": ("tags", ()),
}
_LEFT_EMPTY: dict[Grain, dict[str, Any]] = {
    grain: dict(pair for name, pair in _EMPTY.items() if name not in TOLD_APART[grain])
    for grain in Grain
}

Groups: TypeAlias = dict[tuple[int, Dimensions], Measures]
Buckets: TypeAlias = dict[tuple[Grain, int], Groups]  # by grain and span
Running: TypeAlias = list[tuple[UUID, datetime]]

CALL_ROW = ("pk", "created_at", *Dimensions._fields[1:], *CALL_FIELDS)
MANY_STARTS = 500
_TAGS = CALL_ROW.index("tags")


def as_tags(value: Any) -> tuple[str, ...]:
    """Tags as a record holds them, in one order and each once."""
    return tuple(sorted({str(tag) for tag in value})) if value else ()


def add_up(rows: Iterable[tuple[Any, ...]]) -> tuple[Groups, Running]:
    """Groups by start (in seconds, finest span) and dimensions, and the calls still running."""
    groups: Groups = defaultdict(Measures)
    running: Running = []
    for row in rows:
        pk, created_at = row[0], row[1]
        dimensions = Dimensions._make((Grain.FULL.value, *row[2:_TAGS], as_tags(row[_TAGS])))
        if dimensions.status == Status.RUNNING:
            running.append((pk, created_at))
            continue
        seconds = int(created_at.timestamp())
        groups[seconds - seconds % FINE, dimensions].add_call(row[_TAGS + 1 :])
    return groups, running


def fold(groups: Groups, *, fine_from: datetime) -> Buckets:
    """The groups added up to buckets of every kind; the finest only from `fine_from` on."""
    for measures in groups.values():
        measures.compact()
    buckets: Buckets = {}
    for grain, spans in SPANS.items():
        coarser = groups if grain is Grain.FULL else _at(grain, groups)
        for span in spans:
            buckets[grain, span] = _fold(coarser, span, fine_from)
    return buckets


def _at(grain: Grain, groups: Groups) -> Groups:
    merged: Groups = defaultdict(Measures)
    for (start, dimensions), measures in groups.items():
        merged[start, dimensions.at(grain)].merge(measures)
    return merged


def _fold(groups: Groups, span: int, fine_from: datetime) -> Groups:
    oldest = fine_from.timestamp() if span == FINE else 0
    folded: Groups = defaultdict(Measures)
    for (start, dimensions), measures in groups.items():
        if start >= oldest:
            folded[start - start % span, dimensions].merge(measures)
    return folded


def store(buckets: Buckets) -> None:
    """Add to the stored buckets. Call it in a transaction that holds the lock."""
    for (grain, span), groups in buckets.items():
        if groups:
            _add_to_stored(grain, span, groups)


def _add_to_stored(grain: Grain, span: int, groups: Groups) -> None:
    """In plain SQL: through model instances this takes four times as long."""
    adapt = connection.ops.adapt_datetimefield_value
    stored = _stored(UsageBucket.objects.filter(grain=grain, span=span), groups)
    rows = []
    for (start, dimensions), measures in groups.items():
        digest = dimensions.digest()
        if old := stored.get((start, digest)):
            measures.add_bucket(old)
        *columns, tags = dimensions
        moment = adapt(datetime.fromtimestamp(start, UTC))
        rows.append((span, moment, digest, *columns, json.dumps(tags), *measures.as_bucket()))
    with connection.cursor() as cursor:
        cursor.executemany(_upsert(), rows)


def _upsert() -> str:
    quote = connection.ops.quote_name
    columns = ("span", "start", "digest", *Dimensions._fields, *BUCKET_FIELDS)
    names = ", ".join(quote(name) for name in columns)
    places = ", ".join(["%s"] * len(columns))
    updates = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in BUCKET_FIELDS)
    return (
        f"INSERT INTO {quote(UsageBucket._meta.db_table)} ({names}) VALUES ({places}) "  # noqa: S608
        f"ON CONFLICT (grain, span, start, digest) DO UPDATE SET {updates}"
    )


def _stored(
    buckets: QuerySet[UsageBucket], groups: Groups
) -> dict[tuple[int, str], tuple[Any, ...]]:
    starts = {datetime.fromtimestamp(start, UTC) for start, _ in groups}
    if len(starts) <= MANY_STARTS:
        touched = buckets.filter(start__in=starts)
    else:
        touched = buckets.filter(start__gte=min(starts), start__lte=max(starts))
    rows = touched.values_list("start", "digest", *BUCKET_FIELDS)
    return {(int(start.timestamp()), digest): tuple(rest) for start, digest, *rest in rows}
