"""Pack old segments of a venue's log with zstd, beside a running venue too. Every reader reads them as before.

Only segments are packed that are complete and synced; each is read, checked, packed, unpacked again and compared before
the plain file goes. `zstd -d --rm FILE` gives it back.
"""

import argparse

from pricetime.journal.packing import pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--keep", metavar="N", type=int, default=1,
                        help="how many of the newest segments stay plain (1)")


def run(arguments: argparse.Namespace) -> int:
    """The packed files on standard output, one a line, then how many."""
    done = pack(arguments.directory, keep=arguments.keep)
    for path in done:
        print(path)
    print(f"{len(done)} segments packed")
    return 0
