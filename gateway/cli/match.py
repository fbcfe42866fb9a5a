"""Match offline: JSON Lines commands in (file or standard input), JSON Lines events out. Nothing else is needed.

Before the first VenueStart, names that the input does not define are defined on first use.
docs/json-lines.md has every message. What `pricetime log` prints is taken as it is.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.codec import DEFINES_ON_FIRST_USE, DEFINITIONS, Codec, lines_of
from pricetime.gateway.layout import record_starts
from pricetime.gateway.refusals import idle_limits, refusal
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import CommandType, EventType, Reason

BLOCK_MESSAGES_MAX = 4096
# Messages that are applied on their own: what follows depends on whether the engine took them.
ALONE = (*DEFINITIONS, m.EventDigest, m.RiskLimits)
WIRE_ONLY = (m.OrderStatusRequest, m.OrderMassStatusRequest, m.Heartbeat, m.TestRequest, m.SecurityListRequest)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="JSON Lines commands; standard input without it"
    )
    parser.add_argument("--reference", action="store_true", help="match with the plain Python engine")
    parser.add_argument("--strict", action="store_true", help="define nothing on first use")


def run(arguments: argparse.Namespace) -> int:
    """Events on standard output; refused definitions, and at the end sequence number and digest, on standard error."""
    with open_input(arguments.file) as (file, name):
        player = Player(new_engine(arguments.reference), sys.stdout.buffer, strict=arguments.strict)
        try:
            player.play(file, name, block_messages_max=1 if file.isatty() else BLOCK_MESSAGES_MAX)
        finally:
            sys.stdout.buffer.flush()
    print(f"sequence {player.engine.sequence}, digest {player.engine.digest().hex()}", file=sys.stderr)
    return 0


def new_engine(reference: bool) -> EitherEngine:
    """The fast engine or the plain one."""
    if reference:
        from pricetime.matching.reference.engine import Engine as ReferenceEngine

        return ReferenceEngine()
    from pricetime.matching.engine import Engine

    return Engine()


@contextlib.contextmanager
def open_input(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """A file, or standard input for "-", and what errors call it."""
    if name == "-":
        yield sys.stdin.buffer, "standard input"
        return
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(name, "rb"))
        except OSError as error:
            raise UserError(f"cannot read {name}: {error.strerror}") from None
        yield file, name


class Player:
    """Plays JSON Lines through one engine, in blocks, and writes what comes out."""

    def __init__(self, engine: EitherEngine, output: BinaryIO, strict: bool = False) -> None:
        self.engine = engine
        self.codec = Codec(define_on_first_use=not strict)
        self._output = output
        self._strict = strict
        self._records: list[bytes] = []
        self._newest: m.Command | None = None
        self._first_line = 0
        self._sequence = 0

    def play(self, file: BinaryIO, name: str, block_messages_max: int = BLOCK_MESSAGES_MAX) -> None:
        """All lines of a file. UserError naming the first bad line; the events of those before it are written."""
        number = 0
        try:
            for number, message in json_lines.read(file, name):
                alone = isinstance(message, ALONE) or message.sequence not in (0, self._sequence + 1)
                if alone or len(self._records) >= block_messages_max:
                    self._apply(name)
                self._take(message, name, number)
                if alone:
                    self._apply(name)
        finally:
            # A bad line ends the run, but what came before it has happened.
            self._apply(name)

    def _take(self, message: m.Command, name: str, number: int) -> None:
        if not self._records:
            self._first_line = number
        self._sequence, self._newest = message.sequence, message
        try:
            if isinstance(message, WIRE_ONLY):
                raise UserError(
                    f"MsgType: found {type(message).__name__}, expected a command; only a running venue answers it"
                )
            self._records.append(self.codec.encode_bytes(message))
        except UserError as error:
            raise json_lines.at_line(name, number, self._hint(error, message)) from None

    def _hint(self, error: UserError, message: m.Command) -> str:
        if "that is defined" not in str(error):
            return str(error)
        if not isinstance(message, DEFINES_ON_FIRST_USE):
            return f"{error}: {type(message).__name__} defines no name, define it first"
        return f"{error} (define it first, or leave out --strict)" if self._strict else str(error)

    def _apply(self, name: str) -> None:
        if not self._records:
            return
        lines = lines_of(b"".join(self._records))
        self._records.clear()
        try:
            events = self.engine.apply(lines)
        except ValueError as error:
            failure = CheckFailed if lines["type"][0] == CommandType.EVENT_DIGEST else UserError
            raise failure(f"{name}, line {self._first_line}: {self._sequence_error(lines) or error}") from None
        self._write(events)
        if isinstance(self._newest, ALONE):
            self._tell_refusal(self._newest, events, name)

    def _tell_refusal(self, message: m.Command, events: np.ndarray, name: str) -> None:
        """An event has the Reason alone: which field it is about goes to standard error. So does a limit of nothing."""
        refused = events["reason"][events["type"] == EventType.BUSINESS_MESSAGE_REJECT]
        for reason in refused:
            said = refusal(message, Reason(int(reason)), self.engine)
            print(f"{name}, line {self._first_line}: {type(message).__name__} refused: {said}", file=sys.stderr)
        if not len(refused) and (idle := idle_limits(message, self.codec.directory.instruments.by_id.values())):
            print(f"{name}, line {self._first_line}: {idle}", file=sys.stderr)

    def _sequence_error(self, lines: np.ndarray) -> str | None:
        """A Sequence that is not the next one, by name; what came before it is applied."""
        due = self.engine.sequence + 1
        found = {int(number) for number in lines["sequence"][record_starts(lines)]} - {0, due}
        if len(found) != 1:
            return None
        return f"Sequence: found {found.pop()}, expected {due}, which is the next one, or none"

    def _write(self, events: np.ndarray) -> None:
        if len(events):
            self._output.write(json_lines.dumps(self.codec.events(events)))
            self._output.flush()
            self.codec.settle(self.engine, events)
