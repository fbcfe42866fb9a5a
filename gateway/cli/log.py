"""Print the journaled commands of a venue as JSON Lines, which `pricetime match` takes as they are.

A command that JSON Lines cannot say exactly is printed as a Record with its bytes. Reads up to the committed position.
"""

import argparse
import sys

import numpy as np

from pricetime.gateway import json_lines
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.cli.restored import replayed, restored
from pricetime.gateway.codec import Codec
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import Reader
from pricetime.journal.replay import replay
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--from", metavar="SEQ", type=int, default=1, dest="first", help="the first command (1)")
    parser.add_argument("--to", metavar="SEQ", type=int, default=SEQUENCE_MAX, dest="last", help="the last one (the "
                                                                                                 "log's end)")


def run(arguments: argparse.Namespace) -> int:
    """Commands on standard output. UserError where the log has none in the range."""
    first, last = arguments.first, arguments.last
    if not 1 <= first <= last:
        raise UserError(f"--from {first} --to {last}: expected sequence numbers from 1 on, the first not behind the "
                        "last")
    engine, codec = new_engine(reference=False), Codec()
    if first > 1:
        # Names and scales are what the definitions before have made of them.
        engine = replayed(restored(arguments.directory, until_sequence=first - 1), first - 1)
        codec.directory.load(engine)

    def print_block(lines: np.ndarray, events: np.ndarray) -> None:
        sys.stdout.buffer.write(json_lines.dumps(codec.decode(lines, events)))

    replay(Reader(arguments.directory, from_sequence=first, until_sequence=last), engine, on_block=print_block)
    if engine.sequence < first:
        raise UserError(f"{arguments.directory}: the log ends with command {engine.sequence}, before {first}")
    sys.stdout.buffer.flush()
    return 0
