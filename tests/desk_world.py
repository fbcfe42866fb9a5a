"""A desk for tests: a log that grows, an engine that knows what each of its commands said, and the loop's side of the
desk's socket. The desk runs in a thread; the process around it is tried in tests/system/test_desk.py."""

import secrets
import threading

import commands as c
import numpy as np
import zmq

from pricetime.gateway import message_pack
from pricetime.gateway.codec import Codec
from pricetime.gateway.desk.desk import Desk
from pricetime.gateway.desk.frames import Frame, frame_of
from pricetime.gateway.desk.line import Line
from pricetime.gateway.internal import Encoding, InternalKind, InternalRole
from pricetime.journal import Writer, layout
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, EVENT, EVENT_LINE, CommandType

ANSWER_MS = 10_000
SECRET = secrets.token_bytes(32)
ROUTING = 0x01020304


class World:
    """What the loop would be to a desk. Not started: no desk yet."""

    def __init__(self, directory, reports=1024, segment_bytes=layout.SEGMENT_BYTES_MIN):
        directory.mkdir(exist_ok=True)
        self.directory, self.reports = directory, reports
        self.engine = Engine()
        self.codec = Codec()
        self.writer = Writer(directory, segment_bytes=segment_bytes)
        self.events = np.zeros(0, EVENT)
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.bind("tcp://127.0.0.1:0")
        self._endpoint = self._router.getsockopt_string(zmq.LAST_ENDPOINT)
        self._desk = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.failure = None

    def journal(self, *commands):
        """Append and apply; what was said."""
        said = []
        for command in commands:
            line = np.frombuffer(bytearray(command), COMMAND)
            line["sequence"][0] = self.engine.sequence + 1
            line["time"][0] = max(int(line["time"][0]), self.engine.time)
            self.writer.append(line)
            said.append(self.engine.apply(line))
            self.codec.follow(line.tobytes())
        self.events = np.concatenate((self.events, *said))
        return np.concatenate(said) if said else self.events[:0]

    def reports_of(self, session, begin=1, end=2**63):
        """The numbered events that a session had."""
        mine = self.events[self.events["session"] == session]
        return mine[(mine["report_number"] >= begin) & (mine["report_number"] <= end) & (mine["report_number"] != 0)]

    # ------------------------------------------------------------------------------------------- the loop's side

    def start(self):
        self._thread.start()
        self._desk, payload = self._router.recv_multipart() if self._router.poll(ANSWER_MS) else (b"", b"")
        frame = frame_of(payload)
        assert (frame.kind, frame.role, frame.secret) == (InternalKind.ENROL, InternalRole.DESK, SECRET)
        self.send(Frame(InternalKind.RESULT))
        return self

    def _run(self):
        try:
            desk = Desk(self.directory, Line(self._endpoint, SECRET), self.reports)
            while not self._stop.is_set():
                desk.round()
            desk.close()
        except BaseException as error:
            self.failure = error
            raise

    def send(self, frame):
        self._router.send_multipart([self._desk, frame.to_bytes()])

    def forward(self, payload, session, *, sequence=None, report_lines=2, encoding=Encoding.LINES, routing=ROUTING):
        """What a client sent."""
        sequence = self.engine.sequence if sequence is None else sequence
        self.send(Frame(InternalKind.FORWARD, payload, routing, session, encoding, report_lines, sequence))

    def forward_maps(self, payload, session, **options):
        """The same in MessagePack."""
        self.forward(payload, session, encoding=Encoding.MESSAGE_PACK, **options)

    def translate(self, payload, session, routing=ROUTING):
        self.send(Frame(InternalKind.TRANSLATE, payload, routing, session, Encoding.MESSAGE_PACK, 2,
                        self.engine.sequence))

    def frame(self):
        """The next frame from the desk."""
        assert self._router.poll(ANSWER_MS), f"the desk says nothing: {self.failure}"
        return frame_of(self._router.recv_multipart()[1])

    def is_silent(self, milliseconds=100):
        return not self._router.poll(milliseconds)

    def delivered(self, kind=InternalKind.DELIVER):
        """The next frame, which must be of that kind."""
        frame = self.frame()
        assert frame.kind == kind
        return frame

    def told(self):
        """The EVENTs of the next frame, of two lines each."""
        return np.frombuffer(self.delivered().payload, EVENT)

    def told_lines(self):
        return np.frombuffer(self.delivered().payload, EVENT_LINE)

    def told_until(self, last):
        """EVENTs, frame by frame, up to the first of a type, which is the last of its frame."""
        found = [self.told()]
        while found[-1]["type"][-1] != last:
            found.append(self.told())
        return np.concatenate(found)

    def told_maps(self):
        return message_pack.events(self.delivered().payload)

    def submitted(self):
        """COMMAND lines of the next SUBMIT."""
        return np.frombuffer(self.delivered(InternalKind.SUBMIT).payload, COMMAND)

    def end(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(ANSWER_MS / 1000)
        self.writer.close()
        self._router.close(linger=0)
        self._context.term()
        assert self.failure is None, self.failure


def resend_request(begin, end=0, **fields):
    return c.record(CommandType.RESEND_REQUEST, target=begin, quantity=end, **fields)


def status_request(cl_ord_id, instrument=0, *, orig=0, order_id=None, **fields):
    target, bit = c.named(orig, order_id)
    return c.record(CommandType.ORDER_STATUS_REQUEST, cl_ord_id=cl_ord_id, instrument=instrument, target=target,
                    attributes=bit, **fields)


def mass_status_request(instrument=0, **fields):
    return c.record(CommandType.ORDER_MASS_STATUS_REQUEST, instrument=instrument, **fields)


def flagged(record, **fields):
    """A record with PossResend, as it comes from the wire: another message number, no time, no session."""
    lines = np.frombuffer(bytearray(record), COMMAND)
    lines["attributes"][0] |= records.POSS_RESEND
    for name, value in {"session": 0, "time": 0, "sequence": 9, **fields}.items():
        lines[name][0] = value
    return lines.tobytes()
