"""The book, drawn in the terminal while the venue runs: a reader of the log that applies the same engine and looks at its depth.

It runs beside the venue, in a thread of its own, and takes nothing from the venue's memory.
"""

import sys
import threading
from typing import TextIO

import numpy as np

from pricetime.journal.reader import Reader
from pricetime.matching.engine import Engine
from pricetime.matching.records import EventType, Phase

LEVELS = 8
WIDTH, BAR = 44, 17               # columns of a book, and of the longest bar in it
PERIOD_SECONDS = 0.2
CLEAR, HOME, BELOW = "\x1b[2J", "\x1b[H", "\x1b[J"
GREEN, RED, DIM, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class Ladder:
    """Draws from `directory`'s log to `out` between start() and stop()."""

    def __init__(self, directory: str, out: TextIO = sys.stdout) -> None:
        self.directory, self.out = directory, out
        self.engine = Engine()
        self.trades = 0
        self.last: dict[int, tuple[int, int]] = {}      # instrument -> price and quantity of its last trade
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ladder", daemon=True)

    def start(self) -> "Ladder":
        """Begin to draw."""
        self.out.write(CLEAR)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Draw no more."""
        self._stop.set()
        self._thread.join()
        self.out.write(HOME + BELOW)
        self.out.flush()

    def _run(self) -> None:
        reader = Reader(self.directory)
        while not self._stop.wait(PERIOD_SECONDS):
            while not self._stop.is_set() and (block := reader.next_block()) is not None:
                self.follow(block)
            self.draw()

    def follow(self, lines: np.ndarray) -> None:
        """Apply a block of the log."""
        events = self.engine.apply(lines)
        trades = events[events["type"] == EventType.TRADE]
        self.trades += len(trades) // 2
        for instrument in np.unique(trades["instrument"]):
            last = trades[trades["instrument"] == instrument][-1]
            self.last[int(instrument)] = int(last["last_px"]), int(last["last_qty"])

    def draw(self) -> None:
        """Draw what is now."""
        lines = [f"pricetime   {self.engine.sequence:>12,} commands   {self.trades:>12,} trades", ""]
        instruments = self.engine.instruments
        for first in range(0, min(len(instruments), 4), 2):
            lines += beside([self.book(instrument) for instrument in instruments[first:first + 2]])
        self.out.write(HOME + "".join(line + "\x1b[K\n" for line in lines) + BELOW)
        self.out.flush()

    def book(self, instrument: np.void) -> list[str]:
        """One instrument's ladder: asks above, bids below, best prices in the middle."""
        number, scale = int(instrument["id"]), int(instrument["price_scale"])
        bids, asks = self.engine.depth(number, LEVELS)
        most = max([int(level["quantity"]) for level in (*bids, *asks)], default=1)
        title = f"{instrument['name'].decode():10} {Phase(int(instrument['phase'])).name.replace('_', ' ').lower():14}"
        last = self.last.get(number)
        lines = [f"{title}{'last ' + price_text(last[0], scale) if last else '':>20}"]
        lines += [" " * WIDTH] * (LEVELS - len(asks))
        lines += [rung(level, scale, most, RED) for level in asks[::-1]]
        lines += [DIM + "-" * WIDTH + PLAIN]
        lines += [rung(level, scale, most, GREEN) for level in bids]
        return lines + [" " * WIDTH] * (LEVELS - len(bids)) + [""]


def rung(level: np.void, scale: int, most: int, colour: str) -> str:
    """One price level, WIDTH columns: price, quantity, orders, a bar in proportion to the quantity."""
    price, quantity, orders = (int(value) for value in level)
    bar = "█" * max(1, quantity * BAR // most)
    return f"{price_text(price, scale):>10} {quantity:>9,} {orders:>5}  {colour}{bar:{BAR}}{PLAIN}"


def price_text(price: int, scale: int) -> str:
    """An integer price as an exact decimal."""
    if scale == 0:
        return str(price)
    whole, part = divmod(abs(price), 10**scale)
    return f"{'-' if price < 0 else ''}{whole}.{part:0{scale}}"


def beside(books: list[list[str]]) -> list[str]:
    """Ladders next to each other."""
    return ["    ".join(row) for row in zip(*books, strict=True)]
