"""Participants, sessions, instruments: the opening, redefinitions, and what no definition can be."""

import commands as c
from differential.generator.world import EXTREMES, INT64_MAX, SHAPES, Shape, World

from pricetime.matching import records

NAMES = ("ALPHA", "BETA", "Grüße", "新しい", "", "tab\there", "\x7f", "x" * 48, "\u0085", "\U0001F600", "dup", "dup")
BAD_NAMES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"ok\xe2\x82")
BOTH = c.TRADER | c.OPERATOR


def opening(world: World) -> list[bytes]:
    """Three participants, seven sessions, four instruments, with the profile's collars and bands."""
    stream = [c.define_participant(id, f"party{id}") for id in (1, 2, 3)]
    rights = (c.TRADER, c.TRADER | records.CANCEL_ON_DISCONNECT, c.TRADER, BOTH,
              BOTH | records.CANCEL_ON_DISCONNECT | c.RISK_OFFICER, c.TRADER | c.RISK_OFFICER, c.OPERATOR)
    stream += [c.define_session(id, f"session{id}", (id + 1) // 2 if id < 7 else 3, attributes)
               for id, attributes in enumerate(rights, 1)]
    for id, shape in enumerate(SHAPES, 1):
        limits = sensible_limits(world, id, world.chance(world.profile.reference))
        stream.append(c.define_instrument(id, f"I{id}", terms(shape), limits, shape.currency))
    world.participants, world.sessions, world.instruments = 3, 7, len(SHAPES)
    world.logged_on = set(range(1, 7))
    world.phases = dict.fromkeys(range(1, len(SHAPES) + 1), c.CONTINUOUS)
    return stream


def terms(shape: Shape) -> bytes:
    return c.terms_line(shape.tick, shape.lot, negative=shape.negative, hidden=shape.hidden,
                        price_scale=shape.scales[0], qty_scale=shape.scales[1], iceberg_parts_max=shape.parts)


def sensible_limits(world: World, instrument: int, reference: bool) -> bytes | None:
    """Collar, bands and a call's duration as the profile has them."""
    profile, shape, fields = world.profile, world.shape(instrument), {}
    collar, *bands = (world.dice.choice(choices) for choices in (profile.collars, profile.bands, profile.bands))
    if reference:
        fields["reference_price"] = world.clipped((shape.centre + world.dice.randint(-2, 2)) * shape.tick, shape)
    if collar is not None:
        fields["collar"] = min(collar * shape.tick, INT64_MAX)
    for name, band in zip(("dynamic_band", "static_band"), bands, strict=True):
        if band is not None:
            fields[name] = min(band * shape.tick, INT64_MAX)
            fields["call_duration"] = world.dice.choice(profile.durations)
    return c.limits_line(**fields) if fields else None


def name(world: World, is_new: bool) -> str | bytes | None:
    """A new one needs a name, a known one none."""
    roll = world.roll()
    if is_new and roll < 0.6:
        return f"fresh{world.dice.getrandbits(40)}"
    if not is_new and roll < 0.7:
        return None
    return world.dice.choice((None, *BAD_NAMES, *NAMES, *NAMES, "I1", "party1", "session1"))


def id_in(world: World, table: str) -> int:
    """A known id, the next one, or neither."""
    count = getattr(world, table)
    known = world.dice.randint(1, count)
    id = world.dice.choices((known, count + 1, count + 2, 0, (1 << 32) - 1), (60, 30, 4, 3, 3))[0]
    world.defining = table if id == count + 1 else ""
    return id


def define_participant(world: World) -> bytes:
    id = id_in(world, "participants")
    attributes = records.DISABLED if world.chance(0.2) else 0
    return c.define_participant(id, name(world, id > world.participants), attributes=attributes, **world.sender())


def define_session(world: World) -> bytes:
    id = id_in(world, "sessions")
    attributes = c.TRADER | world.dice.choice((0, 0, c.OPERATOR, c.RISK_OFFICER)) | world.dice.choice(
        (0, 0, 0, records.DISABLED, records.CANCEL_ON_DISCONNECT))
    participant = (id + 1) // 2 if world.chance(0.75) else world.dice.choice((0, 1, 2, 99, -1, 1 << 40))
    return c.define_session(id, name(world, id > world.sessions), participant, attributes, **world.sender())


def odd_limits(world: World) -> bytes | None:
    fields = {}
    if world.chance(0.6):
        fields["reference_price"] = world.price(world.dice.randint(1, 4))
    if world.chance(0.4):
        fields["max_order_quantity"] = world.dice.choice((1, 50, 1000, 1 << 40, 0, -1, INT64_MAX, 240 << 20))
    for field in ("collar", "dynamic_band", "static_band", "call_duration"):
        if world.chance(0.15):
            fields[field] = world.dice.choice((5, 1 << 41, *EXTREMES))
    return c.limits_line(**fields) if fields else None


def define_instrument(world: World) -> bytes:
    """One in two is sound: new limits while orders rest."""
    known = world.dice.randint(1, len(SHAPES))
    if world.chance(0.5):
        limits = sensible_limits(world, known, world.chance(0.3))
        return c.define_instrument(known, None, None, limits, time=world.now(), **world.sender())
    id = id_in(world, "instruments")
    shape = world.shape(max(id, 1))
    line = terms(shape)
    if world.chance(0.5):
        line = c.terms_line(
            world.dice.choice((shape.tick, shape.tick, 0, -1)), world.dice.choice((shape.lot, 0, -7)),
            negative=world.chance(0.5), hidden=world.chance(0.5), price_scale=world.dice.choice((0, 0, 18, 19)),
            qty_scale=world.dice.choice((0, 0, 0, 255)), iceberg_parts_max=world.dice.choice((0, 1, 100)))
    return c.define_instrument(
        id, name(world, id > world.instruments),
        None if world.chance(0.4 if id <= world.instruments else 0.1) else line, odd_limits(world),
        currency=world.dice.choice((b"", b"", b"EUR")), attributes=records.DISABLED if world.chance(0.1) else 0,
        **world.sender())


def define_key(world: World) -> bytes:
    """Whatever it says: neither engine looks into it."""
    rights = world.dice.choice((c.TRADER, c.OPERATOR | c.RISK_OFFICER, records.RIGHTS_MASK, 0, records.DISABLED))
    public = world.dice.choice((None, b"", b"x" * 40, b"\xff", b"z" * 56))
    target = world.dice.choice((0, 1, 7, 99, (1 << 64) - 1))
    return c.define_key(name(world, True), public, target, rights, time=world.now(), **world.sender())


def enable_again(world: World) -> bytes:
    """Undo what was disabled or blocked, so that streams do not run dry."""
    which = world.dice.randint(0, 3)
    if which == 0:
        return c.define_participant(world.dice.randint(1, 3), None)
    if which == 1:
        id = world.dice.randint(1, len(SHAPES))
        centre = world.shape(id).centre * world.shape(id).tick
        limits = c.limits_line(max_order_quantity=INT64_MAX, reference_price=centre)
        return c.define_instrument(id, None, None, limits)
    if which == 2:
        return c.kill_switch(world.dice.randint(1, 3), on=False)
    id = world.dice.randint(1, 6)
    return c.define_session(id, None, (id + 1) // 2, world.dice.choice((
        c.TRADER, c.TRADER | records.CANCEL_ON_DISCONNECT, BOTH)))
