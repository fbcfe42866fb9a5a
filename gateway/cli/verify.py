"""Check a venue's log from its beginning: every checksum, every command taken again, every digest journaled on the way.

Reads up to the committed position, beside a running venue too. Exit status 1 where something does not hold: the line
names it.
"""

import argparse
import json

from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.cli.progress import ReplayProgress
from pricetime.journal.verify import digest_text, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--reference", action="store_true", help="match with the plain Python engine")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """What was found good on standard output; the first thing that does not hold is an error."""
    progress = ReplayProgress()
    try:
        found = verify(arguments.directory, new_engine(arguments.reference), on_progress=progress)
    finally:
        progress.end()
    done = found.replayed
    result = {
        "sequence": found.sequence, "commands": done.commands, "events": done.events, "trades": done.trades,
        "digest": found.digest.hex(), "event_digest": digest_text(found.event_digest),
        "seconds": round(done.seconds, 6), "commands_per_second": round(done.rate),
    }  # fmt: skip
    if arguments.json:
        print(json.dumps(result))
        return 0
    print(f"good: {done.commands:,} commands, {done.events:,} events, {done.trades:,} trades\n"
          f"sequence      {found.sequence}\n"
          f"digest        {found.digest.hex()}\n"
          f"event digest  {result['event_digest']}\n"
          f"{done.rate:,.0f} commands/s")
    return 0
