"""Limits, positions, the kill switch: soon reached where the profile is tight, else as wide as 128 bits."""

import commands as c
from differential.generator.world import EXTREMES, INT64_MAX, World

CURRENCIES = (b"EUR", b"EUR", b"USD", b"", b"GBP", b"CHF", b"JPY", b"SEK", b"NOK", b"DKK", b"PLN", b"CZK")
NOTIONAL_EXTREMES = (-1, -1, 0, 1, (1 << 127) - 1, 1 << 127, (1 << 128) - 2, 1 << 64, (1 << 64) - 1)


def opening(world: World) -> list[bytes]:
    """Limits for some participants and accounts."""
    stream = []
    for participant in (1, 2, 3):
        if world.chance(world.profile.limited):
            stream.append(sensible(world, participant, 0))
        for instrument in (1, 2, 3, 4):
            if world.chance(world.profile.limited):
                stream.append(sensible(world, participant, instrument))
    return stream


def notional(world: World, instrument: int, orders: int) -> tuple[int, int]:
    """(limit, scale): what so many usual orders are worth, in some scale."""
    shape = world.shape(instrument or 1)
    scale = world.dice.choice((0, 2, 5, 18, 36))
    worth = (abs(shape.centre) + 3) * shape.tick * 6 * shape.lot * orders
    exponent = scale - sum(shape.scales)
    worth = worth * 10**exponent if exponent >= 0 else -(-worth // 10**-exponent)
    if not world.profile.tight:
        worth *= 1000
    return min(worth, (1 << 127) - 1), scale


def sensible(world: World, participant: int, instrument: int, **fields: int) -> bytes:
    """One to three limits of a participant or an account, or the lifting of them."""
    tight, lot = world.profile.tight, world.shape(instrument or 1).lot
    times = 1 if tight else 200
    on_orders: dict[str, object] = {}
    on_open: dict[str, object] = {}
    pick = world.dice.choice
    currency = world.shape(instrument).currency if world.chance(0.3) else b""
    currency = currency if instrument else pick(CURRENCIES[:4])
    for _ in range(pick((1, 1, 2, 3))):
        which = world.dice.randint(0, 5)
        gone = world.chance(0.2)
        if which == 0 and not instrument:
            on_orders["rate"] = (-1, 1) if gone else (pick((1, 3, 10)) * times, pick((1, 4, 20)))
        elif which == 0 or (which == 1 and instrument):
            on_orders["quantity"] = -1 if gone else pick((6, 9, 11)) * lot * times
        elif which == 2:
            on_orders["notional"], on_orders["scale"] = notional(world, instrument, pick((1, 2, 3)))
            on_orders["notional"] = -1 if gone else on_orders["notional"]
        elif which == 3:
            on_open["orders"] = -1 if gone else pick((3, 12, 30)) * times
        elif which == 4 and instrument:
            on_open["quantity"] = -1 if gone else pick((40, 150)) * lot * times
        elif which == 4 or (which == 5 and not instrument) or world.chance(0.4):
            on_open["gross"], on_open["scale"] = notional(world, instrument, pick((8, 30)))
            on_open["gross"] = -1 if gone else on_open["gross"]
        else:
            on_open["position"] = -1 if gone else pick((12, 60, 150)) * lot * times
    lines = [c.order_limits_line(currency=currency, **on_orders)] if on_orders else []
    lines += [c.open_limits_line(currency=currency, **on_open)] if on_open else []
    return c.risk_limits(participant, instrument, *lines, **fields)


def odd(world: World, participant: int, instrument: int, **fields: int) -> bytes:
    """Anything goes: limits of the wrong scope, values that cannot be, a ninth currency."""
    pick, lines = world.dice.choice, []
    if world.chance(0.7):
        lines.append(c.order_limits_line(
            rate=pick((None, (0, 1), (1, 0), (-1, 0), (-2, 5), (5, 1000), (INT64_MAX, 2), (1 << 31, 1 << 31))),
            quantity=pick((None, None, -2, 7, *EXTREMES)), notional=pick((None, *NOTIONAL_EXTREMES)),
            currency=pick(CURRENCIES), scale=pick((0, 0, 36, 37, 255))))
    if world.chance(0.7):
        lines.append(c.open_limits_line(
            orders=pick((None, None, -2, 7, *EXTREMES)), quantity=pick((None, None, *EXTREMES)),
            position=pick((None, None, *EXTREMES)), gross=pick((None, None, *NOTIONAL_EXTREMES)),
            currency=pick(CURRENCIES), scale=pick((0, 0, 36, 37))))
    return c.risk_limits(participant, instrument, *lines, **fields)


def risk_limits(world: World) -> bytes:
    participant = world.dice.randint(1, 3)
    instrument = world.dice.choice((0, 0, 1, 1, 2, 3, 4))
    if world.chance(world.profile.wrong / 2):
        participant = world.dice.choice((0, 4, 99, (1 << 32) + 1, (1 << 64) - 1))
    if world.chance(world.profile.wrong / 2):
        instrument = world.dice.choice((9, 5, (1 << 32) - 1))
    if world.chance(world.profile.wrong):
        line = c.order_limits_line(notional=1 << 100, currency=b"CU%d" % world.dice.randint(1, 40))
        return c.risk_limits(1, 0, line, time=world.now())      # a participant has eight currencies
    how = odd if world.chance(world.profile.wrong * 3) else sensible
    return how(world, participant, instrument, time=world.now(), **world.sender())


def position_adjust(world: World) -> bytes:
    participant, instrument = world.dice.randint(1, 3), world.dice.choice((1, 1, 2, 3, 4))
    position = world.dice.randint(-40, 40) * world.shape(instrument).lot
    if world.chance(world.profile.wrong):
        participant = world.dice.choice((0, 4, 99, (1 << 32) + 1))
    if world.chance(world.profile.wrong):
        instrument = world.dice.choice((0, 9, 5))
    if world.chance(max(world.profile.wrong, world.profile.extreme)):
        position = world.dice.choice((*EXTREMES, INT64_MAX - 20, 20 - INT64_MAX))
    return c.position_adjust(participant, instrument, position, time=world.now(), **world.sender())


def kill_switch(world: World) -> bytes:
    participant = world.dice.randint(1, 3) if world.chance(1 - world.profile.wrong) else world.dice.choice((0, 4, 99))
    world.blocked.add(participant)
    return c.kill_switch(participant, time=world.now(), **world.sender())


def lift(world: World) -> bytes:
    """Soon, so that nobody stays out."""
    return c.kill_switch(world.blocked.pop(), on=False, time=world.now())
