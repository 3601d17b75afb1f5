"""How figures are written: short, with their unit, and "unknown" where nobody knows."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

UNKNOWN = "unknown"
NOTHING = "–"


def money(amount: Decimal | None) -> str:
    """US dollars: cents where there are dollars, three figures where there are fractions of one."""
    if amount is None:
        return UNKNOWN
    if amount == 0:
        return "$0"
    if abs(amount) >= 1:
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
    places = max(2, -amount.adjusted() + 2)
    return f"${amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def count(number: int | None) -> str:
    """A number of things, in full."""
    return NOTHING if number is None else f"{number:,}"


def short_count(number: int) -> str:
    """A number of things in three or four figures: 950, 12,400, 1.24M."""
    for limit, unit in ((10**9, "B"), (10**6, "M")):
        if abs(number) >= limit:
            return f"{number / limit:.2f}{unit}"
    return f"{number / 1000:.0f}k" if abs(number) >= 100_000 else f"{number:,}"


def duration(milliseconds: float | None) -> str:
    """A time, in the unit that fits."""
    if milliseconds is None:
        return NOTHING
    if milliseconds == 0:
        return "0 ms"
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 99_950:
        return (
            f"{milliseconds / 1000:.2f} s"
            if milliseconds < 9995
            else f"{milliseconds / 1000:.1f} s"
        )
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def speed(tokens_per_second: float | None) -> str:
    """Tokens a second, without the unit."""
    if tokens_per_second is None:
        return NOTHING
    return f"{tokens_per_second:.1f}" if tokens_per_second < 9.95 else f"{tokens_per_second:,.0f}"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in percent."""
    if not whole:
        return NOTHING
    percent = 100 * part / whole
    return f"{percent:.0f}%" if percent >= 10 or percent == 0 else f"{percent:.1f}%"


def change(now: Any, before: Any) -> str:
    """By how much a figure grew or shrank: "+12%", "×3.4", or nothing where it can't be said."""
    if not now or not before:
        return ""
    ratio = float(now) / float(before)
    if ratio >= 3:
        return f"×{ratio:.1f}" if ratio < 100 else "×100+"
    percent = 100 * (ratio - 1)
    return "±0%" if abs(percent) < 0.5 else f"{percent:+.0f}%".replace("-", "−")


def points(now: float | None, before: float | None) -> str:
    """By how many percentage points a share grew or shrank."""
    if now is None or before is None:
        return ""
    difference = 100 * (now - before)
    if abs(difference) < 0.05:
        return "±0 points"
    return f"{difference:+.1f} points".replace("-", "−")
