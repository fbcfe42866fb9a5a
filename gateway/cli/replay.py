"""Rebuild a venue's state from its log: at the end, after a command, or at a time. Prints the state, or all events on
the way.

Without --events: sequence number, digest and each instrument. With it: every event as JSON Lines; the rest goes to
standard error. --from-snapshot begins with the nearest good snapshot before that place, and so do the events.
"""

import argparse
import json
import sys
from typing import Any

import numpy as np

from pricetime.gateway import json_lines
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.cli.restored import replayed, restored
from pricetime.gateway.codec import Codec
from pricetime.gateway.decimals import decimal_of
from pricetime.gateway.times import nanoseconds_of, other_unit
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import EVER, Reader
from pricetime.journal.restoration import Restored, first_command, last_command
from pricetime.journal.verify import digest_text
from pricetime.matching.errors import UserError
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import CommandType, Phase

DEFINITIONS = (CommandType.SECURITY_DEFINITION, CommandType.PARTY_DEFINITION, CommandType.SESSION_DEFINITION)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--until", metavar="SEQ", type=int, help="stop after the command with this sequence number")
    parser.add_argument("--at", metavar="TIME", help="stop after the last command at or before this time: "
                        "nanoseconds since 1970, or like 2023-07-11T09:30:00.5 (UTC)")
    parser.add_argument("--from-snapshot", action="store_true", help="begin with the nearest snapshot, not with the "
                                                                     "log's first command")
    parser.add_argument("--events", action="store_true", help="print all events as JSON Lines")
    parser.add_argument("--reference", action="store_true", help="match with the plain Python engine")
    parser.add_argument("--json", action="store_true", help="print the state as JSON")


def run(arguments: argparse.Namespace) -> int:
    """The state, or the events, on standard output; progress on standard error."""
    if arguments.until is not None and arguments.until < 1:
        raise UserError(f"--until {arguments.until}: expected a sequence number, 1 or more")
    begun = begin(arguments)
    last = 0 if arguments.at else min(begun.reader.until_sequence, last_command(arguments.directory))
    engine = replayed(begun, last, printer(begun.engine) if arguments.events else None)
    if arguments.until is not None and engine.sequence < arguments.until and arguments.at is None:
        raise UserError(f"{arguments.directory}: the log ends with command {engine.sequence}, before {arguments.until}")
    state = state_of(engine)
    print(json.dumps(state) if arguments.json else as_text(state), file=sys.stderr if arguments.events else sys.stdout)
    return 0


def begin(arguments: argparse.Namespace) -> Restored[EitherEngine]:
    """An engine before the first command to be replayed, and the reader from there to the last."""
    directory, until_sequence = arguments.directory, arguments.until or SEQUENCE_MAX
    until_time = EVER if arguments.at is None else nanoseconds_of(arguments.at, "--at")
    if arguments.at is not None:
        refuse_other_unit(directory, until_time)
    if not arguments.from_snapshot:
        reader = Reader(directory, until_sequence=until_sequence, until_time=until_time)
        return Restored(new_engine(arguments.reference), reader)
    found = restored(directory, reference=arguments.reference, until_sequence=until_sequence, until_time=until_time)
    begun = f"from {found.snapshot.path}" if found.snapshot else "no good snapshot before it: from the beginning"
    print(begun, file=sys.stderr)
    return found


def refuse_other_unit(directory: str, time: int) -> None:
    """UserError where --at is far before the log's first command, and would be near it in another unit."""
    block = Reader(directory, from_sequence=first_command(directory)).next_block()
    first = 0 if block is None else int(block["time"][0])
    if found := other_unit(time, first // 2, 2 * first):
        raise UserError(f"--at {time}: found {found[0]}, as it seems, expected nanoseconds since 1970: --at "
                        f"{found[1]} (the log's first command is of {first})")


def printer(engine: EitherEngine) -> Any:
    """What writes the events of each block to standard output."""
    codec = Codec()
    codec.directory.load(engine)

    def on_block(lines: np.ndarray, events: np.ndarray) -> None:
        if np.isin(lines["type"], DEFINITIONS).any():
            codec.directory.load(engine)
        sys.stdout.buffer.write(json_lines.dumps(codec.events(events)))

    return on_block


def state_of(engine: EitherEngine) -> dict[str, Any]:
    """The state that `replay` shows, as JSON has it."""
    return {
        "sequence": engine.sequence, "time": engine.time,
        "run": engine.run,
        "digest": engine.digest().hex(), "event_digest": digest_text(engine.event_digest),
        "participants": len(engine.participants), "sessions": len(engine.sessions),
        "instruments": [instrument_of(engine, row) for row in engine.instruments],
    }  # fmt: skip


def instrument_of(engine: EitherEngine, row: np.void) -> dict[str, Any]:
    """One instrument: its phase, how many orders, and the best price of each side."""
    bids, asks = engine.depth(int(row["id"]), 1)
    price_scale, qty_scale = int(row["price_scale"]), int(row["qty_scale"])
    shown: dict[str, Any] = {"symbol": row["name"].decode(), "phase": Phase(int(row["phase"])).name,
                             "orders": len(engine.orders(int(row["id"])))}
    for side, levels in (("bid", bids), ("ask", asks)):
        if len(levels):
            shown[side] = str(decimal_of(int(levels[0]["price"]), price_scale))
            shown[f"{side}_quantity"] = str(decimal_of(int(levels[0]["quantity"]), qty_scale))
    return shown


def as_text(state: dict[str, Any]) -> str:
    """The same for people."""
    shown_first = ("sequence", "time", "run", "digest", "event_digest")
    lines = [f"{key.replace('_', ' '):13} {state[key]}" for key in shown_first]
    for shown in state["instruments"]:
        sides = [f"{shown[f'{side}_quantity']} @ {shown[side]}" if side in shown else "-" for side in ("bid", "ask")]
        lines.append(f"{shown['symbol']:13} {shown['phase'].lower().replace('_', ' ')}, {shown['orders']:,} orders, "
                     f"{sides[0]} | {sides[1]}")
    return "\n".join(lines)
