"""The book, drawn in the terminal while the venue runs: a reader of the log that applies the same engine and looks at
its depth.

It runs beside the venue, in a thread of its own, and takes nothing from the venue's memory.
"""

import os
import sys
import threading
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from pricetime.journal.reader import Reader
from pricetime.matching.engine import Engine
from pricetime.matching.records import EventType, Phase

LEVELS_MAX = 8
BOOKS_MAX = 4
WIDTH_MIN, WIDTH_MAX = 34, 44  # columns of one book
GAP = "    "  # between two beside each other
LEVEL_FIGURES = 27  # columns of a level before its bar
HEADER_LINES, BOOK_LINES = 2, 3  # above all books; of each besides its levels
PERIOD_SECONDS = 0.2
CLEAR, HOME, BELOW, CLEAR_LINE = "\x1b[2J", "\x1b[H", "\x1b[J", "\x1b[K"
ROOM_UNKNOWN = 80, 24
GREEN, RED, DIM, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def can_draw(out: TextIO) -> bool:
    """Whether `out` is a terminal that can be drawn on."""
    return out.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@dataclass(frozen=True)
class Layout:
    """What a terminal has room for: books beside each other, books below each other, columns of one, levels of a
    side."""

    beside: int
    below: int
    width: int
    levels: int


def layout_for(columns: int, rows: int) -> Layout:
    """The most levels of the most books that fit, without a line that wraps or scrolls."""
    beside = 2 if columns >= 2 * WIDTH_MIN + len(GAP) else 1
    width = max(LEVEL_FIGURES, min(WIDTH_MAX, (columns - (beside - 1) * len(GAP)) // beside))
    for below in range(BOOKS_MAX // beside, 0, -1):
        levels = ((rows - HEADER_LINES) // below - BOOK_LINES) // 2
        if levels >= 2 or below == 1:
            break
    return Layout(beside, below, width, max(1, min(LEVELS_MAX, levels)))


class Ladder:
    """Draws from `directory`'s log to `out` between start() and stop()."""

    def __init__(self, directory: str, out: TextIO = sys.stdout) -> None:
        self.directory, self.out = directory, out
        self.engine = Engine()
        self.trades = 0
        self.last: dict[int, tuple[int, int]] = {}  # instrument -> price and quantity of its last trade
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ladder", daemon=True)

    def start(self) -> "Ladder":
        """Begin to draw."""
        self.out.write(CLEAR)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Draw once more, what is at the end, and leave it standing."""
        self._stop.set()
        self._thread.join()
        self.out.write("\n\n")
        self.out.flush()

    def _run(self) -> None:
        reader = Reader(self.directory)
        more = True
        while more:
            more = not self._stop.wait(PERIOD_SECONDS)
            while (block := reader.next_block()) is not None:
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
        """Draw what is now, in the room that the terminal has now."""
        columns, rows = self.room()
        layout = layout_for(columns, rows)
        lines = [f"pricetime   {self.engine.sequence:>12,} commands   {self.trades:>12,} trades"[:columns], ""]
        instruments = self.engine.instruments
        for first in range(0, min(len(instruments), layout.beside * layout.below), layout.beside):
            lines += beside(
                [self.book(instrument, layout) for instrument in instruments[first : first + layout.beside]]
            )
        self.out.write(HOME + "\n".join(line + CLEAR_LINE for line in lines[:rows]) + BELOW)
        self.out.flush()

    def room(self) -> tuple[int, int]:
        """Columns and rows of the terminal."""
        try:
            size = os.get_terminal_size(self.out.fileno())
        except OSError:
            return ROOM_UNKNOWN
        return (size.columns, size.lines) if size.columns and size.lines else ROOM_UNKNOWN

    def book(self, instrument: np.void, layout: Layout) -> list[str]:
        """One instrument's ladder: asks above, bids below, best prices in the middle."""
        number, scale = int(instrument["id"]), int(instrument["price_scale"])
        bids, asks = self.engine.depth(number, layout.levels)
        most = max([int(level["quantity"]) for level in (*bids, *asks)], default=1)
        title = (
            f"{instrument['name'].decode()[:10]:10} {Phase(int(instrument['phase'])).name.replace('_', ' ').lower()}"
        )
        last = f"last {price_text(self.last[number][0], scale)}" if number in self.last else ""
        empty = [" " * layout.width]
        lines = [f"{title}{last:>{max(1, layout.width - len(title))}}"[: layout.width]]
        lines += empty * (layout.levels - len(asks))
        lines += [rung(level, scale, most, RED, layout.width) for level in asks[::-1]]
        lines += [DIM + "-" * layout.width + PLAIN]
        lines += [rung(level, scale, most, GREEN, layout.width) for level in bids]
        return lines + empty * (layout.levels - len(bids) + 1)


def rung(level: np.void, scale: int, most: int, colour: str, width: int) -> str:
    """One price level, `width` columns: price, quantity, orders, a bar in proportion to the quantity."""
    price, quantity, orders = (int(value) for value in level.tolist())
    figures = f"{price_text(price, scale):>10} {quantity:>9,} {orders:>4}  "[:width]
    room = width - len(figures)
    bar = "█" * min(room, max(1, quantity * room // most))
    return f"{figures}{colour}{bar:{room}}{PLAIN}"


def price_text(price: int, scale: int) -> str:
    """An integer price as an exact decimal."""
    if scale == 0:
        return str(price)
    whole, part = divmod(abs(price), 10**scale)
    return f"{'-' if price < 0 else ''}{whole}.{part:0{scale}}"


def beside(books: list[list[str]]) -> list[str]:
    """Ladders next to each other."""
    return [GAP.join(row) for row in zip(*books, strict=True)]
