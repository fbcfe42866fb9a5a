"""Progress of long work on standard error, where that is a terminal; elsewhere nothing."""

import sys
import time
from typing import Self

from pricetime.journal.replay import Replayed

EVERY_SECONDS = 0.2


class ReplayProgress:
    """Say now and then how far a replay is: call it with the counts. Behind its `with` block the line is wiped.

    expected: commands that there are in all, as far as that is known; 0: it is not."""

    def __init__(self, expected: int = 0) -> None:
        self._expected = expected
        self._shown = False
        self._next = time.monotonic() + EVERY_SECONDS

    def __call__(self, counts: Replayed) -> None:
        now = time.monotonic()
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + EVERY_SECONDS
        self._shown = True
        print(f"\r\x1b[K{told(counts, self._expected)} ", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def told(counts: Replayed, expected: int) -> str:
    """The counts for people, with the share of all that is expected and the time that it will take."""
    text = f"{counts.commands:,} commands, {counts.trades:,} trades, {counts.rate:,.0f} commands/s"
    if not 0 < counts.commands <= expected:
        return text
    left = (expected - counts.commands) / counts.rate if counts.rate else 0.0
    return f"{counts.commands / expected:4.0%}  {text}, {left:,.0f} s left"
