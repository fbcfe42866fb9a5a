"""The desk's thread: frames from the venue in, the log behind it followed, answers out. Nothing here takes long; what
does is asked in past.py, and waits in lanes.py."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pricetime.gateway.desk.answers import payloads
from pricetime.gateway.desk.follower import Follower
from pricetime.gateway.desk.frames import Frame, frame_of
from pricetime.gateway.desk.lanes import Lanes
from pricetime.gateway.desk.line import Line
from pricetime.gateway.desk.outbox import Outbox
from pricetime.gateway.desk.past import Past
from pricetime.gateway.desk.process import REPORTS
from pricetime.gateway.desk.requests import LOG, Requests
from pricetime.gateway.desk.translation import THROTTLED, Rejection, Translation, reject
from pricetime.gateway.internal import InternalKind
from pricetime.journal import logs
from pricetime.matching.records import LINE_BYTES, Reason

FRAMES_SECONDS = 0.01       # frames are taken, and long answers sent, for so long before the log is looked at again
SERVE_SECONDS = 0.002       # they are worked off for so long before more are taken
IDLE_MS = 50                # the log is looked at so often where nobody asks
HURRY_MS = 1                # where somebody waits for a command of it
FAILED = "this cannot be worked off here: the venue's operator was told why"
COMMANDS, REQUESTS, REPORTS_LANE = range(3)


def is_message_pack(payload: bytes) -> bool:
    """Whether a payload is a map or an array of MessagePack; a record on the wire begins with a checksum of 0."""
    return bool(payload) and (0x80 <= payload[0] <= 0x9F or 0xDC <= payload[0] <= 0xDF)


class Desk:
    """One desk of one venue. line: to the venue. UserError: the log cannot be followed, or the venue does not take it.

    clock, executor: what time it is, and what its threads are; the fuzzer has others, so that a seed repeats."""

    def __init__(self, directory: Path, line: Line, reports: int = REPORTS, *,
                 clock: Callable[[], float] = time.monotonic,
                 executor: Callable[[int, str], Executor] = ThreadPoolExecutor) -> None:
        self._follower = Follower(directory, reports)
        while self._follower.step():    # who asks finds it ready
            pass
        for note in self._follower.notes:
            LOG.say("note", note)
        self._line, self._clock = line, clock
        self._past = Past(directory, executor)
        self._outbox = Outbox(self._send, clock)
        self._requests = Requests(self._follower, self._past, directory, self._deliver)
        self._translation = Translation(self._follower)
        self._lanes = Lanes(self._take, self._refuse, clock)
        self._next_look = 0.0
        line.enrol(self._past.bell)
        LOG.say("ready", f"ready, behind command {self._follower.sequence}", sequence=self._follower.sequence)

    def run(self) -> None:
        """Until the process ends."""
        while True:
            self.round()

    def round(self) -> None:
        """Whatever there is to do, or wait a little for more."""
        busy = self._receive()
        self._requests.notes.tell()
        if busy:
            self._lanes.serve(SERVE_SECONDS)
        busy |= self._past.answered()
        busy |= self._follow()
        busy |= self._outbox.pump(SERVE_SECONDS if self._lanes else FRAMES_SECONDS)     # somebody waits for a turn
        if self._lanes:         # what had to wait for the log, and what did not have its turn
            busy |= self._lanes.serve(SERVE_SECONDS)
        if not busy:
            self._line.wait(HURRY_MS if self._lanes else IDLE_MS)

    def close(self) -> None:
        """Give all back."""
        self._requests.notes.tell(finally_=True)
        self._past.close()
        self._line.close()

    def _receive(self) -> bool:
        """Take what there is, work off nothing: who has sent much is soon behind who has sent little."""
        some, now = False, self._clock()
        until = now + FRAMES_SECONDS
        while now < until:
            data = self._line.receive()
            if data is None:
                break
            some, frame = True, frame_of(data)
            if frame.kind == InternalKind.TRANSLATE:
                lane = REPORTS_LANE
            elif frame.kind == InternalKind.FORWARD:
                lane = COMMANDS if is_message_pack(frame.payload) else REQUESTS
            else:
                continue
            self._lanes.add((frame.routing, lane), frame, now, lane == COMMANDS and not frame.session)
            now = self._clock()
        return some

    def _follow(self) -> bool:
        """One block of the log. To look for another segment costs system calls: now and then, or where somebody
        waits."""
        now = self._clock()
        if not self._follower.has_more() and now < self._next_look:
            return False
        self._next_look = now + (HURRY_MS if self._lanes else IDLE_MS) / 1000
        return self._follower.step()

    # ------------------------------------------------------------------------------------------- one frame

    def _take(self, frame: Frame, late: bool) -> bool:
        """Work off a frame. False: not yet. What one client sent must not end the desk for all: a mistake of ours is
        said, and the frame refused."""
        try:
            return self._work_off(frame, late)
        except Exception as error:  # noqa: BLE001
            LOG.say("failed", f"a frame failed: {type(error).__name__}: {error}", level=logs.ERROR, kind=frame.kind,
                    session=frame.session)
            self._refuse(frame, Reason.UNSUPPORTED, FAILED)
            return True

    def _work_off(self, frame: Frame, late: bool) -> bool:
        if frame.kind == InternalKind.TRANSLATE:
            maps = self._translation.reports(frame, late)
            for payload in maps or ():
                self._send(frame.answer(InternalKind.DELIVER, payload))
            return maps is not None
        if is_message_pack(frame.payload):
            return self._take_commands(frame, late)
        if len(frame.payload) < LINE_BYTES:
            return True
        if self._outbox.is_busy(frame.routing) and not late:
            return False
        return self._requests.take(frame, late)

    def _take_commands(self, frame: Frame, late: bool) -> bool:
        found = self._translation.commands(frame, late)
        if found is None:
            return False
        blocks, rejected = found
        for block in blocks:
            self._send(frame.answer(InternalKind.SUBMIT, block, frame.reason))
        if rejected:
            self._reject(frame, rejected)
        elif not blocks:
            self._answer_nothing(frame)
        return True

    def _answer_nothing(self, frame: Frame) -> None:
        """Of what came too fast also that there is nothing in it: so a session ends behind what it sent before."""
        if frame.reason:
            self._send(frame.answer(InternalKind.SUBMIT, b"", frame.reason))

    def _refuse(self, frame: Frame, reason: Reason = Reason.THROTTLED, text: str = THROTTLED) -> None:
        """Without a reason: there is no room for it to wait."""
        if frame.kind == InternalKind.TRANSLATE:
            LOG.say("dropped", f"reports dropped ({reason.name}): their numbers tell the client", level=logs.WARNING,
                    routing=frame.routing, reason=reason.name)
        elif is_message_pack(frame.payload):
            self._reject(frame, reject(text, reason=reason))
            self._answer_nothing(frame)
        else:
            self._requests.refuse(frame, reason)

    def _reject(self, frame: Frame, rejection: Rejection) -> None:
        self._send(frame.answer(InternalKind.DELIVER, rejection.payload, rejection.reason))

    def _deliver(self, frame: Frame, events: np.ndarray) -> None:
        self._outbox.add(frame, payloads(frame, events, self._follower.codec))

    def _send(self, frame: Frame) -> None:
        self._line.send(frame.to_bytes())
