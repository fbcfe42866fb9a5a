"""The canonical state taken apart, and what is true of any: the order of its orders, books that are not crossed.

Reads bytes as docs/records.md draws them; asks no engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import commands as c
import numpy as np

from pricetime.matching import records
from pricetime.matching.records import Standing

PARTS = (
    ("participants", records.PARTICIPANT_STATE), ("notional_limits", records.NOTIONAL_LIMITS_STATE),
    ("accounts", records.ACCOUNT_STATE), ("sessions", records.SESSION_STATE),
    ("instruments", records.INSTRUMENT_STATE), ("orders", records.ORDER_STATE),
)


@dataclass
class Book:
    """The live orders of one instrument, as they stand in the state: dicts, in its order."""

    buys: list[dict] = field(default_factory=list)
    sells: list[dict] = field(default_factory=list)
    stops: list[dict] = field(default_factory=list)
    aside: list[dict] = field(default_factory=list)
    all: list[dict] = field(default_factory=list)

    def in_order(self) -> None:
        """Rule 9: of each side market orders, then the better price, displayed before hidden; stops; AtTheClose."""
        assert self.all == [*self.buys, *self.sells, *self.stops, *self.aside], "sides, stops, set aside: in this order"
        for side, sign in ((self.buys, -1), (self.sells, 1)):
            keys = [queue_key(order, sign) for order in side]
            assert keys == sorted(keys), f"a queue out of order: {keys}"
            for levels in (hidden(side), self.icebergs_alone(side)):
                ages = [(queue_key(order, sign)[:2], order["age"]) for order in levels]
                assert ages == sorted(ages), f"an older one behind a younger: {ages}"
        keys = [stop_key(order) for order in self.stops]
        assert keys == sorted(keys), f"stops out of order: {keys}"
        ages = [order["age"] for order in self.aside]
        assert ages == sorted(ages) and len(set(ages)) == len(ages), f"AtTheClose orders out of order: {ages}"

    @staticmethod
    def icebergs_alone(side: list[dict]) -> Iterator[dict]:
        return (order for order in side if order["display_quantity"])

    def not_crossed(self) -> None:
        for order in (*self.buys, *self.sells):
            assert order["attributes"] & records.HAS_PRICE, "a market order rests in Continuous"
        if self.buys and self.sells:
            bid, ask = self.buys[0]["price"], self.sells[0]["price"]
            assert bid < ask, f"crossed in Continuous: {bid} and {ask}"


def is_hidden(order: dict) -> bool:
    return bool(order["presence"] & records.HAS_DISPLAY_QUANTITY) and order["display_quantity"] == 0


def hidden(side: list[dict]) -> Iterator[dict]:
    return (order for order in side if is_hidden(order))


def queue_key(order: dict, sign: int) -> tuple[bool, int, bool]:
    """Market orders first, then the better price, then displayed before hidden."""
    priced = bool(order["attributes"] & records.HAS_PRICE)
    return priced, sign * order["price"], is_hidden(order)


def stop_key(order: dict) -> tuple[bool, int, int]:
    buys = order["attributes"] & records.SIDE_MASK == c.BUY
    return not buys, order["stop_price"] if buys else -order["stop_price"], order["age"]


class State:
    """`header` and a structured array for each part; `books` by instrument."""

    header: np.void
    participants: np.ndarray
    notional_limits: np.ndarray
    accounts: np.ndarray
    sessions: np.ndarray
    instruments: np.ndarray
    orders: np.ndarray

    def __init__(self, dump: bytes) -> None:
        self.header = np.frombuffer(dump, records.STATE_HEADER, 1)[0]
        at = records.STATE_HEADER.itemsize
        for name, dtype in PARTS:
            count = int(self.header[name])
            setattr(self, name, np.frombuffer(dump, dtype, count, at) if count else np.zeros(0, dtype))
            at += count * dtype.itemsize
        assert at == len(dump), f"{len(dump) - at} bytes behind the last order"
        self.books = [Book() for _ in self.instruments]
        names = records.ORDER_STATE.names
        before = 0
        for row in self.orders.tolist():
            order = dict(zip(names, row, strict=True))
            assert order["instrument"] >= before, "instruments by id"
            before = order["instrument"]
            book = self.books[before - 1]
            book.all.append(order)
            self.where(book, order).append(order)

    @staticmethod
    def where(book: Book, order: dict) -> list[dict]:
        if order["standing"] == Standing.IN_THE_BOOK:
            return book.buys if order["attributes"] & records.SIDE_MASK == c.BUY else book.sells
        return book.aside if order["standing"] == Standing.SET_ASIDE else book.stops
