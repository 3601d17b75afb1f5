"""Tests of credentials by the clock and by hand, and which models can be asked as far as is known.

The outcomes lie in the database, where the worker's tests and those of the admin come together. A
process has them in memory like the rest of the configuration: when a credential begins to fail or
to work again, the configuration's version moves, and all processes read anew.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from llmhub.core import version
from llmhub.core.errors import (
    ConfigurationError,
    NetworkError,
    ProviderAuthenticationError,
    UpstreamTimeoutError,
)
from providers import connection
from providers.connection import ConnectionReport
from providers.health import health
from providers.models import Credential, CredentialCheck
from providers.registry import Model, Target

AT_ONCE = 8
_MEANS_UNAVAILABLE = frozenset(
    kind.type
    for kind in (
        ConfigurationError,
        NetworkError,
        ProviderAuthenticationError,
        UpstreamTimeoutError,
    )
)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a model can be asked now, and if not, why. `reason` is for people."""

    available: bool
    reason: str = ""


AVAILABLE = Availability(True)


# --- Testing --------------------------------------------------------------------------------------


async def run(credentials: Sequence[Credential]) -> list[ConnectionReport]:
    """Test several credentials at once. Raises nothing of LLMHubError's tree."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(credential: Credential) -> ConnectionReport:
        async with places:
            return await connection.test_connection(credential)

    return list(await asyncio.gather(*(one(credential) for credential in credentials)))


def to_be_checked() -> list[Credential]:
    """The credentials that are switched on and have a list of models, which is free to ask for."""
    rows = Credential.objects.filter(enabled=True)
    return [row for row in rows if row.provider.lists_models]


@transaction.atomic
def keep(credential: Credential, report: ConnectionReport) -> None:
    """Keep how a test went. All processes hear of a credential that fails or works anew."""
    before = CredentialCheck.objects.filter(credential=credential).first()
    now = timezone.now()
    succeeded_at = before.succeeded_at if before is not None else None
    CredentialCheck.objects.update_or_create(
        credential=credential,
        defaults={
            "checked_at": now,
            "outcome": report.outcome,
            "message": report.message,
            "error_type": report.error_type,
            "elapsed_ms": report.elapsed_ms,
            "succeeded_at": now if report.ok else succeeded_at,
        },
    )
    if _failing(report) != (before is not None and _failing(before)):
        version.bump()


def _failing(test: ConnectionReport | CredentialCheck) -> bool:
    return test.outcome == "failed" and test.error_type in _MEANS_UNAVAILABLE


# --- In memory ------------------------------------------------------------------------------------

_failed: dict[str, CredentialCheck] = {}


def reload() -> None:
    """Read from the database which credentials failed their last test."""
    global _failed
    rows = CredentialCheck.objects.filter(outcome="failed").select_related("credential")
    _failed = {
        row.credential.name: row
        for row in rows
        if _failing(row) and row.credential.updated_at <= row.checked_at
    }


def of_model(model: Model) -> Availability:
    """Whether one of the model's deployments can be asked, as far as this process knows."""
    reasons = [_why_not(target) for target in model.targets]
    if not all(reasons):
        return AVAILABLE
    return Availability(False, _in_a_sentence(reasons))


def _why_not(target: Target) -> str:
    if rest_s := health.seconds_to_rest(target.name):
        return f"{target.name} rests for {rest_s:.0f} s after failures"
    check = _failed.get(target.access.name)
    if check is None or _has_answered_since(target, check):
        return ""
    return check.message


def _has_answered_since(target: Target, check: CredentialCheck) -> bool:
    answered = health.of(target.name).last_success_at
    return answered is not None and answered > check.checked_at.timestamp()


def _in_a_sentence(reasons: Iterable[str]) -> str:
    return " ".join(reason.rstrip(".") + "." for reason in dict.fromkeys(reasons))
