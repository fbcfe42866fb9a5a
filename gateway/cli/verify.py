"""Check a venue's log from its beginning: every checksum, every command taken again, every digest journaled on the way,
every snapshot against the state that the log gives there.

Where the beginning was pruned it starts with the oldest snapshot that the log goes on from, and says so. Reads up to
the committed position, beside a running venue too. Exit status 1 where something does not hold: the line names it.
"""

import argparse
import json

from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.cli.progress import ReplayProgress
from pricetime.journal.restoration import first_command, last_command
from pricetime.journal.verify import CheckedSnapshot, Verified, digest_text, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--reference", action="store_true", help="match with the plain Python engine")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """What was found good on standard output; the first thing that does not hold is an error."""
    with ReplayProgress(last_command(arguments.directory) - first_command(arguments.directory) + 1) as progress:
        found = verify(arguments.directory, new_engine(arguments.reference), on_progress=progress)
    done = found.replayed
    result = {
        "sequence": found.sequence, "commands": done.commands, "events": done.events, "trades": done.trades,
        "digest": found.digest.hex(), "event_digest": digest_text(found.event_digest),
        "seconds": round(done.seconds, 6), "commands_per_second": round(done.rate), "first": found.first,
        "oldest": found.oldest,
        "begun_with": str(found.begun_with) if found.begun_with else None,
        "snapshots": [{"file": str(entry.path), "fault": entry.fault, "compared": entry.compared}
                      for entry in found.snapshots],
    }  # fmt: skip
    status = int(any(entry.fault for entry in found.snapshots))
    if arguments.json:
        print(json.dumps(result))
        return status
    print(f"good: {done.commands:,} commands, {done.events:,} events, {done.trades:,} trades\n"
          f"sequence      {found.sequence}\n"
          f"digest        {found.digest.hex()}\n"
          f"event digest  {result['event_digest']}\n"
          f"{done.rate:,.0f} commands/s")
    if found.begun_with:
        print(begun_later(found))
    for entry in found.snapshots:
        print(told(entry))
    return status


def begun_later(found: Verified) -> str:
    """A line on a log whose beginning was pruned."""
    if found.oldest == found.first:
        return f"from command {found.first}: what is before it was pruned, and {found.begun_with} was believed"
    return (f"from command {found.first}: {found.begun_with} was believed for what is before it; commands "
            f"{found.oldest} to {found.first - 1} were read, not matched, and those before {found.oldest} were pruned")


def told(entry: CheckedSnapshot) -> str:
    """A line on a snapshot."""
    if entry.fault:
        return f"bad snapshot: {entry.fault}"
    return f"good snapshot: {entry.path}" if entry.compared else f"not compared: {entry.path}: the log begins after it"
