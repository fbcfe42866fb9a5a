"""Run a venue until SIGTERM or SIGINT: what waits is answered, then the log is closed cleanly.

venue.toml names the endpoints and all that is to be defined; the log is in the folder log/ beside it.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from pricetime.gateway.venue import Venue

LOOK_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="venue.toml", type=Path, help="the venue's configuration, or the folder that has it"
    )


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
        while not asked.wait(LOOK_SECONDS) and venue.running:
            pass
        venue.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    print(f"stopped after command {venue.engine.sequence}, digest {venue.engine.digest().hex()}", flush=True)
    return 0
