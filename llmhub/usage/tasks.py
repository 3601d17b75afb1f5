"""What happens to records by the clock: they are added up, checked, and their bodies deleted."""

from celery import shared_task

from llmhub.usage import last_use, retention, rollups

ROLL_UP_SECONDS = 45
RECENT_DAYS = 2
MANY_DAYS = 35


@shared_task  # type: ignore[untyped-decorator]
def roll_up() -> None:
    """Every minute: add up what has settled, and note which keys were used."""
    rollups.catch_up(seconds=ROLL_UP_SECONDS)
    last_use.note()


@shared_task  # type: ignore[untyped-decorator]
def reconcile() -> None:
    """Every hour: compare the last two days with their records."""
    rollups.reconcile(RECENT_DAYS)


@shared_task  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Every day: compare five weeks, drop fine buckets and bodies that are past their time."""
    rollups.reconcile(MANY_DAYS)
    rollups.drop_fine()
    retention.delete_expired_bodies()
