"""Progress of long work on standard error, where that is a terminal; elsewhere nothing."""

import sys
import time

from pricetime.journal.replay import Replayed

EVERY_SECONDS = 0.2


class ReplayProgress:
    """Say now and then how far a replay is. Call it with the counts; `end` wipes the line."""

    def __init__(self) -> None:
        self._shown = False
        self._next = time.monotonic() + EVERY_SECONDS

    def __call__(self, counts: Replayed) -> None:
        now = time.monotonic()
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + EVERY_SECONDS
        self._shown = True
        print(f"\r{counts.commands:,} commands, {counts.trades:,} trades, {counts.rate:,.0f} commands/s "
              "", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the terminal's line empty for what comes next."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
