"""The further lines of a command, made from a message: names, terms, limits, advanced attributes, texts, risk.

Owns the defaults of an instrument's terms (SecurityDefinition in messages.py says them). Refuses what does not fit.
"""

from decimal import Decimal

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import INT64_MAX, INT128_MAX, decimals_of, scaled
from pricetime.gateway.directory import Instrument
from pricetime.gateway.layout import SELF_MATCH_INSTRUCTIONS, further_line
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import LineType

FIRST_USE_SCALE = 8  # of price and quantity, for an instrument that nothing defines


def name_bytes(name: str, field: str, size: int = records.NAME_BYTES) -> bytes:
    """A name as it stands in a record; UserError where it does not fit."""
    data = name.encode()
    if len(data) > size or b"\0" in data:
        raise UserError(f"{field}: found {name!r}, expected at most {size} bytes of UTF-8 without zeros")
    return data


def terms_of(message: m.SecurityDefinition, known: Instrument | None) -> Instrument:
    """The terms that a definition means: what it says, else what is known, else what follows from tick and lot."""
    terms = Instrument(0, message.symbol or "") if known is None else known
    new = known is None
    bare = new and message.price_scale is None and message.tick_size is None
    price_scale = _scale(message.price_scale, message.tick_size, terms.price_scale, new, bare)
    qty_scale = _scale(message.qty_scale, message.lot_size, terms.qty_scale, new, bare and message.lot_size is None)
    flags = _flag(terms.flags, records.PRICE_MAY_BE_NEGATIVE, message.price_may_be_negative)
    flags = _flag(flags, records.HIDDEN_ALLOWED, message.hidden_allowed)
    tick, lot, parts = message.tick_size, message.lot_size, message.iceberg_parts_max
    return Instrument(
        terms.id, terms.symbol, message.currency or terms.currency, price_scale, qty_scale,
        tick_size=terms.tick_size if tick is None else scaled(tick, price_scale, "TickSize"),
        lot_size=terms.lot_size if lot is None else scaled(lot, qty_scale, "LotSize"),
        flags=flags, iceberg_parts_max=terms.iceberg_parts_max if parts is None else parts,
    )


def _scale(scale: int | None, step: Decimal | None, known: int, new: bool, bare: bool) -> int:
    if scale is not None:
        return scale
    if not new:
        return known
    if step is None:
        return FIRST_USE_SCALE if bare else 0
    return decimals_of(step)


def _flag(flags: int, flag: int, value: bool | None) -> int:
    if value is None:
        return flags
    return flags | flag if value else flags & ~flag


def terms_line(instrument: Instrument) -> bytes:
    return further_line(
        LineType.INSTRUMENT_TERMS_LINE, flags=instrument.flags, price_scale=instrument.price_scale,
        qty_scale=instrument.qty_scale, iceberg_parts_max=instrument.iceberg_parts_max, tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
    )


def _present(values: dict[str, tuple[int, int | None]]) -> dict[str, int]:
    """Field values and the presence bits of those that are not None: {field: (bit, value)}."""
    fields = {name: value for name, (_, value) in values.items() if value is not None}
    return fields | {"presence": sum(bit for bit, value in values.values() if value is not None)}


def _units(value: Decimal | None, scale: int, field: str, largest: int = INT64_MAX) -> int | None:
    return None if value is None else scaled(value, scale, field, largest)


def limits_lines(message: m.SecurityDefinition, instrument: Instrument) -> list[bytes]:
    price, quantity = instrument.price_scale, instrument.qty_scale
    fields = _present({
        "reference_price": (records.HAS_REFERENCE_PRICE, _units(message.reference_price, price, "ReferencePrice")),
        "collar": (records.HAS_COLLAR, _units(message.collar, price, "Collar")),
        "dynamic_band": (records.HAS_DYNAMIC_BAND, _units(message.dynamic_band, price, "DynamicBand")),
        "static_band": (records.HAS_STATIC_BAND, _units(message.static_band, price, "StaticBand")),
        "call_duration": (records.HAS_CALL_DURATION, message.call_duration),
        "max_order_quantity": (records.HAS_MAX_ORDER_QUANTITY, _units(message.max_order_qty, quantity, "MaxOrderQty")),
    })
    return [further_line(LineType.INSTRUMENT_LIMITS_LINE, **fields)] if fields["presence"] else []


def order_lines(message: m.OrderTerms, instrument: Instrument) -> tuple[bytes, ...]:
    """The further lines of an order: advanced attributes, account, text."""
    lines, qty_scale = [], instrument.qty_scale
    smp, instruction = message.self_match_prevention_id, message.self_match_prevention_instruction
    if (
        message.display_qty is not None or message.min_qty is not None or message.stop_px is not None
        or message.expire_time is not None or smp is not None or instruction is not None
    ):
        fields = _present({
            "display_quantity": (records.HAS_DISPLAY_QUANTITY, _units(message.display_qty, qty_scale, "DisplayQty")),
            "min_quantity": (records.HAS_MIN_QUANTITY, _units(message.min_qty, qty_scale, "MinQty")),
            "stop_price": (records.HAS_STOP_PRICE, _units(message.stop_px, instrument.price_scale, "StopPx")),
            "expire_time": (records.HAS_EXPIRE_TIME, message.expire_time),
            "self_match_id": (records.HAS_SELF_MATCH_PREVENTION, 0 if smp is None and instruction else smp),
        })
        number = 0 if instruction is None else SELF_MATCH_INSTRUCTIONS[instruction]
        lines.append(further_line(LineType.ADVANCED_LINE, self_match_instruction=number, **fields))
    for type, text, field in (
        (LineType.ACCOUNT_LINE, message.account, "Account"), (LineType.TEXT_LINE, message.text, "Text"),
    ):
        if text is not None:
            lines.append(further_line(type, text=name_bytes(text, field, records.TEXT_BYTES)))
    return tuple(lines)


def risk_lines(message: m.RiskLimits, qty_scale: int) -> list[bytes]:
    """Limits on orders and limits on what is open; a line without any limit is left out."""
    rate, scale = message.rate_tokens, message.notional_scale
    currency = name_bytes(message.currency or "", "Currency", 8)
    notional = _units(message.max_order_notional, scale, "MaxOrderNotional", INT128_MAX)
    gross = _units(message.max_gross_notional, scale, "MaxGrossNotional", INT128_MAX)
    orders = _present({
        "rate_tokens": (records.HAS_MESSAGE_RATE, rate),
        "order_quantity": (records.HAS_ORDER_QUANTITY_LIMIT, _units(message.max_order_qty, qty_scale, "MaxOrderQty")),
        "order_notional_low": (records.HAS_ORDER_NOTIONAL_LIMIT, None if notional is None else notional & (2**64 - 1)),
    })
    opened = _present({
        "open_orders": (records.HAS_OPEN_ORDERS_LIMIT, message.max_open_orders),
        "open_quantity": (records.HAS_OPEN_QUANTITY_LIMIT, _units(message.max_open_qty, qty_scale, "MaxOpenQty")),
        "position": (records.HAS_POSITION_LIMIT, _units(message.max_position, qty_scale, "MaxPosition")),
        "gross_notional_low": (records.HAS_GROSS_NOTIONAL_LIMIT, None if gross is None else gross & (2**64 - 1)),
    })
    lines = []
    if orders["presence"]:
        orders |= {
            "rate_interval": message.rate_interval or 0,
            "order_notional_high": (notional or 0) >> 64 & (2**64 - 1),
        }
        lines.append(further_line(LineType.RISK_ORDER_LIMITS_LINE, currency=currency, notional_scale=scale, **orders))
    if opened["presence"]:
        opened |= {"gross_notional_high": (gross or 0) >> 64 & (2**64 - 1)}
        lines.append(further_line(LineType.RISK_OPEN_LIMITS_LINE, currency=currency, notional_scale=scale, **opened))
    return lines
