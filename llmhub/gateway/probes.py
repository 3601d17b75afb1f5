"""Deployments that rest are passed over, and one that has rested is tried by one call first.

A plan puts deployments in order before its calls are made; by the time that it comes to one, that
one may have failed too often elsewhere. So this is looked at again right before the call. The call
that tries a deployment after its rest is one of all processes: the first to claim it in Redis. When
Redis is away, each process sends one of its own.
"""

import redis
import structlog
from django.conf import settings

from llmhub.core.errors import ProviderError
from llmhub.gateway import admission
from llmhub.gateway.call import Call
from llmhub.gateway.recovery import Plan
from llmhub.teams.redis_clients import clients
from providers.health import COOLDOWN_S, Health
from providers.registry import Target

log = structlog.get_logger(__name__)


async def pass_over(call: Call, target: Target, plan: Plan, health: Health) -> bool:
    """Whether the call leaves out a deployment that is not well. The trail says so."""
    if await claim(health, target.name):
        return False
    rest_s = health.seconds_to_rest(target.name)
    resting = ProviderError(f"{target.name} rests for {rest_s:.0f} s after failures.")
    reason = plan.resting(target, resting)
    if reason is None:
        return False
    await admission.leave(call)
    call.skipped(target, resting, reason)
    return True


async def claim(health: Health, name: str) -> bool:
    """Whether a call may go to a deployment that is not well. See `Health.claim`."""
    if not health.claim(name):
        return False
    if not settings.REDIS_URL:
        return True
    if await _is_first(name):
        health.tell(name)
        return True
    health.claimed_elsewhere(name)
    return False


async def _is_first(name: str) -> bool:
    """Whether no other process has claimed it lately. No rest is shorter than the claim lasts."""
    key = f"{settings.REDIS_NAMESPACE}:probe:{name}"
    try:
        taken = (
            await clients(settings.REDIS_URL)
            .here()
            .set(key, 1, nx=True, px=round(COOLDOWN_S * 1000))
        )
    except (redis.RedisError, OSError) as error:
        log.warning("probe_not_claimed", deployment=name, error=str(error))
        return True
    return bool(taken)
