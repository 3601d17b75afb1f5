"""Whether a call may be made: limits and budgets of who asks, of the model and of the upstream.

A call is admitted once, by the limits of its key and team; then each attempt enters its target, by
the budgets and by the limits of deployment and credential. An attempt that may not enter is left
out, and the next target is tried.

A call that nothing limits has no Grant, and pays for finding that out with a few look-ups.
"""

import math
import time
from collections.abc import Iterator

from llmhub.core.errors import LLMHubError
from llmhub.gateway import estimates, grounding
from llmhub.gateway.call import Call
from llmhub.teams import allowances, money
from llmhub.teams.budgets import enforcement
from llmhub.teams.budgets.rules import BudgetSpentError, BudgetUnknownError, Charge, Rule
from llmhub.teams.limits import limiter
from llmhub.teams.limits.scopes import LimitReachedError, Scope, Taken
from llmhub.teams.settlement import Held
from llmhub.usage.records import Record
from providers.registry import Model, Target

PRICE_UNKNOWN = "the price of {} is not known, so nothing could be reserved in budgets"
_LEAST = 1  # units; so a call of unknown price is refused when nothing is left


class Grant:
    """What one call has been let have. Ends with `settle`, which the call's end calls."""

    __slots__ = (
        "_at_target",
        "_budgets",
        "_call",
        "_input",
        "_patient_until",
        "_reserved",
        "held",
    )

    def __init__(self, call: Call, budgets: tuple[Rule, ...]) -> None:
        self._call = call
        self._budgets = budgets
        self._reserved = 0
        self._input: int | None = None
        self._patient_until: float | None = None
        self._at_target: Taken | None = None
        self.held = call.record.held = Held(call.record.id.hex)

    async def admit(self, scopes: tuple[Scope, ...]) -> None:
        """Count the call in its key's and team's limits. Raises LimitReachedError."""
        try:
            taken = await limiter.take(scopes, self._tokens_for(scopes), self.held.call)
        except LimitReachedError as error:
            self.held.rooms = error.rooms
            raise
        self.held.rooms = taken.rooms
        self.held.taken.append(taken)

    async def enter(self, target: Target, model: Model) -> None:
        """Reserve what `target` may cost, count the attempt in its limits. Raises LLMHubError."""
        await self._reserve(target, model)
        if scopes := _scopes(target):
            tokens = self._tokens_for(scopes)
            self._at_target = await limiter.take(scopes, tokens, self.held.call)
            self.held.taken.append(self._at_target)

    async def leave(self) -> None:
        """The attempt has failed, and another one may be made."""
        taken, self._at_target = self._at_target, None
        if taken is not None:
            await limiter.give_back(taken, tokens=0)
            self.held.taken.remove(taken)

    def settle(self, record: Record) -> None:
        """The call has ended in whatever way. What can't be given back here, the recorder does."""
        hit = record.cache == "hit"
        used = 0 if hit else (record.input_tokens or 0) + (record.output_tokens or 0)
        self.held.end(used)

    # --- money --------------------------------------------------------------------------------
    async def _reserve(self, target: Target, model: Model) -> None:
        """Reserve what this target may cost, in the budgets that its answer counts to."""
        budgets = self._budgets
        budgets += tuple(rule for rule in allowances.of_model(model.name) if rule not in budgets)
        if not budgets:
            return
        created_at = self._call.record.created_at
        charges = tuple(Charge.of(rule, created_at) for rule in budgets)
        units = max(self._may_cost(target), self._reserved)
        if units > self._reserved or not self.held.reserved.issuperset(charges):
            self.held.reserved.update(charges)
            if self._patient_until is None:
                self._patient_until = time.monotonic() + enforcement.PATIENCE_S
            await enforcement.reserve(charges, units, self.held.call, self._patient_until)
            self._reserved = units
        self.held.charges = charges

    def _may_cost(self, target: Target) -> int:
        """Units of money; note it where the price is not known."""
        call = self._call
        cost = estimates.cost(call.ask, target.price, self._tokens_in())
        if cost is not None:
            return money.units(cost + grounding.cost_at_most(call.ask, target))
        note = PRICE_UNKNOWN.format(target.name)
        if note not in call.record.notes:
            call.record.notes.append(note)
        return _LEAST

    # --- tokens -------------------------------------------------------------------------------
    def _tokens_for(self, scopes: tuple[Scope, ...]) -> int:
        """What the call may use, if one of the limits asks for it."""
        if all(scope.tpm is None for scope in scopes):
            return 0
        out = estimates.output_tokens(self._call.ask, estimates.DEFAULT_OUTPUT_TOKENS)
        return self._tokens_in() + out

    def _tokens_in(self) -> int:
        if self._input is None:
            ask = self._call.ask
            self._input = estimates.input_tokens(ask.body) + grounding.tokens_at_most(ask)
        return self._input


async def admit(call: Call, model: Model) -> None:
    """Give the call a Grant, if anything limits it. Raises LimitReachedError."""
    allowance = allowances.of(call.ask.caller)
    budgets = allowances.of_model(model.name)
    if allowance is None and not budgets:
        return
    known = allowance or allowances.NONE
    grant = call.grant = Grant(call, known.budgets + budgets)
    if known.scopes:
        await grant.admit(known.scopes)


async def enter(call: Call, target: Target, model: Model) -> LLMHubError | None:
    """Let an attempt go to a target, or say what keeps it from going there."""
    grant = call.grant
    if grant is None:
        if not (is_limited(target) or allowances.of_model(model.name)):
            return None
        grant = call.grant = Grant(call, ())
    try:
        await grant.enter(target, model)
    except (LimitReachedError, BudgetSpentError, BudgetUnknownError) as error:
        return error
    return None


async def leave(call: Call) -> None:
    """The attempt has failed; what it had taken of its target's limits is free again."""
    if call.grant is not None:
        await call.grant.leave()


def refusal(refusals: list[LLMHubError]) -> LLMHubError:
    """The one to tell the caller, when nothing let the call in: what is soonest over."""
    return min(refusals, key=lambda error: error.retry_after or math.inf)


# --- Targets --------------------------------------------------------------------------------------

_known: dict[str, tuple[Target, tuple[Scope, ...]]] = {}


def is_limited(target: Target) -> bool:
    """Whether the deployment or its credential has a limit."""
    access = target.access
    return bool(target.rpm or target.tpm or access.max_concurrent_requests)


def _scopes(target: Target) -> tuple[Scope, ...]:
    """The limits of a target; () for most. Made once for each state of the configuration."""
    if not is_limited(target):
        return ()
    key = f"{target.id}:{target.name}"
    known = _known.get(key)
    if known is None or known[0] is not target:
        known = _known[key] = (target, tuple(_made(target)))
    return known[1]


def _made(target: Target) -> Iterator[Scope]:
    if target.rpm or target.tpm:
        rpm, tpm = target.rpm or None, target.tpm or None
        yield Scope(f"deployment:{target.id}", f"The deployment {target.name}", rpm, tpm)
    access = target.access
    if most := access.max_concurrent_requests:
        yield Scope(f"credential:{access.name}", f"The credential {access.name}", parallel=most)
