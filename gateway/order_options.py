"""What buy(), sell(), sell_short() and replace() of a client take by name, and the attributes of messages that they
become.

Owns the short names and the types; what a value means is the message's (messages.py) and the engine's.
"""

import difflib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import index
from typing import Any, TypedDict

from pricetime.gateway import messages as m
from pricetime.gateway.field_checks import is_whole, shown
from pricetime.matching.errors import UserError

Number = Decimal | int | str
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OrderOptions(TypedDict, total=False):
    """Of a new order and of a replace, where what is absent stays as it is.

    display_qty: shown at a time; 0 is hidden. expire_time: of GTD, UTC nanoseconds since 1970 or a datetime with a time
    zone. self_match_id: 0 ends the prevention. account, text: carried along.
    """

    cl_ord_id: int
    time_in_force: m.TimeInForce
    exec_inst: m.ExecInst
    display_qty: Number
    min_qty: Number
    stop_price: Number
    expire_time: int | datetime
    self_match_id: int
    self_match_instruction: m.SelfMatchInstruction
    account: str
    text: str
    poss_resend: bool


class NewOrderOptions(OrderOptions, total=False):
    """Of a new order alone. left_over_as_limit: a market order whose rest becomes a limit order."""

    left_over_as_limit: bool


_ATTRIBUTES = {
    "stop_price": "stop_px",
    "self_match_id": "self_match_prevention_id",
    "self_match_instruction": "self_match_prevention_instruction",
}
_NUMBERS = ("display_qty", "min_qty", "stop_price")


def attributes_of(options: dict[str, Any], known: type[Any], message: str) -> dict[str, Any]:
    """The message's attributes that some options mean. UserError naming an option that there is none of."""
    names = known.__annotations__.keys()
    attributes = {}
    for name, value in options.items():
        if name not in names:
            [near] = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.0)
            raise UserError(f"{name}: no option of {message}; the nearest that there is: {near!r}")
        if name in _NUMBERS:
            value = exact(value, name)
        elif name == "expire_time":
            value = nanoseconds(value)
        attributes[_ATTRIBUTES.get(name, name)] = value
    return attributes


def ord_type_of(price: Number | None, stop_price: Number | None, left_over_as_limit: bool) -> m.OrdType:
    """The type of a new order follows from what it has."""
    if left_over_as_limit:
        return "MarketWithLeftOverAsLimit"
    if stop_price is not None:
        return "Stop" if price is None else "StopLimit"
    return "Market" if price is None else "Limit"


def exact(value: Number | None, field: str) -> Decimal | None:
    """A price or quantity as a Decimal. Never from a float: 0.1 is none."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        raise UserError(f"{field}: found {value}, expected a decimal number")
    if isinstance(value, float):
        raise UserError(
            f"{field}: found the float {value!r}, expected a string, an int or a Decimal: floats are not exact"
        )
    try:
        return Decimal(value if isinstance(value, str) else index(value))
    except (ArithmeticError, ValueError, TypeError):
        raise UserError(f"{field}: found {shown(value)}, expected a decimal number") from None


def whole(value: int, field: str, least: int, expected: str = "a whole number") -> int:
    """A number that stands in no message. UserError where it is none, or too small or large for an id."""
    if not is_whole(value) or not least <= value < 2**63:
        raise UserError(f"{field}: found {shown(value)}, expected {expected}, from {least}")
    return int(value)


def nanoseconds(moment: int | datetime) -> int:
    """UTC nanoseconds since 1970, exactly."""
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise UserError(f"expire_time: found {moment} without a time zone, expected one such as tzinfo=UTC")
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
