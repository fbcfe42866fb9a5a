"""The real desk beside a simulated venue, in one process and step by step: the loop's frames go to it, its answers go
back, and nothing depends on the time, so that a seed repeats.

    loop ─► transport.sent ─► FuzzLine ─► Desk.round() ─► FuzzLine ─► transport.waiting ─► loop
    log in memory ─► Writer, a log on the disk ─► the desk's Follower and History

The desk is gateway/desk/'s own. Replaced are its socket, its clock, its threads, and that it refuses what fails in it:
here that comes out, as what it is.
"""

import tempfile
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np

from pricetime.gateway.desk.desk import Desk, is_message_pack
from pricetime.gateway.desk.frames import Frame, enrolment, frame_of
from pricetime.gateway.desk.line import Line
from pricetime.gateway.internal import Encoding, InternalKind, InternalRole
from pricetime.gateway.layout import record_starts
from pricetime.journal import Writer
from pricetime.matching.records import COMMAND, Reason
from tests.gateway.simulation import Simulation

SECRET = bytes(range(32))
ROUTING_ID = b"\0\0\0\0\x63"
REPORTS = 16_384            # that the desk keeps: few, so that it looks into the log as well
SEGMENT_BYTES = 1 << 22     # a seed's log is one segment or two: each look into the log lists them
ROUNDS_MAX = 10_000         # of the desk in a turn: it ends


class AtOnce(Executor):
    """The desk's threads: what they are asked is answered before anything else happens."""

    def __init__(self, threads: int, name: str) -> None:
        pass

    def submit(self, question: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(question(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


class FuzzLine(Line):
    """The desk's end of the transport in memory; counts what passes."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._frames: deque[bytes] = deque()
        self.seconds = 0.0          # the desk's clock
        self.decoded = self.submitted = self.translated = 0
        self.rejected: Counter[Reason] = Counter()

    def enrol(self, bell: int) -> None:
        self._simulation.transport.waiting.append((ROUTING_ID, enrolment(SECRET, InternalRole.DESK).to_bytes()))
        self._simulation.run()
        self.take_sent()
        assert frame_of(self._frames.popleft()).kind == InternalKind.RESULT

    def take_sent(self) -> None:
        """What the loop sent to the desk."""
        transport = self._simulation.transport
        self._frames += [payload for routing_id, payload, _ in transport.sent if routing_id == ROUTING_ID]
        transport.sent = [sent for sent in transport.sent if sent[0] != ROUTING_ID]

    def receive(self) -> bytes | None:
        return self._frames.popleft() if self._frames else None

    def send(self, data: bytes) -> None:
        self.count(frame_of(data))
        self._simulation.transport.waiting.append((ROUTING_ID, data))

    def count(self, frame: Frame) -> None:
        """What an answer is."""
        maps = frame.encoding == Encoding.MESSAGE_PACK
        if frame.kind == InternalKind.SUBMIT:
            self.submitted += len(list(record_starts(np.frombuffer(frame.payload, COMMAND))))
        elif frame.reason and maps:
            self.rejected[Reason(frame.reason)] += 1
        elif is_message_pack(frame.payload):
            self.translated += 1

    def wait(self, milliseconds: int) -> None:
        self.seconds += milliseconds / 1000

    def close(self) -> None:
        self._frames.clear()


class OpenDesk(Desk):
    """Lets a mistake through that the venue's desk says, and refuses the frame for."""

    def __init__(self, directory: Path, line: FuzzLine) -> None:
        super().__init__(directory, line, REPORTS, clock=lambda: line.seconds, executor=AtOnce)
        self.line = line

    def _take(self, frame: Frame, late: bool) -> bool:
        done = self._work_off(frame, late)
        self.line.decoded += done and frame.kind == InternalKind.FORWARD and is_message_pack(frame.payload)
        return done

    def idle(self) -> bool:
        """Whether nothing waits in it."""
        return not self._lanes

    def digest(self) -> bytes:
        """Of its own copy of the state."""
        return bytes(self._follower.engine.digest())


class FuzzDesk:
    """A desk for a simulation that has SECRET. The log that it follows is written from the one in memory."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)
        self._writer = Writer(self._folder.name, segment_bytes=SEGMENT_BYTES)
        self._written = 0
        self.write()
        self._line = FuzzLine(simulation)
        self._desk = OpenDesk(Path(self._folder.name), self._line)

    def write(self) -> None:
        """Bring the log on the disk up to the one in memory."""
        storage = self._simulation.storage
        if storage.appended > self._written:
            self._writer.append(storage.records(self._written))
            self._written = storage.appended

    def work(self, behind: bool = False) -> None:
        """Loop and desk in turn until neither has anything to do. behind: the desk sees frames before the log."""
        self._line.take_sent()
        if behind:
            self._desk.round()
        while True:
            self.write()
            for _ in range(ROUNDS_MAX):
                before = self._line.seconds
                self._desk.round()
                if self._line.seconds != before and self._desk.idle():
                    break
            else:
                raise AssertionError(f"the desk is not done after {ROUNDS_MAX} rounds")
            if not self._simulation.transport.waiting:
                return
            self._simulation.run()
            self._line.take_sent()

    def take_sent(self) -> None:
        """The desk's frames are kept; what clients got is looked at by nobody."""
        self._line.take_sent()
        self._simulation.transport.sent.clear()

    def digest(self) -> bytes:
        return self._desk.digest()

    @property
    def decoded(self) -> int:
        """MessagePack messages of clients that the desk has worked off."""
        return self._line.decoded

    @property
    def submitted(self) -> int:
        """Records that it made of them."""
        return self._line.submitted

    @property
    def translated(self) -> int:
        """Messages with reports or answers as maps."""
        return self._line.translated

    @property
    def rejected(self) -> Counter[Reason]:
        """Its refusals in MessagePack, by reason."""
        return self._line.rejected

    def close(self) -> None:
        """Give all back."""
        self._desk.close()
        self._writer.close()
        self._folder.cleanup()
