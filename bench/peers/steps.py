"""What a flow asks of a book, in steps that any book understands, with the engine's own lines for the same.

A flow's replace names a total quantity and may keep the order's place. Few books for Python have that. So a Script is
made of a flow by running it through the engine once: each step has the quantity that is open after it, and says whether
the order keeps its place (REDUCE) or leaves its queue and comes again (MOVE). Without `in_place` even what would keep
its place leaves and comes again, for the engine, too: a cancel and a new order. Orders live other lives then, and what
names one that has ended is left out. A replace that changes nothing is left out for everybody.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from pricetime.bench.bare_book import KIND_CANCEL, KIND_IOC, KIND_NEW, SIDE_BUY
from pricetime.bench.flows import Flow
from pricetime.gateway.layout import COMMAND_LINE
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, CommandType, EventType, OrdType, Side, TimeInForce

NEW, IOC, CANCEL, REDUCE, MOVE = range(5)

# id: the order's, from its first entry to its end. price, quantity: after the step; quantity is what is open.
# less: by how much a REDUCE lowers it.
STEP = np.dtype([("kind", "u1"), ("buy", "?"), ("id", "u4"), ("price", "i8"), ("quantity", "i8"), ("less", "i8")])
Step = tuple[int, bool, int, int, int, int]
Trade = tuple[int, int, int]        # price, quantity, id of the order that rested

PLAIN = OrdType.LIMIT << records.ORD_TYPE_SHIFT | records.HAS_PRICE | records.HAS_QUANTITY
SHAPE = records.RECORD_VERSION << 4 | 1
ANSWERS = EventType.NEW, EventType.REPLACED, EventType.CANCELED


@dataclass(frozen=True)
class Script:
    """Steps and the engine's lines for them: a fill that is not timed, then what is. `ends[i]` lines do the first i
    steps of it; `owner[OrderID]` is the id of the step's order."""

    opening: np.ndarray         # the engine's lines up to the end of the fill
    fill: np.ndarray
    lines: np.ndarray
    steps: np.ndarray
    ends: np.ndarray
    owner: np.ndarray

    def save(self, path: Path) -> None:
        np.savez(path, **self.__dict__)

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as arrays:
            return cls(**dict(arrays))

    def lines_of(self, count: int) -> np.ndarray:
        """The engine's lines for the first `count` steps."""
        return self.lines[:self.ends[min(count, len(self.steps))]]


@dataclass
class _Order:
    """What must be known of an order to say its next step."""

    session: int
    price: int
    buy: bool
    open: int = 0
    spent: int = 0              # of the flow's total: filled before its newest entry
    filled: int = 0             # since then
    cl_ord_id: int = 0


class _Writer:
    """Turns the commands of a flow into steps and lines, one by one, as the engine answers."""

    def __init__(self, definitions: np.ndarray, in_place: bool) -> None:
        self.engine = Engine()
        self.engine.apply(definitions)
        self.in_place = in_place
        self.live: dict[int, _Order] = {}
        self.marks: dict[int, int] = {}
        self.owner = [0]
        self.lines: list[bytes] = []
        self.steps: list[Step] = []
        self.ends = [0]

    def command(self, kind: int, number: int, buy: bool, session: int, price: int, quantity: int) -> None:
        """One command of the flow."""
        if kind in (KIND_NEW, KIND_IOC):
            order = self.live[number] = _Order(session, price, buy)
            self._enter(number, order, quantity, kind == KIND_IOC)
            self._step(IOC if kind == KIND_IOC else NEW, number, order, quantity)
        elif number in self.live:
            if kind == KIND_CANCEL:
                self._step(CANCEL, number, self._leave(number), 0)
            else:
                self._replace(number, price, quantity)

    def _replace(self, number: int, price: int, total: int) -> None:
        order = self.live[number]
        quantity = total - order.spent - order.filled
        before = order.open
        if quantity <= 0 or (price, quantity) == (order.price, before):
            return
        stays = price == order.price and quantity < before
        order.price = price
        if stays and not self.in_place:
            self._leave(number)
            order = self.live[number] = _Order(order.session, price, order.buy, spent=order.spent + order.filled)
            self._enter(number, order, quantity, False)
        else:
            order.open = quantity
            self._say(CommandType.ORDER_CANCEL_REPLACE_REQUEST, order, order.filled + quantity, 0)
        if stays and self.in_place:
            self._step(REDUCE, number, order, quantity, before - quantity)
        else:
            self._step(MOVE, number, order, quantity)

    def _enter(self, number: int, order: _Order, quantity: int, immediate: bool) -> None:
        order.open = quantity
        self.owner.append(number)
        self._say(CommandType.NEW_ORDER_SINGLE, order, quantity, TimeInForce.IOC if immediate else TimeInForce.GTC)
        if immediate:
            self.live.pop(number, None)

    def _leave(self, number: int) -> _Order:
        order = self.live.pop(number)
        self._say(CommandType.ORDER_CANCEL_REQUEST, order, 0, 0)
        return order

    def _say(self, kind: int, order: _Order, quantity: int, force: int) -> None:
        """One line of the engine, and what it does to the live orders."""
        attributes = (Side.BUY if order.buy else Side.SELL) | force << records.TIME_IN_FORCE_SHIFT
        mark = self.marks[order.session] = self.marks.get(order.session, 0) + 1
        price = 0
        if kind != CommandType.ORDER_CANCEL_REQUEST:
            attributes |= PLAIN
            price = order.price
        target = 0 if kind == CommandType.NEW_ORDER_SINGLE else order.cl_ord_id
        order.cl_ord_id = mark
        line = COMMAND_LINE.pack(0, kind, SHAPE, attributes, 0, 0, order.session, 1, mark, price, quantity, target)
        self.lines.append(line)
        events = self.engine.apply(line)
        if len(events) > 1:
            self._trades(events)
        elif events["type"][0] not in ANSWERS:
            raise ValueError(f"the engine refused line {len(self.lines)} of a script")

    def _trades(self, events: np.ndarray) -> None:
        for event in events[events["type"] == EventType.TRADE]:
            number = self.owner[int(event["order_id"])]
            order = self.live.get(number)
            if order is not None:
                order.filled += int(event["last_qty"])
                order.open = int(event["leaves_qty"])
                if order.open == 0:
                    del self.live[number]

    def _step(self, kind: int, number: int, order: _Order, quantity: int, less: int = 0) -> None:
        self.steps.append((kind, order.buy, number, 0 if kind == CANCEL else order.price, quantity, less))
        self.ends.append(len(self.lines))


def write(flow: Flow, in_place: bool) -> Script:
    """The script of a generated flow of one instrument."""
    if flow.bare is None or flow.bare_fill is None:
        raise ValueError(f"a flow of {flow.bare_why} has no script")
    writer = _Writer(flow.definitions, in_place)
    _give(writer, flow.bare_fill, flow.fill)
    filled, lines = len(writer.steps), len(writer.lines)
    _give(writer, flow.bare, flow.lines)
    steps = np.array(writer.steps, STEP)
    return Script(opening=np.concatenate([flow.definitions, _array(writer.lines[:lines])]), fill=steps[:filled],
                  lines=_array(writer.lines[lines:]), steps=steps[filled:],
                  ends=np.array(writer.ends[filled:], np.int64) - lines, owner=np.array(writer.owner, np.uint32))


def _give(writer: _Writer, bare: np.ndarray, lines: np.ndarray) -> None:
    columns = (bare["kind"], bare["id"], bare["side"] == SIDE_BUY, lines["session"], lines["price"], lines["quantity"])
    for command in zip(*(column.tolist() for column in columns), strict=True):
        writer.command(*command)


def _array(lines: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(lines), COMMAND)


def trades_of(events: np.ndarray, owner: np.ndarray) -> list[Trade]:
    """The engine's trades, in order."""
    makers = events[(events["type"] == EventType.TRADE) & (events["status_flags"] >> 4 & records.AGGRESSOR == 0)]
    columns = makers["last_px"], makers["last_qty"], owner[makers["order_id"].astype(np.int64)]
    return list(zip(*(column.tolist() for column in columns), strict=True))
