"""Run a venue until SIGTERM or SIGINT: what waits is answered, then the log is closed cleanly.

venue.toml names the endpoints and all that is to be defined; the log is in the folder log/ beside it. With --log-format
json everything is said as JSON, one object a line, by the processes beside the venue, too.
"""

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from pricetime.gateway.decoder import PHASE_NAMES
from pricetime.gateway.times import utc
from pricetime.gateway.venue import Venue
from pricetime.journal import logs
from pricetime.matching.errors import CheckFailed

LOG = logs.Log("venue")
LOOK_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config", metavar="venue.toml", type=Path, help="the venue's configuration, or the folder that has it"
    )
    parser.add_argument("--believe-clock", action="store_true",
                        help="take the machine's clock, however far it is ahead of the log (clock_ahead_seconds)")
    logs.add_argument(parser)


def tell_log_errors(venue: Venue, told: int) -> int:
    """Say it when orders are refused because the log takes no more; how many refusals have been told of."""
    refused = int(venue.loop.counters["log_errors"])
    if refused > told:
        why = os.strerror(venue.loop.last_log_error)
        LOG.say("log_full", f"{refused - told} commands refused as LOG_FULL: {why}; make room on the disk of "
                            f"{venue.directory / 'log'}: the venue goes on by itself",
                level=logs.ERROR, refused=refused - told, why=why)
    return refused


def tell_clock(venue: Venue, looked: tuple[int, bool]) -> tuple[int, bool]:
    """Say it when the machine's clock begins to be disbelieved; how often it was, and whether it is."""
    now, (before, was) = int(venue.loop.clock_disbelieved), looked
    wrong = now > before or not venue.loop.clock_believed       # also where nobody sends anything
    if wrong and not was:
        bound = venue.config.venue.clock_ahead_seconds
        LOG.say("clock", f"the machine's clock is more than clock_ahead_seconds = {bound} ahead: not believed; the "
                         "venue counts on by itself; set the clock, or, where it is right, start again with "
                         "--believe-clock", level=logs.ERROR)
    return now, wrong


def tell_phases(venue: Venue, told: int) -> int:
    """A line for each instrument that has changed its phase, by command or by itself; how many changes are told of."""
    for number, time, _, symbol, phase, reason in venue.loop.phase_changes(told):
        if number > told + 1:
            LOG.say("phases_missed", f"{number - told - 1} changes of phases before these", changes=number - told - 1)
        told = number
        why = f" ({reason.name})" if reason else ""
        LOG.say("phase", f"{symbol}: {PHASE_NAMES[phase]} since {utc(time)}{why}", symbol=symbol,
                phase=PHASE_NAMES[phase], since=utc(time), reason=reason.name if reason else None)
    return told


def run(arguments: argparse.Namespace) -> int:
    """Endpoints, run and place of the log on standard output; what was cut or defined and phases on standard error."""
    logs.begin(arguments.log_format)
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        venue = Venue(arguments.config, believe_clock=arguments.believe_clock)
        for note in venue.notes:
            LOG.say("note", note)
        LOG.result("started", f"run {venue.run} on {' '.join(venue.endpoints)}, log {venue.directory / 'log'}, command "
                              f"{venue.engine.sequence}",
                   run=venue.run, endpoints=venue.endpoints, log=str(venue.directory / "log"),
                   command=venue.engine.sequence)
        venue.start()
        full = changed = 0
        clock = 0, False
        while not asked.wait(LOOK_SECONDS) and venue.running:
            full, changed = tell_log_errors(venue, full), tell_phases(venue, changed)
            clock = tell_clock(venue, clock)
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
    digest = venue.engine.digest().hex()
    LOG.result("stopped", f"stopped after command {venue.engine.sequence}, digest {digest}",
               command=venue.engine.sequence, digest=digest)
    return 0
