"""The desk of a real venue: reports again, from memory and from the log, commands once more, the state of orders,
MessagePack from Logon to Logout; killed and there again."""

import contextlib
import os
import signal
import subprocess
import time
from decimal import Decimal

import commands as c
import msgspec
import numpy as np
import pytest
import zmq
from desk_world import flagged, mass_status_request, resend_request, status_request

from pricetime.gateway import message_pack
from pricetime.gateway import messages as m
from pricetime.gateway.venue import Venue
from pricetime.journal.packing import prune
from pricetime.journal.restoration import take_snapshot
from pricetime.matching import records
from pricetime.matching.records import COMMAND, EVENT, EventType, Reason
from tests.system.venues import opened, serve, write_config

ANSWER_MS = 20_000
ALICE, BOB, ACME = 1, 2, 1
PATIENCE = 20.0


class Wire:
    """A client that speaks lines: it numbers its messages, and keeps every event that comes."""

    def __init__(self, endpoint, session):
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.connect(endpoint)
        self.number = 0
        self.events = np.zeros(0, EVENT)
        self.send(c.record(records.CommandType.LOGON, attributes=records.FULL_REPORTS, session=session))
        self.answer = self.until(EventType.LOGON_ANSWER)[-1]

    def send(self, *commands):
        """In one message."""
        lines = []
        for command in commands:
            line = np.frombuffer(bytearray(command), COMMAND)
            self.number += 1
            line["sequence"][0] = self.number
            lines.append(line.tobytes())
        self.socket.send(b"".join(lines))

    def until(self, kind, count=1):
        """The events that come up to the `count`th of a type."""
        found = np.zeros(0, EVENT)
        while np.count_nonzero(found["type"] == kind) < count:
            assert self.socket.poll(ANSWER_MS), f"no {kind.name}; so far {[int(t) for t in found['type'][-5:]]}"
            found = np.concatenate((found, np.frombuffer(self.socket.recv(), EVENT)))
        self.events = np.concatenate((self.events, found))
        return found

    def asked(self, command, kind):
        """What a request is answered with, up to an event of a type."""
        self.send(command)
        return self.until(kind)

    def reports(self):
        """The numbered events that this connection had first."""
        numbered = self.events[self.events["report_number"] != 0]
        _, first = np.unique(numbered["report_number"], return_index=True)
        return numbered[first]

    def close(self):
        self.socket.close()
        self._context.term()


def order(cl_ord_id, price=10_000, quantity=1, side=c.BUY, **fields):
    return c.new(0, cl_ord_id, ACME, side, quantity, price, tif=c.GTC, **fields)


def resent(wire, begin, end=0):
    *reports, answer = wire.asked(resend_request(begin, end), EventType.RESEND_ANSWER)
    return np.array(reports, EVENT), answer


@contextlib.contextmanager
def running(directory, **options):
    venue = opened(directory, **options)
    try:
        yield venue
    finally:
        venue.stop()


@contextlib.contextmanager
def running_again(directory):
    """As it was left."""
    with Venue(directory) as venue:
        yield venue


@contextlib.contextmanager
def speaking(venue, session=ALICE):
    with contextlib.closing(Wire(venue.endpoints[0], session)) as wire:
        yield wire


def trade(alice, bob, first, count):
    """ALICE buys, BOB sells to her: two reports each time for each."""
    for number in range(first, first + count, 500):
        numbers = range(number, min(number + 500, first + count))
        alice.send(*map(order, numbers))
        alice.until(EventType.NEW, len(numbers))
        bob.send(*(order(number, side=c.SELL) for number in numbers))
        bob.until(EventType.TRADE, len(numbers))
        done = int(np.count_nonzero(alice.events["type"] == EventType.TRADE))
        if done < number - first + len(numbers):
            alice.until(EventType.TRADE, number - first + len(numbers) - done)


def test_no_desk_runs_until_somebody_asks_and_then_it_answers_from_memory(tmp_path):
    with running(tmp_path / "venue") as venue, speaking(venue) as alice, speaking(venue, BOB) as bob:
        trade(alice, bob, 1, 20)
        assert venue.desk.pid == 0
        had = alice.reports()
        for begin, end in ((1, 0), (3, 7), (40, 40)):
            reports, answer = resent(alice, begin, end)
            expected = had[(had["report_number"] >= begin) & (had["report_number"] <= (end or 40))]
            assert reports.tobytes() == expected.tobytes()
            assert (answer["order_id"], answer["last_qty"]) == (begin + len(expected), len(expected))
        assert venue.desk.pid != 0


def test_reports_that_came_while_the_session_was_away_come_when_it_is_back(tmp_path):
    with running(tmp_path / "venue") as venue, speaking(venue, BOB) as bob:
        with speaking(venue) as alice:
            alice.send(*map(order, range(1, 6)))
            alice.until(EventType.NEW, 5)
            alice.send(c.logout(0))
            alice.until(EventType.LOGOUT_ANSWER)
            had = alice.reports()
        bob.send(*(order(number, side=c.SELL) for number in range(1, 6)))
        bob.until(EventType.TRADE, 5)
        with speaking(venue) as alice:
            last = int(had["report_number"][-1])
            assert alice.answer["order_id"] > last + 1
            missed, answer = resent(alice, last + 1)
            trades = missed[missed["type"] == EventType.TRADE]
            assert trades["cl_ord_id"].tolist() == [1, 2, 3, 4, 5]
            assert answer["order_id"] == alice.answer["order_id"]
            again, _ = resent(alice, 1, last)
            assert again.tobytes() == had.tobytes()


def test_after_a_start_from_a_snapshot_older_reports_come_from_the_log(tmp_path):
    directory = tmp_path / "venue"
    with running(directory) as venue, speaking(venue) as alice, speaking(venue, BOB) as bob:
        trade(alice, bob, 1, 50)
        had = alice.reports()
    take_snapshot(directory)
    with running_again(directory) as venue, speaking(venue) as alice:
        reports, answer = resent(alice, 1, 100)
        assert reports.tobytes() == had[:100].tobytes() and answer["last_qty"] == 100


def test_a_pruned_log_names_the_oldest_report_that_can_be_had(tmp_path):
    directory = tmp_path / "venue"
    with running(directory) as venue, speaking(venue) as alice, speaking(venue, BOB) as bob:
        trade(alice, bob, 1, 10_000)
    taken = take_snapshot(directory)
    with running_again(directory) as venue, speaking(venue) as alice, speaking(venue, BOB) as bob:
        trade(alice, bob, 10_001, 500)
        had = alice.reports()
    assert prune(directory, taken.snapshot.sequence)
    with running_again(directory) as venue, speaking(venue) as alice:
        reports, answer = resent(alice, 5)
        assert (len(reports), answer["reason"]) == (0, Reason.RESEND_UNAVAILABLE)
        assert answer["order_id"] > 20_000
        begin = int(had["report_number"][0])
        reports, _ = resent(alice, begin, begin + 400)
        assert reports.tobytes() == had[:401].tobytes()


def test_a_command_sent_again_gets_its_reports_and_another_one_is_a_duplicate(tmp_path):
    directory = tmp_path / "venue"
    with running(directory) as venue, speaking(venue) as alice:
        first, second = order(3, quantity=7), order(4, price=9_000)
        alice.send(first, second, c.cancel(0, 5, ACME, 4))
        alice.until(EventType.CANCELED)
        had = alice.reports()
        before = venue.loop.counters["commands"]
        for place, record in enumerate((first, second, c.cancel(0, 5, ACME, 4))):
            reports = alice.asked(flagged(record), had["type"][place])
            assert reports.tobytes() == had[place:place + 1].tobytes()
        refused = alice.asked(flagged(order(3, quantity=8)), EventType.BUSINESS_MESSAGE_REJECT)[0]
        assert (refused["reason"], refused["order_id"]) == (Reason.DUPLICATE_CL_ORD_ID, 5)
        refused = alice.asked(first, EventType.BUSINESS_MESSAGE_REJECT)[0]     # without the flag
        assert (refused["reason"], refused["order_id"]) == (Reason.DUPLICATE_CL_ORD_ID, 5)
        assert venue.loop.counters["commands"] == before
        alice.send(flagged(order(6)))       # above the mark: a command like any other
        assert alice.until(EventType.NEW)[-1]["cl_ord_id"] == 6
    take_snapshot(directory)
    with running_again(directory) as venue, speaking(venue) as alice:
        assert alice.asked(flagged(first), EventType.NEW).tobytes() == had[:1].tobytes()


def test_the_state_of_orders_as_of_what_was_sent_before(tmp_path):
    with running(tmp_path / "venue") as venue, speaking(venue) as alice, speaking(venue, BOB) as bob:
        for number in range(1, 30):
            alice.send(order(number), status_request(100 + number, ACME, orig=number))
            status = alice.until(EventType.ORDER_STATUS)[-1]
            assert (status["reason"], status["leaves_qty"], status["cl_ord_id"]) == (0, 1, 100 + number)
            assert status["sequence"] >= alice.events[alice.events["type"] == EventType.NEW]["sequence"][-1]
        alice.send(c.cancel(0, 200, ACME, 29), status_request(201, ACME, orig=29))
        assert alice.until(EventType.ORDER_STATUS)[-1]["reason"] == Reason.UNKNOWN_ORDER
        *orders, end = [event for event in alice.asked(mass_status_request(), EventType.STATUS_ANSWER)
                        if event["type"] in (EventType.ORDER_STATUS, EventType.STATUS_ANSWER)]
        assert ([event["orig_cl_ord_id"] for event in orders], end["last_qty"]) == (list(range(1, 29)), 28)
        foreign = bob.asked(status_request(1, ACME, order_id=1), EventType.ORDER_STATUS)[0]
        assert foreign["reason"] == Reason.UNKNOWN_ORDER


def test_a_desk_that_is_killed_is_there_again_and_answers(tmp_path):
    with running(tmp_path / "venue") as venue, speaking(venue) as alice:
        alice.send(*map(order, range(1, 5)))
        alice.until(EventType.NEW, 4)
        had = alice.reports()
        for _ in range(2):
            assert resent(alice, 1)[0].tobytes() == had.tobytes()
            pid, starts = venue.desk.pid, venue.desk.starts
            os.kill(pid, signal.SIGKILL)
            patience = time.monotonic() + PATIENCE
            while venue.desk.starts == starts:
                assert time.monotonic() < patience
                time.sleep(0.01)
        alice.send(order(5))        # the venue itself waited for nothing
        alice.until(EventType.NEW)
        assert resent(alice, 1)[0].tobytes() == alice.reports().tobytes()
        assert venue.desk.pid not in (0, pid)


def test_the_desk_goes_with_its_venue_however_that_ends(tmp_path):
    config = write_config(tmp_path / "venue")
    config.write_text(config.read_text() + '[desk]\nstart = "always"\n')
    process, endpoint = serve(tmp_path / "venue")
    try:
        with contextlib.closing(Wire(endpoint, ALICE)) as alice:
            resent(alice, 1)
        desk = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_desk_of(pid, process.pid))
        process.kill()
        process.wait()
        patience = time.monotonic() + PATIENCE
        while is_desk_of(desk, process.pid):
            assert time.monotonic() < patience, "the desk outlives its venue"
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate()


def is_desk_of(pid, venue):
    """Whether a process was started as the desk of a venue's process."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        return b"pricetime.gateway.desk" in words and str(venue).encode() in words
    return False


# -------------------------------------------------------------------------------------------- MessagePack


class Maps:
    """A client that speaks MessagePack, and nothing of ours but names."""

    def __init__(self, endpoint, session, tries=1):
        """tries: of the Logon, each on a connection of its own."""
        self._context = zmq.Context()
        self.socket = None
        while self.socket is None or not self.socket.poll(ANSWER_MS // tries) and tries > 1:
            if self.socket is not None:
                self.socket.close()
                tries -= 1
            self.socket = self._context.socket(zmq.DEALER)
            self.socket.setsockopt(zmq.LINGER, 0)
            self.socket.connect(endpoint)
            self.session, self.number, self.waiting = session, 0, []
            self.send({"MsgType": "Logon", "SessionName": session})
        self.answer = self.next("Logon")

    def send(self, *maps):
        numbered = []
        for fields in maps:
            self.number += 1
            own = {} if fields["MsgType"] == "Logon" else {"Session": self.session}
            numbered.append(own | {"Sequence": self.number} | fields)
        self.socket.send(msgspec.msgpack.encode(numbered if len(maps) > 1 else numbered[0]))

    def next(self, kind):
        """The next event of a type; others wait: the desk's own answers may overtake reports."""
        while True:
            for place, event in enumerate(self.waiting):
                if event["MsgType"] == kind:
                    return self.waiting.pop(place)
            assert self.socket.poll(ANSWER_MS), f"no {kind}"
            self.waiting += msgspec.msgpack.decode(self.socket.recv())

    def close(self):
        self.socket.close()
        self._context.term()


def maps_order(cl_ord_id, side="Buy", price="100.25", **fields):
    return {"MsgType": "NewOrderSingle", "ClOrdID": cl_ord_id, "Symbol": "ACME", "Side": side, "OrdType": "Limit",
            "Price": price, "OrderQty": 3} | fields


@pytest.fixture
def maps(tmp_path):
    with running(tmp_path / "venue") as venue, contextlib.closing(Maps(venue.endpoints[0], "alice")) as client:
        yield venue, client


def test_a_day_in_message_pack(maps):
    venue, alice = maps
    assert (alice.answer["Session"], alice.answer["Mark"], alice.answer["NextReportNumber"]) == ("alice", 0, 1)
    alice.send(maps_order(1))
    new = alice.next("ExecutionReport")
    assert (new["ExecType"], new["Price"], new["LeavesQty"], new["ReportNumber"]) == ("New", "100.25", "3", 1)
    with contextlib.closing(Maps(venue.endpoints[0], "bob")) as bob:
        bob.send(maps_order(1, "Sell", 100.25), maps_order(2, "Sell", 101))      # a float, a whole number
        assert [bob.next("ExecutionReport")["ExecType"] for _ in range(3)] == ["New", "Trade", "New"]
        with speaking(venue, BOB) as lines:             # takes the session over, in the other encoding
            assert lines.answer["cl_ord_id"] == 2
    trade = alice.next("ExecutionReport")
    assert (trade["ExecType"], trade["LastPx"], trade["AggressorIndicator"]) == ("Trade", "100.25", False)
    alice.send({"MsgType": "TestRequest", "TestReqID": 17})
    assert alice.next("Heartbeat")["TestReqID"] == 17
    alice.send({"MsgType": "SecurityListRequest"})
    definition = alice.next("SecurityDefinition")
    assert (definition["Symbol"], definition["SecurityID"], definition["TickSize"]) == ("ACME", 1, "0.01")
    alice.send({"MsgType": "Logout"})
    assert alice.next("Logout")["Session"] == "alice"


def test_who_is_not_logged_on_hears_so_in_message_pack(maps):
    venue, alice = maps
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(venue.endpoints[0])
        stranger.send(msgspec.msgpack.encode({"Session": "alice", "Sequence": 1} | maps_order(1)))
        assert stranger.poll(ANSWER_MS)
        refused, = msgspec.msgpack.decode(stranger.recv())
        assert (refused["MsgType"], refused["Reason"]) == ("BusinessMessageReject", "NOT_LOGGED_ON")
        stranger.send(b"\x80")
        assert stranger.poll(ANSWER_MS)
        rejected, = msgspec.msgpack.decode(stranger.recv())
        assert rejected["MsgType"] == "Reject"
    alice.send(maps_order(1))
    assert alice.next("ExecutionReport")["ClOrdID"] == 1


def test_requests_in_message_pack(maps):
    _, alice = maps
    alice.send(*(maps_order(number, price=str(Decimal(number) / 100)) for number in range(1, 5)))
    had = [alice.next("ExecutionReport") for _ in range(4)]
    alice.send({"MsgType": "ResendRequest", "BeginSeqNo": 2, "EndSeqNo": 3})
    assert [alice.next("ExecutionReport") for _ in range(2)] == had[1:3]
    answer = alice.next("ResendAnswer")
    assert (answer["Reports"], answer["NextReportNumber"]) == (2, 4)
    alice.send({"MsgType": "OrderStatusRequest", "ClOrdID": 50, "OrigClOrdID": 3, "Symbol": "ACME"})
    status = alice.next("OrderStatus")
    assert (status["OrigClOrdID"], status["Price"], status["OrdStatus"]) == (3, "0.03", "New")
    alice.send({"MsgType": "OrderMassStatusRequest"})
    assert [alice.next("OrderStatus")["OrderID"] for _ in range(4)] == [1, 2, 3, 4]
    assert alice.next("StatusAnswer")["TotNumReports"] == 4
    alice.send(maps_order(2, price="0.02", PossResend=True))
    assert alice.next("ExecutionReport") == had[1]
    alice.send(maps_order(2, price="0.05", PossResend=True))
    refused = alice.next("BusinessMessageReject")
    assert (refused["Reason"], refused["Mark"]) == ("DUPLICATE_CL_ORD_ID", 4)


def test_what_cannot_be_read_is_rejected_and_takes_no_number(maps):
    _, alice = maps
    alice.send(maps_order(1), maps_order(2, price="1.001"))
    assert alice.next("ExecutionReport")["ClOrdID"] == 1
    reject = alice.next("Reject")
    assert reject["Text"] == "Price: found 1.001, expected at most 2 decimals"
    assert reject["RefSeqNum"] == alice.number
    alice.number -= 1
    alice.send(maps_order(2, price="1.01"))
    assert alice.next("ExecutionReport")["ClOrdID"] == 2
    alice.socket.send(b"\x93\x01")
    assert alice.next("Reject")["Reason"] == "BAD_LENGTH"
    alice.socket.send(b"\0" * 64)       # lines on a connection that speaks MessagePack
    assert alice.next("Reject")["Reason"] == "BAD_LENGTH"
    alice.send(maps_order(3))
    assert alice.next("ExecutionReport")["ClOrdID"] == 3


def test_an_instrument_can_be_named_as_soon_as_its_definition_is_acknowledged(maps):
    venue, _ = maps
    with contextlib.closing(Maps(venue.endpoints[0], "operator")) as operator:
        for number in range(1, 6):
            symbol = f"NEW{number}"
            operator.send({"MsgType": "SecurityDefinition", "ClOrdID": 2 * number, "Symbol": symbol, "TickSize": "0.1",
                           "LotSize": 1})
            assert operator.next("CommandAck")["ClOrdID"] == 2 * number
            operator.send({"MsgType": "TradingSessionStatus", "ClOrdID": 2 * number + 1, "Symbol": symbol,
                           "Phase": "PreOpen"})
            told = operator.next("TradingSessionStatus")
            assert (told["Symbol"], told["ClOrdID"]) == (symbol, 2 * number + 1)


def test_a_desk_that_dies_in_the_middle_costs_a_logon_and_no_order(maps):
    venue, alice = maps
    count = 200
    for cl_ord_id in range(1, count + 1):
        alice.send(maps_order(cl_ord_id))
        if cl_ord_id == count // 2:
            os.kill(venue.desk.pid, signal.SIGKILL)
    # What was on the way to it is lost with it, a Logon too: whoever gets no answer asks again.
    with contextlib.closing(Maps(venue.endpoints[0], "alice", tries=10)) as again:
        mark = again.answer["Mark"]
        again.send(*(maps_order(cl_ord_id) for cl_ord_id in range(mark + 1, count + 1)),
                   {"MsgType": "OrderMassStatusRequest"})
        assert again.next("StatusAnswer")["TotNumReports"] == count
        again.send({"MsgType": "ResendRequest", "BeginSeqNo": 1})
        assert again.next("ResendAnswer")["Reports"] == count
        reports = {event["ReportNumber"]: event for event in again.waiting if event["MsgType"] == "ExecutionReport"}
        assert [reports[number]["ClOrdID"] for number in range(1, count + 1)] == list(range(1, count + 1))


def test_maps_of_the_python_side_are_the_same(maps):
    _, alice = maps
    alice.number += 1
    alice.socket.send(message_pack.dumps(m.NewOrderSingle(
        sequence=alice.number, session="alice", cl_ord_id=9, symbol="ACME", side="Sell", ord_type="Limit",
        price=Decimal("7.50"), order_qty=Decimal(2), text="by hand")))
    assert alice.socket.poll(ANSWER_MS)
    event, = message_pack.events(alice.socket.recv())
    assert isinstance(event, m.ExecutionReport) and (event.price, event.side) == (Decimal("7.50"), "Sell")


def test_the_secret_is_nowhere_to_be_seen(tmp_path):
    with running(tmp_path / "venue") as venue, speaking(venue) as alice:
        resent(alice, 1)
        listed = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(venue.desk.pid)], capture_output=True).stdout
        assert b"pricetime.gateway.desk" in listed
        assert venue._secret not in listed and venue._secret.hex().encode() not in listed
        folder = venue._private.address.removeprefix("ipc://").rsplit("/", 1)[0]
        assert os.stat(folder).st_mode & 0o077 == 0
    assert not os.path.exists(folder)
