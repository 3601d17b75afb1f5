"""Prices and abilities as people read them."""

from collections.abc import Collection
from decimal import Decimal

from providers.prices import CAPABILITIES, Price


def per_1m(usd: Decimal | None) -> str:
    """ "0.15", at least two decimals; "unknown" for what is not known, never 0."""
    if usd is None:
        return "unknown"
    whole, _, cents = f"{usd:f}".partition(".")
    return f"{whole}.{cents.rstrip('0'):0<2}"


def both(price: Price) -> str:
    """ "0.15 / 0.60", USD for a million tokens in and out, or "unknown"."""
    if not price.is_known:
        return "unknown"
    return f"{per_1m(price.input_per_1m)} / {per_1m(price.output_per_1m)}"


def described(capabilities: Collection[str]) -> str:
    """The capabilities in their usual order, or "unknown"."""
    known = [name.replace("_", " ") for name in CAPABILITIES if name in capabilities]
    return ", ".join(known) or "unknown"
