"""A venue of a page for a client's session, and a line that drops, doubles, reorders and cuts: in one process, on a
time of its own. It keeps what docs/protocol.md says of numbers, marks and resends; it matches nothing."""

from collections import Counter
from random import Random

import numpy as np

from pricetime.gateway.client_session import ClientSession
from pricetime.gateway.client_state import State
from pricetime.gateway.layout import record_starts
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT_LINE, POSS_RESEND, RECORD_VERSION, CommandType, EventType, Reason

BLOCK = 7   # reports in one message of a resend


def event(kind: EventType, **fields: int) -> np.ndarray:
    line = np.zeros(1, EVENT_LINE)
    line["type"], line["shape"] = kind, RECORD_VERSION << 4 | 1
    for name, value in fields.items():
        line[name] = value
    return line


class FakeVenue:
    """One session. reports: all that it ever had; journaled: its ClOrdIDs, as often as they were taken. oldest: the
    first report that can still be sent again."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.mark = 0
        self.oldest = 1
        self.reports: list[np.ndarray] = []
        self.journaled: Counter[int] = Counter()
        self.contents: dict[int, int] = {}      # what each command says, by ClOrdID
        self.connection: object = None
        self.number = 0

    def report(self, kind: EventType, cl_ord_id: int) -> np.ndarray:
        self.reports.append(event(kind, cl_ord_id=cl_ord_id, report_number=len(self.reports) + 1))
        return self.reports[-1]

    def take(self, connection: object, payload: bytes) -> list[np.ndarray]:
        """Its answers to one message, each a message."""
        lines = np.frombuffer(payload, COMMAND)
        said: list[np.ndarray] = []
        for start in record_starts(lines):
            said += self.record(connection, lines[start])
        return said

    def record(self, connection: object, record: np.void) -> list[np.ndarray]:
        kind, cl_ord_id = int(record["type"]), int(record["cl_ord_id"])
        if kind == CommandType.LOGON and record["sequence"] == 1:
            self.connection, self.number = connection, 1
            return [event(EventType.LOGON_ANSWER, cl_ord_id=self.mark, order_id=len(self.reports) + 1)]
        if connection is not self.connection:
            return [self.refusal(Reason.NOT_LOGGED_ON, cl_ord_id)]
        duplicate = kind == CommandType.NEW_ORDER_SINGLE and cl_ord_id <= self.mark
        said = [self.refusal(Reason.DUPLICATE_CL_ORD_ID, cl_ord_id)] if duplicate else []
        if record["sequence"] != self.number + 1:
            self.connection = None
            return [*said, self.refusal(Reason.MSG_SEQ_NUM_OUT_OF_TURN, cl_ord_id)]
        self.number += 1
        if duplicate and record["attributes"] & POSS_RESEND:
            return self.again(record)
        return said or self.command(kind, record)

    def again(self, record: np.void) -> list[np.ndarray]:
        """The first reports of a command that is sent again, or that another one has its ClOrdID."""
        cl_ord_id = int(record["cl_ord_id"])
        if self.contents.get(cl_ord_id, record["quantity"]) != record["quantity"]:
            refused = self.refusal(Reason.DUPLICATE_CL_ORD_ID, cl_ord_id)
            refused["sequence"] = 1
            return [refused]
        new = [said for said in self.reports if said["type"][0] == EventType.NEW and said["cl_ord_id"][0] == cl_ord_id]
        if new and new[0]["report_number"][0] < self.oldest:
            return [self.refusal(Reason.RESEND_UNAVAILABLE, cl_ord_id)]
        return new

    def command(self, kind: int, record: np.void) -> list[np.ndarray]:
        cl_ord_id = int(record["cl_ord_id"])
        if kind == CommandType.NEW_ORDER_SINGLE:
            self.journaled[cl_ord_id] += 1
            self.contents[cl_ord_id] = int(record["quantity"])
            self.mark = cl_ord_id
            new = self.report(EventType.NEW, cl_ord_id)
            return [np.concatenate([new, self.trade()])] if self.dice.random() < 0.3 else [new]
        if kind == CommandType.TEST_REQUEST:
            return [event(EventType.HEARTBEAT_ANSWER, order_id=int(record["target"]))]
        if kind == CommandType.RESEND_REQUEST:
            return self.resend(int(record["target"]))
        return []

    def trade(self) -> np.ndarray:
        """A trade of any order that it has."""
        return self.report(EventType.TRADE, self.dice.randint(1, self.mark))

    def resend(self, first: int) -> list[np.ndarray]:
        if first < self.oldest:
            return [event(EventType.RESEND_ANSWER, order_id=self.oldest, reason=Reason.RESEND_UNAVAILABLE)]
        wanted = self.reports[first - 1 :]
        blocks = [np.concatenate(wanted[at : at + BLOCK]) for at in range(0, len(wanted), BLOCK)]
        return [*blocks, event(EventType.RESEND_ANSWER, order_id=len(self.reports) + 1, last_qty=len(wanted))]

    @staticmethod
    def refusal(reason: Reason, cl_ord_id: int) -> np.ndarray:
        return event(EventType.BUSINESS_MESSAGE_REJECT, cl_ord_id=cl_ord_id, reason=reason)


class Line:
    """Between one session and one venue. faults: how likely each message is lost, doubled or overtaken, and the line
    cut."""

    def __init__(self, session: ClientSession, venue: FakeVenue, dice: Random, faults: float = 0.0) -> None:
        self.session, self.venue, self.dice, self.faults = session, venue, dice, faults
        self.now = 0.0
        self.connection = object()
        self.there: list[bytes] = []        # on their way to the venue
        self.back: list[bytes] = []
        self.told: list[int] = []           # numbers of the reports that the caller got
        self.restarts = self.logons = 0

    def open(self) -> None:
        self.connection, self.there, self.back = object(), [], []
        self.logons += 1
        self.session.begin(self.now)

    def step(self, seconds: float = 0.01) -> None:
        """A moment passes."""
        self.now += seconds
        session, dice = self.session, self.dice
        if session.state is State.AWAY and self.now >= session.retry_at:
            self.open()
        while session.connection.outgoing:
            self.carry(self.there, session.connection.outgoing.popleft())
        for payload in self.some(self.there):
            for said in self.venue.take(self.connection, payload):
                self.carry(self.back, said.tobytes())
        if dice.random() < self.faults and self.venue.mark and self.venue.connection is self.connection:
            self.carry(self.back, self.venue.trade().tobytes())
        if dice.random() < self.faults / 5:
            self.venue.connection, self.restarts = None, self.restarts + 1
        for payload in self.some(self.back):
            session.take(payload, self.now)
        if dice.random() < self.faults / 5:
            session.lost(self.now, UserError("cut"))
        session.tick(self.now)
        while session.reports:
            self.told += session.reports.popleft()["report_number"].tolist()

    def carry(self, way: list[bytes], payload: bytes) -> None:
        if self.dice.random() < self.faults / 2:
            return
        way.append(payload)
        if self.dice.random() < self.faults / 2:
            way.append(payload)
        if self.dice.random() < self.faults / 2:
            self.dice.shuffle(way)

    def some(self, way: list[bytes]) -> list[bytes]:
        """What arrives now; the rest is delayed."""
        count = len(way) if not self.faults else self.dice.randint(0, len(way))
        arrived, way[:] = way[:count], way[count:]
        return arrived
