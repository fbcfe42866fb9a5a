"""Exact decimals <-> integers in units of 10^-scale. Never rounds; what cannot be said is a UserError."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from pricetime.matching.errors import UserError

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
INT128_MAX = 2**127 - 1
DECIMALS_MAX = 255  # a scale is a byte
SHORT_BYTES = Decimal(0).__sizeof__()   # of a Decimal that has its digits in itself: up to some 70
# 64 digits hold any 128-bit value in any scale up to 36; more digits than that are refused, not rounded.
_EXACT = Context(prec=64, traps=[Inexact, InvalidOperation, Overflow])


def scaled(value: Decimal, scale: int, field: str, largest: int = INT64_MAX) -> int:
    """`value` in units of 10^-scale. UserError where it is finer than the scale or larger than `largest`."""
    if not isinstance(value, Decimal):
        raise UserError(f"{field}: found {value!r}, expected a Decimal")
    try:
        try:
            return _scaled(value, scale, largest)
        except _Long:
            return _units(value, scale, largest)
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a signaling NaN
        raise UserError(f"{field}: found {short(value)}, {_expected(value, scale, largest)}") from None


class _Long(Exception):
    """A number whose digits need memory of their own."""


@lru_cache(maxsize=65536)
def _scaled(value: Decimal, scale: int, largest: int) -> int:
    """A cache keeps what it is asked with, and a client may send 1. and 65,000 zeros: numbers that are longer than any
    price raise, as what raises is not kept. Only the first look at a number pays for that."""
    if value.__sizeof__() > SHORT_BYTES:
        raise _Long
    return _units(value, scale, largest)


def _units(value: Decimal, scale: int, largest: int) -> int:
    units = value.scaleb(scale, _EXACT)
    # Bounds first: an int of 1e999999999 would fill the memory.
    if not -largest - 1 <= units <= largest:
        raise ValueError("too large")
    whole = int(units)
    if whole != units:
        raise ValueError("too fine")
    return whole


def _expected(value: Decimal, scale: int, largest: int) -> str:
    value = value if value.is_finite() and value.adjusted() < 60 else Decimal("Infinity")
    if value.is_finite() and -largest <= value * 10**scale <= largest:
        return f"expected at most {scale} decimals"
    return f"expected a number from {decimal_of(-largest - 1, scale)} to {decimal_of(largest, scale)}"


def short(value: Decimal) -> str:
    """A value as an error shows it."""
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


@lru_cache(maxsize=65536)
def decimal_of(units: int, scale: int) -> Decimal:
    """`units` of 10^-scale as the shortest exact decimal: 10025 with scale 2 is 100.25, 10000 is 100."""
    digits = f"{abs(units):0{scale + 1}d}"
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :].rstrip("0")
    return Decimal(f"{'-' if units < 0 else ''}{whole}{'.' if fraction else ''}{fraction}")


def decimals_of(value: Decimal) -> int:
    """How many decimals `value` needs: 2 for 0.01 and 0.010, 0 for 1 and 100; DECIMALS_MAX for all above that."""
    _, digits, exponent = value.as_tuple()
    if not value or not isinstance(exponent, int):      # NaN and Infinity have a letter there
        return 0
    zeros = next(count for count, digit in enumerate(reversed(digits)) if digit)
    return min(max(0, -exponent - zeros), DECIMALS_MAX)
