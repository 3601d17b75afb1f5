"""Money as whole numbers, so that sums are exact in every database and in Redis."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

PLACES: Final = 10
UNITS_PER_USD: Final = 10**PLACES
SMALLEST: Final = Decimal(1).scaleb(-PLACES)


def units(usd: Decimal) -> int:
    """US dollars as ten-billionths, rounded as the records' columns are."""
    return int(usd.scaleb(PLACES).to_integral_value(ROUND_HALF_UP))


def usd(units: int) -> Decimal:
    """Ten-billionths as US dollars."""
    return Decimal(units).scaleb(-PLACES)


def text(amount: Decimal) -> str:
    """An amount as people read it: at least cents, and what there is of smaller parts."""
    plain = f"{amount:.{PLACES}f}".rstrip("0")
    whole, _, parts = plain.partition(".")
    return f"${int(whole):,}.{parts.ljust(2, '0')}"
