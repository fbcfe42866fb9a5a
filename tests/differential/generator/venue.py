"""Phases, days, the clock; logons and starts of the venue."""

import commands as c
from differential.generator.world import STOPPED, TRADERS, World

from pricetime.matching.records import CommandType

ODD_DATES = (20261301, 20260132, 20260100, 101, -20260105, 10101, 20260101, 100000101, 1 << 62)


def status(world: World) -> bytes:
    phase = world.pick(world.phases_wanted)
    if world.chance(world.profile.wrong / 4):
        phase = world.dice.choice((0, 8, 0xFFFF))
    stopped = [id for id, at in world.phases.items() if at in STOPPED]
    instrument = world.dice.choice(stopped) if stopped and world.chance(0.5) else world.instrument()
    if world.phases.get(instrument) == phase and world.chance(0.8):
        phase = c.CONTINUOUS if phase != c.CONTINUOUS else c.OPENING_CALL
    return c.status(phase, instrument, trade_date=trade_date(world), time=world.now(), **world.sender())


def trade_date(world: World) -> int:
    if world.chance(0.85):
        return 0
    if world.chance(world.profile.wrong):
        return world.dice.choice(ODD_DATES)
    if world.chance(0.3) and world.trade_date % 100 < 28:
        world.trade_date += 1
    return world.trade_date


def clock(world: World) -> bytes:
    return c.clock(world.now(), **world.sender())


def connection(world: World) -> bytes:
    """Mostly one that is off logs on."""
    off = sorted(set(range(1, TRADERS + 1)) - world.logged_on)
    kind = world.dice.choices((CommandType.LOGON, CommandType.LOGOUT, CommandType.DISCONNECT), (60, 15, 15))[0]
    session = world.dice.choice((0, 77)) if world.chance(world.profile.wrong) else world.dice.randint(1, TRADERS)
    if off and world.chance(0.8):
        kind, session = CommandType.LOGON, world.dice.choice(off)
    if kind == CommandType.DISCONNECT and world.run:
        world.logged_on.discard(session)
    return c.record(kind, session=session, time=world.now(), cl_ord_id=world.dice.choice((0, 0, 0, 5)))


def venue_start(world: World) -> bytes:
    """One in two would start a run, the others are wrong in some way."""
    if world.chance(0.5):
        world.run += 1
        world.logged_on.clear()
        return c.venue_start(world.run)
    return c.venue_start(
        world.dice.choice((0, world.run, world.run + 2, (1 << 64) - 1)) if world.chance(0.5) else world.run + 1,
        rules_version=world.dice.choice((0, 1, 3, -1)),
        capacity=world.dice.choice((0, world.order_capacity, 1, -1, (1 << 24) + 1)),
        session=0 if world.chance(0.9) else 4, cl_ord_id=0)


def capacity_invalid(world: World) -> bytes:
    return c.venue_start(world.run + 1, capacity=world.dice.choice((-1, 5, 1 << 24, (1 << 24) + 1)))


def wire_only(world: World) -> bytes:
    return c.record(world.dice.choice((5, 6, 48, 49, 50, 51, 52)), **world.sender())
