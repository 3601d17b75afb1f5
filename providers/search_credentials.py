"""Which credentials can search the web, and what a search costs."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from providers.catalog import CATALOG
from providers.registry import Access, Registry, Target

PRICE_OPTION: Final = "usd_per_1000_searches"
SIMULATED_PATH: Final = "/res/v1"


def of(known: Registry, target: Target) -> list[Access]:
    """The credentials to try in turn, by name.

    When there are none, a simulated model's own credential leads to simulated results.
    """
    found = [a for a in known.accesses.values() if a.enabled and a.provider.wire == "search"]
    if found:
        return sorted(found, key=lambda access: access.name)
    return [_simulated(target.access)] if target.access.provider.simulated else []


def price(access: Access) -> Decimal:
    """US dollars for a search; 0 where the credential does not say."""
    return Decimal(str(access.options.get(PRICE_OPTION) or 0)) / 1000


def _simulated(access: Access) -> Access:
    """The simulated provider answers in the place of Brave, beside its models."""
    brave = CATALOG["brave_search"]
    return replace(
        access,
        provider=replace(brave, simulated=True),
        base_url=access.base_url.removesuffix("/v1") + SIMULATED_PATH,
    )
