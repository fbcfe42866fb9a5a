"""New orders, cancels, replaces and mass cancels: each sensible at first, then perhaps spoilt in one way."""

from collections.abc import Callable
from typing import Any

import commands as c
from differential.generator.world import EXTREMES, INT64_MAX, Live, World

from pricetime.matching.records import LineType

Fields = dict[str, Any]
ADVANCED = ("display", "minimum", "stop", "expires", "self_match")
RESTING = (0, c.DAY, c.GTC, c.GTD)
STOPS = (c.STOP, c.STOP_LIMIT)
PRICED = (c.LIMIT, c.STOP_LIMIT)
SIDES = (c.BUY,) * 8 + (c.SELL,) * 7 + (c.SELL_SHORT,)
MARKET_IN_FORCE = (0, c.DAY, c.IOC, c.FOK, c.AT_THE_OPENING, c.AT_THE_CLOSE)


# ------------------------------------------------------------------------------------------------- mistakes


def no_or_odd_price(world: World, fields: Fields) -> None:
    tick = world.shape(fields["instrument"]).tick
    odd = world.dice.choice((tick, 0, -tick, tick * 10 + 1, *EXTREMES))
    fields["price"] = None if fields.get("price") is not None and world.chance(0.4) else odd


def no_or_odd_quantity(world: World, fields: Fields) -> None:
    lot = world.shape(fields["instrument"]).lot
    bound = INT64_MAX // world.order_capacity // lot * lot
    fields["quantity"] = world.dice.choice((None, 0, -lot, lot + 1, bound, bound + lot, *EXTREMES))


def odd_word(world: World, fields: Fields) -> None:
    """A Side, OrdType or TimeInForce that is none, or another."""
    word, top = world.dice.choice((("side", 3), ("ord_type", 15), ("tif", 15), ("ord_type", 5), ("tif", 7)))
    fields[word] = world.dice.randint(0, top)


def post_only(world: World, fields: Fields) -> None:
    fields["post_only"] = True


def odd_display(world: World, fields: Fields) -> None:
    lot = world.shape(fields["instrument"]).lot
    fields["display"] = world.dice.choice((0, 0, lot, lot, -lot, lot + 1, 3 * lot, *EXTREMES))
    if world.chance(0.3) and fields.get("quantity"):
        fields["quantity"] = lot * 500


def odd_minimum(world: World, fields: Fields) -> None:
    lot = world.shape(fields["instrument"]).lot
    fields["minimum"] = world.dice.choice((0, lot, lot, -lot, lot + 1, 30 * lot, *EXTREMES))
    if world.chance(0.6):
        fields["tif"] = c.IOC


def no_or_odd_stop(world: World, fields: Fields) -> None:
    tick = world.shape(fields["instrument"]).tick
    if fields.get("stop") is not None and world.chance(0.3):
        fields["stop"] = None
    else:
        fields["stop"] = world.dice.choice((0, -tick, tick + 1, 5 * tick, 5 * tick, *EXTREMES))


def no_or_odd_expiry(world: World, fields: Fields) -> None:
    if fields.get("expires") is not None and world.chance(0.3):
        fields["expires"] = None
    else:
        fields["expires"] = world.dice.choice((world.time, world.time - 1, world.time + 5, *EXTREMES))


def odd_self_match(world: World, fields: Fields) -> None:
    fields["self_match"] = world.dice.choice(((1, 0), (1, 5), (0, 0), (0, 3), (0, 9), ((1 << 64) - 1, 4), (2, 255)))


def carried(world: World, fields: Fields) -> None:
    """Lines that are never looked at, and values whose presence bit is not set."""
    lines = [c.further(LineType.ACCOUNT_LINE, text=b"account")] if world.chance(0.5) else []
    lines += [c.further(LineType.TEXT_LINE, text="grüß".encode())] if world.chance(0.7) else []
    if world.chance(0.5):
        lines.insert(0, c.advanced_line(display_quantity=5, min_quantity=-1, stop_price=7, expire_time=1,
                                        self_match_id=1, self_match_instruction=world.dice.choice((0, 2, 77))))
    fields["lines"] = tuple(lines)


MISTAKES: tuple[Callable[[World, Fields], None], ...] = (
    no_or_odd_price, no_or_odd_quantity, odd_word, odd_word, post_only, odd_display, odd_display, odd_minimum,
    no_or_odd_stop, no_or_odd_expiry, odd_self_match,
)


def perhaps_spoilt(world: World, fields: Fields) -> Fields:
    if world.chance(0.02):
        carried(world, fields)
    while world.chance(world.profile.wrong):
        world.dice.choice(MISTAKES)(world, fields)
    lines = fields.get("lines", ())
    if any(fields.get(name) is not None for name in ADVANCED) and len(lines) and lines[0][4] == LineType.ADVANCED_LINE:
        fields["lines"] = lines[1:]     # at most one advanced line
    return fields


# --------------------------------------------------------------------------------------------------- orders


def time_in_force(world: World, instrument: int, ord_type: int) -> int:
    tif = world.pick(world.times_in_force[world.phases.get(instrument, c.CONTINUOUS)])
    if ord_type == c.MARKET and tif not in MARKET_IN_FORCE:
        return c.DAY
    if ord_type not in (c.MARKET, c.LIMIT) and tif not in RESTING:
        return world.dice.choice(RESTING[:3])
    return tif


def self_match(world: World) -> tuple[int, int]:
    return world.dice.choice((1, 1, 1, 2)), 1 + int(world.roll() * 4)


def display(world: World, instrument: int) -> int | None:
    """DisplayQty of an order that has a price and may rest: an iceberg's, 0 of a hidden one."""
    roll, shape = world.roll(), world.shape(instrument)
    if roll < world.profile.hidden and shape.hidden:
        return 0
    if roll > 1 - world.profile.iceberg:
        return shape.lot * world.dice.choice((1, 2, 2, 3, 5) if not shape.parts else (3, 4, 5))
    return None


def new(world: World) -> bytes:
    session, instrument = world.session(), world.instrument()
    ord_type, side = world.pick(world.ord_types), world.dice.choice(SIDES)
    tif = time_in_force(world, instrument, ord_type)
    fields: Fields = {
        "instrument": instrument, "side": side, "quantity": world.quantity(instrument), "ord_type": ord_type,
        "tif": tif, "price": world.price(instrument, side) if ord_type in PRICED else None,
    }
    if tif == c.GTD:
        fields["expires"] = world.expire_time()
    if ord_type in STOPS:
        fields["stop"] = world.stop_price(instrument, side)
    if ord_type in PRICED and tif in RESTING:
        fields["display"] = display(world, instrument)
        if ord_type == c.LIMIT and world.phases.get(instrument) == c.CONTINUOUS:
            fields["post_only"] = world.chance(world.profile.post_only)
    if tif == c.IOC and world.chance(world.profile.minimum):
        fields["minimum"] = max(1, fields["quantity"] // world.shape(instrument).lot // 2) * world.shape(instrument).lot
    if world.chance(world.profile.self_match):
        fields["self_match"] = self_match(world)
    perhaps_spoilt(world, fields)
    return c.new(session, world.cl_ord_id(session), time=world.now(), **fields)


def name_order(world: World) -> tuple[Fields, Live, int]:
    """How to name an order, the order, and who asks: mostly its owner or its participant."""
    wrong = world.profile.wrong
    if world.live and world.chance(1 - wrong):
        order = world.dice.choice(world.live)
    else:
        order = world.dice.choice(world.ended or [Live(1, 1, 1, 1, c.BUY, 1)])
    if world.chance(0.88):
        session = order.session
    else:
        session = (order.session - 1 ^ 1) + 1 if world.chance(0.9) else world.session()
    if world.chance(wrong / 4):
        return {"orig": world.dice.choice((0, 1 << 63, (1 << 64) - 1, 12345))}, order, session
    if world.chance(wrong / 4):
        return {"order_id": world.dice.choice((0, order.order_id + 1000, (1 << 64) - 1))}, order, session
    by_order_id = world.chance(0.25 if session == order.session else 0.95)
    return {"order_id": order.order_id} if by_order_id else {"orig": order.cl_ord_id}, order, session


def cancel(world: World) -> bytes:
    name, order, session = name_order(world)
    instrument = order.instrument if world.chance(0.98) else world.instrument()
    side = 0 if world.chance(0.9) else world.dice.choice((order.side, order.side, 1, 2, 3))
    return c.cancel(session, world.cl_ord_id(session), instrument, side=side, time=world.now(), **name)


def as_it_is(world: World, order: Live) -> Fields:
    """All that the order is; mostly with its price and OrderQty as they are, TimeInForce now and then."""
    ord_type, tif = order.attributes >> 2 & 0xF, order.attributes >> 6 & 0xF
    fields: Fields = {"side": order.side, "ord_type": ord_type, "quantity": order.total}
    if ord_type in PRICED:
        fields["price"] = order.price if world.chance(0.5) else world.price(order.instrument, order.side)
    if world.chance(0.3):
        fields["tif"] = tif
    if world.chance(world.profile.wrong):
        fields["side"] = world.dice.choice(SIDES)
    return fields


def replace(world: World) -> bytes:
    """Each attribute by itself or with others; nothing at all now and then."""
    name, order, session = name_order(world)
    instrument = order.instrument if world.chance(0.98) else world.instrument()
    lot = world.shape(instrument).lot
    fields: Fields = {"instrument": instrument, **name}
    if world.chance(world.profile.complete):
        fields |= as_it_is(world, order)
    if world.chance(0.55):
        near = order.total + lot * world.dice.choice((-8, -3, -2, -1, -1, 0, 1, 2, 5))
        fields["quantity"] = near if near > 0 and world.chance(0.7) else world.quantity(instrument)
    if world.chance(0.4):
        fields["price"] = world.price(instrument, order.side)
    if world.chance(0.12):
        fields["tif"] = world.pick(world.times_in_force[world.phases.get(instrument, c.CONTINUOUS)])
        fields["expires"] = world.expire_time() if fields["tif"] == c.GTD else None
    if world.chance(0.08):
        fields["post_only"] = world.chance(0.5)
    if world.chance(0.10):
        fields["display"] = display(world, instrument)
    if world.chance(0.08):
        fields["stop"] = world.stop_price(instrument, order.side)
    if world.chance(world.profile.self_match / 4):
        fields["self_match"] = (0, 0) if world.chance(0.2) else self_match(world)
    if world.chance(0.03):
        fields["side"] = order.side
    perhaps_spoilt(world, fields)
    return c.replace(session, world.cl_ord_id(session), time=world.now(), **fields)


def mass_cancel(world: World) -> bytes:
    session = world.session()
    instrument = 0 if world.chance(0.3) else world.instrument()
    side = world.dice.choice((0, 0, c.BUY, c.SELL, c.SELL_SHORT))
    other = (max(session, 1) - 1 ^ 1) + 1
    of_session = world.dice.choice((0, 0, session, other, 3, 99, (1 << 64) - 1, (1 << 32) + session))
    return c.mass_cancel(session, world.cl_ord_id(session), instrument, side=side, of_session=of_session,
                         time=world.now())
