"""Remove the oldest segments of a venue's log, whose commands a snapshot makes needless, beside a running venue too.

Whole segments go, the oldest first, up to the one that holds the command SEQ. What is left begins later: a start,
`replay --from-snapshot`, `verify` and `log` go on from that snapshot then.
"""

import argparse

from pricetime.journal import snapshot
from pricetime.journal.directory import log_folder
from pricetime.journal.packing import prune
from pricetime.journal.recovery import oldest_sequence
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--before", metavar="SEQ", type=int, required=True, help="the oldest command that must stay")


def run(arguments: argparse.Namespace) -> int:
    """The removed files on standard output, one a line, then where the log begins. UserError: no snapshot reaches
    SEQ - 1."""
    directory, before = arguments.directory, arguments.before
    if before < 2:
        raise UserError(f"--before {before}: expected a sequence number, 2 or more")
    folder = log_folder(directory)
    wanted = before - 1
    newest = next((found.sequence for found in snapshot.vouched(directory)), 0)
    if newest < wanted:
        raise UserError(f"{folder.parent}: no good snapshot of synced commands at {wanted} or later"
                        + (f", the newest is at {newest}" if newest else "")
                        + "; make one first: pricetime snapshot, or choose an earlier --before")
    for path in prune(directory, wanted):
        print(path)
    print(f"the log begins with command {oldest_sequence(folder)}")
    return 0
