"""Run a venue until SIGTERM or SIGINT: what waits is answered, then the log is closed cleanly.

venue.toml names the endpoints and all that is to be defined; the log is in the folder log/ beside it.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from pricetime.gateway.venue import Venue
from pricetime.matching.errors import CheckFailed

LOOK_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="venue.toml", type=Path, help="the venue's configuration, or the folder that has it"
    )


def tell_log_errors(venue: Venue, told: int) -> int:
    """Say it when orders are refused because the log takes no more; how many refusals have been told of."""
    refused = int(venue.loop.counters["log_errors"])
    if refused > told:
        print(
            f"{refused - told} commands refused as LOG_FULL: {os.strerror(venue.loop.last_log_error)}; make room on "
            f"the disk of {venue.directory / 'log'}: the venue goes on by itself",
            file=sys.stderr,
            flush=True,
        )
    return refused


def run(arguments: argparse.Namespace) -> int:
    """Endpoints, run and place of the log on standard output; what was cut or defined on standard error."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        venue = Venue(arguments.config)
        for note in venue.notes:
            print(note, file=sys.stderr)
        print(
            f"run {venue.run} on {' '.join(venue.endpoints)}, log {venue.directory / 'log'}, command "
            f"{venue.engine.sequence}",
            flush=True,
        )
        venue.start()
        full = 0
        while not asked.wait(LOOK_SECONDS) and venue.running:
            full = tell_log_errors(venue, full)
        try:
            venue.stop()
        except RuntimeError as error:
            raise CheckFailed(
                f"stopped by itself: {error}; `pricetime verify {venue.directory}` says what holds"
            ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    print(f"stopped after command {venue.engine.sequence}, digest {venue.engine.digest().hex()}", flush=True)
    return 0
