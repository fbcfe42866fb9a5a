"""Run a venue until SIGTERM or SIGINT: what waits is answered, then the log is closed cleanly.

venue.toml names the endpoints and all that is to be defined; the log is in the folder log/ beside it.
"""

import argparse
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from pricetime.gateway.decoder import PHASE_NAMES
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


def tell_phases(venue: Venue, told: int) -> int:
    """A line for each instrument that has changed its phase, by command or by itself; how many changes are told of."""
    for number, time, symbol, phase, reason in venue.loop.phase_changes(told):
        if number > told + 1:
            print(f"{number - told - 1} changes of phases before these", file=sys.stderr)
        told = number
        why = f" ({reason.name})" if reason else ""
        print(f"{symbol}: {PHASE_NAMES[phase]} since {utc(time)}{why}", file=sys.stderr, flush=True)
    return told


def tell_failures(venue: Venue) -> None:
    """A line when a process beside the venue is no more."""
    for process in (venue.snapshot_process, venue.desk):
        failure = process and process.failure()
        if failure:
            print(failure, file=sys.stderr, flush=True)


def utc(time: int) -> str:
    """Nanoseconds since 1970 as a date and time."""
    moment = datetime.fromtimestamp(time // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 10**9:09d}Z"


def run(arguments: argparse.Namespace) -> int:
    """Endpoints, run and place of the log on standard output; what was cut or defined and phases on standard error."""
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
        full = changed = 0
        while not asked.wait(LOOK_SECONDS) and venue.running:
            full, changed = tell_log_errors(venue, full), tell_phases(venue, changed)
            tell_failures(venue)
        try:
            venue.stop()
            tell_phases(venue, changed)
        except RuntimeError as error:
            raise CheckFailed(
                f"stopped by itself: {error}; `pricetime verify {venue.directory}` says what holds"
            ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    print(f"stopped after command {venue.engine.sequence}, digest {venue.engine.digest().hex()}", flush=True)
    return 0
