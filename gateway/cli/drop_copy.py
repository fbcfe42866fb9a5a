"""Print the reports of a drop copy as they come: one's participant's, or with the right Operate the whole venue's.

Ends at Ctrl-C, or where nothing has come for --timeout seconds. Each line begins with the point behind it,
SEQUENCE.PLACE: --from that point goes on there.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.drop_copy.client import DropCopy
from pricetime.gateway.drop_copy.protocol import WHOLE, Point
from pricetime.gateway.field_checks import SHOWN_CHARACTERS_MAX
from pricetime.gateway.times import utc
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="the drop copy's, such as tcp://127.0.0.1:7002")
    parser.add_argument("--session", metavar="NAME", required=True, help="a session with the right DropCopy")
    parser.add_argument("--from", metavar="SEQ", dest="after", help="behind this command, or SEQ.PLACE; 0: from the "
                                                                     "beginning (what is to come only)")
    parser.add_argument("--timeout", metavar="SECONDS", type=float,
                        help="end where nothing has come for so long (never)")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the client's secret key, for CURVE")
    parser.add_argument("--venue-key", metavar="FILE", type=Path, help="the venue's public key")
    parser.add_argument("--json", action="store_true", help="JSON Lines, as `pricetime match` prints events")


def run(arguments: argparse.Namespace) -> int:
    """Events on standard output. UserError where it cannot be had; the stream's end is one, too."""
    if arguments.timeout is not None and not 0 <= arguments.timeout <= 1e6:
        raise UserError(f"--timeout {arguments.timeout:g}: expected seconds, 0 or more")
    after = None if arguments.after is None else parse_point(arguments.after)
    timeout_ms = None if arguments.timeout is None else int(arguments.timeout * 1000)
    with DropCopy(
        arguments.endpoint, arguments.session, after=after, key=arguments.key, venue_key=arguments.venue_key
    ) as copy:
        try:
            for frame in copy.frames(timeout_ms):
                events = copy.codec.events(frame.events)
                sys.stdout.buffer.write(json_lines.dumps(events) if arguments.json else
                                        "".join(map(line, events)).encode())
                sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            pass
    return 0


def parse_point(text: str) -> Point:
    """SEQ or SEQ.PLACE."""
    numbers = text.split(".")
    if len(numbers) <= 2 and all(number.isascii() and number.isdigit() and len(number) <= 20 for number in numbers):
        sequence, place = int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else WHOLE
        if sequence < 2**64 and place < 2**32:
            return Point(sequence, place)
    short = text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}..."
    raise UserError(f"--from {short}: expected a command's sequence number, or SEQUENCE.PLACE")


def line(event: m.Event) -> str:
    """An event for people: where, when, whose, what, and its fields."""
    fields = msgspec.to_builtins(event, str_keys=True)
    kind = fields.pop("MsgType")
    kind = fields.get("ExecType", kind)
    rest = " ".join(f"{name}={value}" for name, value in fields.items()
                    if name not in ("Sequence", "Place", "Session", "TransactTime", "ExecType", "ReportNumber"))
    return f"{event.sequence}.{event.place} {utc(event.transact_time)} {event.session or '-'} {kind} {rest}\n"
