"""Background work for kept responses."""

from celery import shared_task

from llmhub.api.kept import store


@shared_task  # type: ignore[untyped-decorator]
def delete_expired_responses() -> int:
    """Once an hour."""
    return store.delete_expired()
