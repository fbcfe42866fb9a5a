"""The further lines of a command, made from a message: names, terms, limits, advanced attributes, texts, risk.

Owns the defaults of an instrument's terms (SecurityDefinition in messages.py says them). Refuses what does not fit.
"""

from decimal import Decimal

from msgspec import UnsetType

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import INT64_MAX, INT128_MAX, decimals_of, scaled, short
from pricetime.gateway.directory import Instrument
from pricetime.gateway.field_checks import check, is_unicode, shown
from pricetime.gateway.layout import SELF_MATCH_INSTRUCTIONS, further_line
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import LineType

WORD = 2**64 - 1
NUMBER_OR_NONE = (int, type(None))
FIRST_USE_SCALE = 8  # of price and quantity, for an instrument that nothing defines


def name_bytes(name: str, field: str, size: int = records.NAME_BYTES) -> bytes:
    """A name as it stands in a record; UserError where it does not fit."""
    data = name.encode() if is_unicode(name) else b"\0"
    if len(data) > size or b"\0" in data:
        raise UserError(f"{field}: found {shown(name)}, expected at most {size} bytes of UTF-8 without zeros")
    return data


def terms_of(message: m.SecurityDefinition, known: Instrument | None) -> Instrument:
    """The terms that a definition means: what it says, else what is known, else what follows from tick and lot."""
    terms = Instrument(0, message.symbol or "") if known is None else known
    new = known is None
    bare = new and message.price_scale is None and message.tick_size is None
    price_scale = _scale(message.price_scale, message.tick_size, terms.price_scale, new, bare, "TickSize")
    bare = bare and message.lot_size is None
    qty_scale = _scale(message.qty_scale, message.lot_size, terms.qty_scale, new, bare, "LotSize")
    flags = _flag(terms.flags, records.PRICE_MAY_BE_NEGATIVE, message.price_may_be_negative)
    flags = _flag(flags, records.HIDDEN_ALLOWED, message.hidden_allowed)
    tick, lot, parts = message.tick_size, message.lot_size, message.iceberg_parts_max
    return Instrument(
        terms.id, terms.symbol, message.currency or terms.currency, price_scale, qty_scale,
        tick_size=terms.tick_size if tick is None else scaled(tick, price_scale, "TickSize"),
        lot_size=terms.lot_size if lot is None else scaled(lot, qty_scale, "LotSize"),
        flags=flags, iceberg_parts_max=terms.iceberg_parts_max if parts is None else parts,
    )


def _scale(scale: int | None, step: Decimal | None, known: int, new: bool, bare: bool, field: str) -> int:
    if scale is not None:
        return scale
    if not new:
        return known
    if step is None:
        return FIRST_USE_SCALE if bare else 0
    decimals = decimals_of(step)
    if decimals > m.SCALE_MAX:
        raise UserError(f"{field}: found {short(step)}, expected at most {m.SCALE_MAX} decimals")
    return decimals


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
    if instruction is not None and smp is None:
        raise UserError("SelfMatchPreventionID: missing, expected one beside SelfMatchPreventionInstruction")
    if (
        message.display_qty is not None or message.min_qty is not None or message.stop_px is not None
        or message.expire_time is not None or smp is not None
    ):
        if type(message.expire_time) not in NUMBER_OR_NONE or type(smp) not in NUMBER_OR_NONE:
            check(message)  # NumPy would take texts and floats for whole numbers
        fields = _present({
            "display_quantity": (records.HAS_DISPLAY_QUANTITY, _units(message.display_qty, qty_scale, "DisplayQty")),
            "min_quantity": (records.HAS_MIN_QUANTITY, _units(message.min_qty, qty_scale, "MinQty")),
            "stop_price": (records.HAS_STOP_PRICE, _units(message.stop_px, instrument.price_scale, "StopPx")),
            "expire_time": (records.HAS_EXPIRE_TIME, message.expire_time),
            "self_match_id": (records.HAS_SELF_MATCH_PREVENTION, smp),
        })
        number = 0 if instruction is None else SELF_MATCH_INSTRUCTIONS[instruction]
        lines.append(further_line(LineType.ADVANCED_LINE, self_match_instruction=number, **fields))
    return (*lines, *text_lines(message))


def text_lines(message: m.OrderTerms | m.OrderCancelRequest) -> list[bytes]:
    """The client's own words: account and text."""
    if message.account is None and message.text is None:
        return []
    texts = ((LineType.ACCOUNT_LINE, message.account, "Account"), (LineType.TEXT_LINE, message.text, "Text"))
    return [
        further_line(type, text=name_bytes(text, field, records.TEXT_BYTES))
        for type, text, field in texts if text is not None
    ]


def risk_lines(message: m.RiskLimits, qty_scale: int) -> list[bytes]:
    """Limits on orders and limits on what is open; a line without any limit is left out."""
    rate, interval = _limit(message.rate_tokens, "RateTokens"), message.rate_interval
    if rate is None and interval is not None:
        raise UserError("RateTokens: missing, expected it beside RateInterval")
    if rate is not None and rate != records.NO_LIMIT and interval is None:
        raise UserError("RateInterval: missing, expected it beside RateTokens")
    orders = {
        "rate_tokens": (records.HAS_MESSAGE_RATE, rate),
        "order_quantity": (
            records.HAS_ORDER_QUANTITY_LIMIT, _quantity_limit(message.max_order_qty, qty_scale, "MaxOrderQty")
        ),
    }
    opened = {
        "open_orders": (records.HAS_OPEN_ORDERS_LIMIT, _limit(message.max_open_orders, "MaxOpenOrders")),
        "open_quantity": (
            records.HAS_OPEN_QUANTITY_LIMIT, _quantity_limit(message.max_open_qty, qty_scale, "MaxOpenQty")
        ),
        "position": (records.HAS_POSITION_LIMIT, _quantity_limit(message.max_position, qty_scale, "MaxPosition")),
    }
    currency = name_bytes(message.currency or "", "Currency", 8)
    return _risk_line(
        LineType.RISK_ORDER_LIMITS_LINE, orders, message.max_order_notional, "order_notional",
        records.HAS_ORDER_NOTIONAL_LIMIT, message.notional_scale, currency=currency, rate_interval=interval or 0,
    ) + _risk_line(
        LineType.RISK_OPEN_LIMITS_LINE, opened, message.max_gross_notional, "gross_notional",
        records.HAS_GROSS_NOTIONAL_LIMIT, message.notional_scale, currency=currency,
    )


def _risk_line(
    type: LineType, values: dict[str, tuple[int, int | None]], notional: Decimal | None | UnsetType, field: str,
    bit: int, scale: int | None, **others: int | bytes,
) -> list[bytes]:
    """One risk line with its limits, the notional one among them in 128 bits; none where it has no limit."""
    fields: dict[str, int | bytes] = {**_present(values), **others, "notional_scale": scale or 0}
    presence = sum(bit for bit, value in values.values() if value is not None)
    if not isinstance(notional, UnsetType):
        units, fields["notional_scale"] = _notional(notional, scale, f"Max{m.fix_name(field)}")
        fields |= {f"{field}_low": units & WORD, f"{field}_high": units >> 64 & WORD}
        presence |= bit
    return [further_line(type, **(fields | {"presence": presence}))] if presence else []


def _notional(value: Decimal | None, scale: int | None, field: str) -> tuple[int, int]:
    """A notional limit and its scale: the one stated, else the decimals that it needs. No limit is all bits set."""
    if value is None:
        return records.NO_LIMIT, scale or 0
    if scale is None:
        scale = decimals_of(value)
        if scale > m.NOTIONAL_SCALE_MAX:
            raise UserError(f"{field}: found {short(value)}, expected at most {m.NOTIONAL_SCALE_MAX} decimals")
    units = scaled(value, scale, field, INT128_MAX)
    _check_limit(value, field)
    return units, scale


def _limit(value: int | None | UnsetType, field: str) -> int | None:
    """A whole number as the record has it; None where it is absent."""
    if isinstance(value, UnsetType):
        return None
    _check_limit(value, field)
    return records.NO_LIMIT if value is None else value


def _check_limit(value: Decimal | int | None, field: str) -> None:
    """-1 unit takes a limit away in a record: here null says that, and nothing by accident."""
    if value is not None and value < 0:
        raise UserError(f"{field}: found {short(Decimal(value))}, expected 0 or more, or null for no limit")


def _quantity_limit(value: Decimal | None | UnsetType, scale: int, field: str) -> int | None:
    if value is None or isinstance(value, UnsetType):
        return _limit(value, field)
    units = scaled(value, scale, field)
    _check_limit(value, field)
    return units
