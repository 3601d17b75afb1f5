"""What happens to credentials by the clock: they are tested."""

import asyncio

import structlog
from celery import shared_task

from providers import checks

log = structlog.get_logger(__name__)


@shared_task(expires=240)  # type: ignore[untyped-decorator]
def check_credentials() -> None:
    """Test every credential that is switched on, and keep how it went."""
    credentials = checks.to_be_checked()
    for credential, report in zip(credentials, asyncio.run(checks.run(credentials)), strict=True):
        checks.keep(credential, report)
        if not report.ok:
            log.warning("credential_failed", credential=credential.name, reason=report.message)
