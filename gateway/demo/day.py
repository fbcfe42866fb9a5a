"""A trading day made up: an opening call, a day of clustered arrivals, cancels and replaces near the touch, a closing
call.

A seed gives the same commands on any machine. Several clients trade the same instruments around the same middle price,
so that they meet. Nothing here is sent: the demo plays it.
"""

from dataclasses import dataclass

import numpy as np

from pricetime.matching.records import (
    COMMAND,
    HAS_PRICE,
    HAS_QUANTITY,
    ORD_TYPE_SHIFT,
    POST_ONLY,
    RECORD_VERSION,
    TIME_IN_FORCE_SHIFT,
    CommandType,
    OrdType,
    Side,
    TimeInForce,
)

SYMBOLS = ("ACME", "BOLT", "CORE", "DUNE")
MIDDLE = 100_00  # cents: where every instrument starts
PATH_STEPS = 20_000  # of the middle price through the day
CALL_SHARE = 0.01  # of a client's orders, in each call


@dataclass
class ClientDay:
    """What one client sends, in three parts: COMMAND arrays of one-line records, ClOrdIDs from 1 on through all
    parts."""

    opening: np.ndarray
    continuous: np.ndarray
    closing: np.ndarray


def middle_paths(seed: int) -> np.ndarray:
    """The middle price of each instrument through the day, in cents: shape (instruments, PATH_STEPS)."""
    rng = np.random.default_rng([seed, 0])
    steps = rng.choice([-1, 0, 1], size=(len(SYMBOLS), PATH_STEPS), p=[0.03, 0.94, 0.03])
    return MIDDLE + np.cumsum(steps, axis=1)


def clustered_times(rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` sorted times in [0, 1): a fifth of the orders come alone, each draws four more behind it on average."""
    parents = rng.random(max(1, count // 5))
    chosen = rng.integers(0, len(parents), size=count)
    delays = rng.exponential(0.0004, size=count)
    return np.sort(np.minimum(parents[chosen] + delays, np.nextafter(1.0, 0.0)))


def attributes(side: np.ndarray, ord_type: np.ndarray, time_in_force: np.ndarray) -> np.ndarray:
    """The 16 attribute bits of orders with a quantity; a price where the type wants one."""
    price_bit = np.where(ord_type == OrdType.LIMIT, HAS_PRICE, 0)
    bits: np.ndarray = (
        side | (ord_type << ORD_TYPE_SHIFT) | (time_in_force << TIME_IN_FORCE_SHIFT) | price_bit | HAS_QUANTITY
    )
    return bits.astype(np.uint16)


def blank(count: int, first_cl_ord_id: int) -> np.ndarray:
    lines = np.zeros(count, COMMAND)
    lines["shape"] = (RECORD_VERSION << 4) | 1
    lines["cl_ord_id"] = np.arange(first_cl_ord_id, first_cl_ord_id + count)
    return lines


def call_orders(rng: np.random.Generator, count: int, middle: np.ndarray, first_cl_ord_id: int) -> np.ndarray:
    """Orders for a call: prices on either side of the middle, so that the book crosses; a few Market orders."""
    lines = blank(count, first_cl_ord_id)
    lines["type"] = CommandType.NEW_ORDER_SINGLE
    lines["instrument"] = 1 + rng.integers(0, len(SYMBOLS), size=count)
    side = rng.choice([Side.BUY, Side.SELL], size=count)
    ord_type = rng.choice([OrdType.LIMIT, OrdType.MARKET], size=count, p=[0.96, 0.04])
    lines["attributes"] = attributes(side, ord_type, np.full(count, TimeInForce.DAY))
    away = np.rint(rng.normal(4, 8, size=count)).astype(np.int64) * np.where(side == Side.BUY, -1, 1)
    lines["price"] = np.where(ord_type == OrdType.LIMIT, middle[lines["instrument"] - 1] + away, 0)
    lines["quantity"] = 100 * rng.integers(1, 20, size=count)
    return lines


def continuous_orders(rng: np.random.Generator, count: int, paths: np.ndarray, first_cl_ord_id: int) -> np.ndarray:
    """`count` new orders with the replaces and cancels that follow some of them, in the order of their times."""
    time = clustered_times(rng, count)
    side = rng.choice([Side.BUY, Side.SELL], size=count)
    sign = np.where(side == Side.BUY, -1, 1)
    instrument = rng.integers(0, len(SYMBOLS), size=count)
    kind = rng.choice(
        ["passive", "take", "market", "fill or kill", "post only"], size=count, p=[0.79, 0.10, 0.03, 0.02, 0.06]
    )
    aggressive = np.isin(kind, ["take", "fill or kill"])
    away = np.where(aggressive, -rng.integers(0, 3, size=count), rng.geometric(0.25, size=count))
    price = paths[instrument, (time * PATH_STEPS).astype(np.int64)] + sign * away
    quantity = 100 * rng.geometric(0.3, size=count)

    rests = np.isin(kind, ["passive", "post only"])
    replaced = rests & (rng.random(count) < 0.45)
    replace_time = time + rng.exponential(0.01, size=count)
    cancelled = rests & (rng.random(count) < 0.85)
    cancel_time = np.where(replaced, replace_time, time) + rng.exponential(0.02, size=count)
    replaced &= replace_time < 1
    cancelled &= cancel_time < 1

    every = np.arange(count)
    what = np.concatenate([every, every[replaced], every[cancelled]])
    types = np.repeat(
        [CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REPLACE_REQUEST, CommandType.ORDER_CANCEL_REQUEST],
        [count, replaced.sum(), cancelled.sum()],
    )
    order = np.argsort(np.concatenate([time, replace_time[replaced], cancel_time[cancelled]]), kind="stable")
    what, types = what[order], types[order]

    lines = blank(len(what), first_cl_ord_id)
    lines["type"] = types
    lines["instrument"] = 1 + instrument[what]
    is_new, is_replace = types == CommandType.NEW_ORDER_SINGLE, types == CommandType.ORDER_CANCEL_REPLACE_REQUEST
    ord_type = np.where(kind == "market", OrdType.MARKET, OrdType.LIMIT)
    time_in_force = np.select(
        [kind == "take", kind == "fill or kill"], [TimeInForce.IOC, TimeInForce.FOK], TimeInForce.DAY
    )
    bits = attributes(side, ord_type, time_in_force) | np.where(kind == "post only", POST_ONLY, 0).astype(np.uint16)
    change_bits = (side | HAS_PRICE | HAS_QUANTITY).astype(np.uint16)
    lines["attributes"] = np.select([is_new, is_replace], [bits[what], change_bits[what]], side[what])
    lines["price"] = np.select(
        [is_new & (ord_type[what] == OrdType.LIMIT), is_replace],
        [price[what], price[what] - sign[what] * rng.integers(-2, 2, size=len(what))],
        0,
    )
    lines["quantity"] = np.select([is_new, is_replace], [quantity[what], quantity[what] + 100], 0)
    newest = np.zeros(count, np.int64)  # of each order: the ClOrdID that names it
    newest[what[is_new]] = lines["cl_ord_id"][is_new]
    targets = newest[what]
    newest[what[is_replace]] = lines["cl_ord_id"][is_replace]
    targets[types == CommandType.ORDER_CANCEL_REQUEST] = newest[what[types == CommandType.ORDER_CANCEL_REQUEST]]
    lines["target"] = np.where(is_new, 0, targets)
    return lines


def client_day(seed: int, client: int, orders: int) -> ClientDay:
    """The day of client number `client` (from 0): `orders` new orders and what follows from them."""
    rng = np.random.default_rng([seed, 1, client])
    paths = middle_paths(seed)
    call = max(10, int(orders * CALL_SHARE))
    opening = call_orders(rng, call, paths[:, 0], 1)
    continuous = continuous_orders(rng, orders, paths, 1 + len(opening))
    closing = call_orders(rng, call, paths[:, -1], 1 + len(opening) + len(continuous))
    return ClientDay(opening, continuous, closing)


def probe_orders(count: int) -> np.ndarray:
    """`count` orders far below the market, each cancelled before the next: they trade with nobody and leave nothing."""
    lines = blank(2 * count, 1)
    lines["instrument"] = 1
    lines["type"][0::2] = CommandType.NEW_ORDER_SINGLE
    lines["type"][1::2] = CommandType.ORDER_CANCEL_REQUEST
    lines["attributes"][0::2] = attributes(
        *(np.full(count, value) for value in (Side.BUY, OrdType.LIMIT, TimeInForce.DAY))
    )
    lines["price"][0::2] = MIDDLE // 2
    lines["quantity"][0::2] = 1
    lines["target"][1::2] = lines["cl_ord_id"][0::2]
    return lines
