"""What a call holds of limits and budgets, and giving it back when its record is on disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from llmhub.teams.budgets import enforcement
from llmhub.teams.budgets.rules import Booked, Charge
from llmhub.teams.limits import limiter
from llmhub.teams.limits.scopes import Rooms, Taken

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Held:
    """What one call holds. `tokens` is what it has used, known at its end.

    `taken` is what is still to be given back. The cost counts to `charges`; `reserved` is where
    there may be a reservation, which is more when other models were tried.
    """

    call: str
    rooms: Rooms | None = None
    taken: list[Taken] = field(default_factory=list)
    tokens: int = 0
    charges: tuple[Charge, ...] = ()
    reserved: set[Charge] = field(default_factory=set)

    def end(self, tokens: int) -> None:
        """The call has ended. Gives back at once what can be, the rest is left to `settle`."""
        self.tokens = tokens
        self.taken = [taken for taken in self.taken if not limiter.give_back_local(taken, tokens)]


def settle(held: Sequence[Held], booked: Sequence[Booked]) -> None:
    """The records of these calls are on disk, and so is what they added to budgets.

    For whoever writes records, before the callers are told, so that an answer that has ended is
    settled. Waits for Redis where there is one. Never raises: the records are safe already.
    """
    try:
        give_back(held)
        ended = [(charge.account, one.call) for one in held for charge in one.reserved]
        if ended or booked:
            enforcement.settle(booked, ended)
    except Exception:
        log.exception("calls_not_settled", calls=len(held))


def give_back(held: Sequence[Held]) -> None:
    """These calls have ended; their records may still be on their way to the database."""
    limiter.give_back_shared([(taken, one.tokens) for one in held for taken in one.taken])
    for one in held:
        one.taken = []
