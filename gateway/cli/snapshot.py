"""Make a snapshot of a venue's state, beside the venue while it runs or when it is stopped.

Takes the newest good snapshot and what the log has behind it, up to the committed position. It is in DIR/snapshots,
named by its last command; one that is there already stays.
"""

import argparse
import json
import sys

from pricetime.gateway.cli.progress import ReplayProgress
from pricetime.journal.restoration import last_command, take_snapshot
from pricetime.journal.snapshot import prune
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--keep", metavar="N", type=int, help="afterwards remove all that are older than the newest N "
                                                              "good ones")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """What was made on standard output; snapshots that were passed over and progress on standard error."""
    if arguments.keep is not None and arguments.keep < 1:
        raise UserError(f"--keep {arguments.keep}: expected 1 or more")
    with ReplayProgress(last_command(arguments.directory)) as progress:
        taken = take_snapshot(arguments.directory, on_progress=progress)
    for note in taken.notes:
        print(note, file=sys.stderr)
    removed = prune(arguments.directory, arguments.keep) if arguments.keep else []
    made = taken.snapshot
    result = {
        "file": str(made.path), "new": taken.is_new, "sequence": made.sequence, "time": made.time,
        "digest": made.digest.hex(), "bytes": made.size, "seconds": round(taken.seconds, 6),
        "removed": [str(path) for path in removed],
    }  # fmt: skip
    if arguments.json:
        print(json.dumps(result))
        return 0
    print(f"{made.path}{'' if taken.is_new else ': is there already, and good: not written again'}\n"
          f"sequence      {made.sequence}\n"
          f"digest        {made.digest.hex()}\n"
          f"{made.size:,} bytes, {taken.seconds:.2f} s")
    for path in removed:
        print(f"removed {path}")
    return 0
