"""What the engine's answers change in a book, order by order: for peers that keep a book and do not match."""

from collections.abc import Iterator

import numpy as np

from pricetime.matching import records
from pricetime.matching.records import EventType, Side

ADD, UPDATE, DELETE = range(3)
Delta = tuple[bool, int, int, int, int]     # buy, id, price, open quantity, what

FIELDS = "sequence", "type", "order_id", "attributes", "price", "leaves_qty"
ANSWERS = EventType.NEW, EventType.REPLACED, EventType.CANCELED, EventType.TRADE
Event = tuple[int, int, int, int, int, int]


class Deltas:
    """Remembers what rests, so that events can be given in parts."""

    def __init__(self, owner: np.ndarray) -> None:
        self.owner = owner.tolist()
        self.resting: dict[int, tuple[bool, int, int]] = {}

    def of(self, events: np.ndarray) -> list[Delta]:
        """Of whole commands' events, in order."""
        found: list[Delta] = []
        for group in _commands(events):
            comes = group[0][2] if group[0][1] in (EventType.NEW, EventType.REPLACED) else 0
            after: dict[int, tuple[bool, int, int]] = {}
            for _, _, order, attributes, price, leaves in group:
                after[order] = attributes & records.SIDE_MASK == Side.BUY, price, leaves
            for order, (buy, price, leaves) in after.items():
                if order != comes:
                    found.append(self._change(order, buy, price, leaves))
            if comes:
                found += self._enter(comes, *after[comes])
        return found

    def _change(self, order: int, buy: bool, price: int, leaves: int) -> Delta:
        if leaves:
            self.resting[order] = buy, price, leaves
            return buy, self.owner[order], price, leaves, UPDATE
        buy, price, _ = self.resting.pop(order)
        return buy, self.owner[order], price, 0, DELETE

    def _enter(self, order: int, buy: bool, price: int, leaves: int) -> Iterator[Delta]:
        """A new order's, or a replaced one's: it keeps its place, or goes and comes again."""
        if order in self.resting:
            _, old_price, old = self.resting[order]
            if price == old_price and leaves and leaves <= old:
                yield self._change(order, buy, price, leaves)
                return
            yield self._change(order, buy, price, 0)
        if leaves:
            self.resting[order] = buy, price, leaves
            yield buy, self.owner[order], price, leaves, ADD


def _commands(events: np.ndarray) -> Iterator[list[Event]]:
    """The orders' events, a list a command."""
    events = events[np.isin(events["type"], ANSWERS)]
    rows: list[Event] = list(zip(*(events[field].tolist() for field in FIELDS), strict=True))
    begin = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end][0] != rows[begin][0]:
            yield rows[begin:end]
            begin = end
