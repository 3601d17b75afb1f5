"""What happens to budgets by the clock: people are told how they stand."""

from celery import shared_task

from llmhub.teams.budgets import mails


@shared_task(expires=60)  # type: ignore[untyped-decorator]
def tell_of_budgets() -> None:
    """Mail those who look after a budget that has passed a mark."""
    mails.send_news()
