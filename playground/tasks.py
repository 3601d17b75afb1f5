"""What happens in the playground by the clock."""

from celery import shared_task

from playground.replays import retention


@shared_task  # type: ignore[untyped-decorator]
def forget_expired_replays() -> None:
    """Every day: delete texts in replays that are past their team's time."""
    retention.forget_expired()
