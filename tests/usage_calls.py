"""Records made by hand, for tests of what reads them."""

import random
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from llmhub.usage.models import RequestLog, Status


def make_call(moment: datetime | None = None, **fields: Any) -> RequestLog:
    """A call that succeeded a moment ago, unless `fields` say otherwise."""
    return RequestLog.objects.create(
        **{
            "id": uuid4(),
            "created_at": moment or timezone.now(),
            "source": "api",
            "operation": "chat",
            "stream": False,
            "model": "fast",
            "provider": "openai",
            "status": "success",
            **fields,
        }
    )


def make_random_call(moment: datetime, rng: random.Random, **fields: Any) -> RequestLog:
    """A call of any kind; `status` may be given."""
    status = fields.pop("status", None) or rng.choice(("success",) * 5 + ("error", "cancelled"))
    return make_call(
        moment,
        **{
            "source": rng.choice(("api", "playground")),
            "team_id": rng.choice((1, 2, None)),
            "key_id": rng.choice((7, None)),
            "tags": rng.choice(([], ["a"], ["b", "a"], ["a", "b"])),
            "model": rng.choice(("fast", "slow", "large")),
            "provider": rng.choice(("openai", "groq", "")),
            "status": status,
            **({} if status == Status.RUNNING else random_outcome(status, rng)),
            **fields,
        },
    )


def random_outcome(status: str, rng: random.Random) -> dict[str, Any]:
    """What a call that ended with `status` is recorded with."""
    return {
        "status": status,
        "error_type": rng.choice(("timeout", "network")) if status == "error" else "",
        "cache": rng.choice(("hit", "miss")),
        "input_tokens": rng.choice((None, rng.randrange(5000))),
        "output_tokens": rng.choice((None, rng.randrange(5000))),
        "cost": rng.choice((None, Decimal(rng.randrange(10**9)) / 10**10)),
        "cost_saved": rng.choice((None, Decimal(rng.randrange(10**9)) / 10**10)),
        "latency_ms": rng.choice((None, rng.lognormvariate(6, 2))),
        "time_to_first_token_ms": rng.lognormvariate(5, 1),
        "tokens_per_second": rng.lognormvariate(4, 1),
    }
