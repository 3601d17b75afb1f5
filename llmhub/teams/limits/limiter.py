"""The limits that count in this process: shared where there is Redis, else local.

When Redis does not answer, each process goes on with windows of its own, so that the hub goes on
answering; limits then hold for each process and not for all together.
"""

from collections.abc import Sequence
from functools import lru_cache

import redis
import structlog
from django.conf import settings

from llmhub.teams.limits.local import LocalLimits
from llmhub.teams.limits.scopes import Scope, Taken
from llmhub.teams.limits.shared import SharedLimits
from llmhub.teams.redis_clients import clients

log = structlog.get_logger(__name__)
local = LocalLimits()


@lru_cache(maxsize=1)
def shared() -> SharedLimits | None:
    """Those in Redis; None in the embedded shape."""
    return SharedLimits(clients(settings.REDIS_URL)) if settings.REDIS_URL else None


async def take(scopes: Sequence[Scope], tokens: int, call: str) -> Taken:
    """Count a call in every scope. Raises LimitReachedError, and then counts it in none."""
    if in_redis := shared():
        try:
            return await in_redis.take(scopes, tokens, call)
        except redis.RedisError as error:
            log.warning("limits_of_this_process_only", error=str(error))
    return local.take(scopes, tokens, call)


async def give_back(taken: Taken, tokens: int) -> None:
    """An attempt has ended and has used so many tokens, but its call goes on."""
    if not taken.is_to_be_given_back:
        return
    in_redis = shared() if taken.shared else None
    if in_redis is None:
        local.give_back(taken, tokens)
        return
    try:
        await in_redis.give_back(taken, tokens)
    except redis.RedisError as error:
        log.warning("limits_not_given_back", error=str(error))


def give_back_local(taken: Taken, tokens: int) -> bool:
    """The same without waiting, where that is possible; False if it is left to the recorder."""
    if taken.shared and taken.is_to_be_given_back:
        return False
    if taken.is_to_be_given_back:
        local.give_back(taken, tokens)
    return True


def give_back_shared(ended: Sequence[tuple[Taken, int]]) -> None:
    """Calls have ended: many in one round trip, from a thread."""
    in_redis = shared()
    if in_redis is None or not ended:
        return
    try:
        in_redis.give_back_blocking(ended)
    except redis.RedisError as error:
        log.warning("limits_not_given_back", error=str(error), calls=len(ended))
