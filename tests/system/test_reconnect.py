"""Clients that come back: a venue that is started again, lines that are cut, reports that were missed; and what an
order is, asked of the venue. On ipc, so that a venue that is started again is where it was."""

import asyncio
import contextlib
from time import monotonic

import pytest

from pricetime import AsyncClient
from pricetime.gateway.client import Client, NoAnswer, SessionEnded, TooManyOutstanding
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType, Reason
from tests.system.venues import opened, said, some

PATIENCE_MS = 30_000        # the venue's desk, which answers resends, is a process that has to start


@pytest.fixture
def folder(tmp_path):
    """Of a venue on ipc, which is left running by the test, or not."""
    return tmp_path


def begin(folder, **options):
    return opened(folder / "v", endpoint=f"ipc://{folder}/socket", **options)


def journaled(folder, kind, session=1):
    """ClOrdIDs of a session's commands of a kind."""
    return [int(line["cl_ord_id"]) for lines in Reader(folder / "v") for line in lines
            if line["type"] == kind and line["session"] == session]


def test_a_venue_that_is_started_again_is_no_more_than_a_pause(folder):
    venue = begin(folder)
    endpoint = venue.endpoints[0]
    with contextlib.closing(Client(endpoint, "alice", timeout_ms=PATIENCE_MS)) as alice:
        alice.buy("ACME", 10, "100.00")
        assert said(some(alice, 1)) == [("NEW", "NONE")]
        venue.stop()
        alice.buy("ACME", 5, "99.00")       # while nobody is there
        assert alice.outstanding == 1
        venue = Venue(folder / "v").start()
        try:
            with Client(endpoint, "bob") as bob:
                bob.sell("ACME", 4, "100.00")
                some(bob, 2)
            reports = some(alice, 2)
            assert sorted(said(reports)) == [("NEW", "NONE"), ("TRADE", "NONE")]
            assert [int(report["report_number"]) for report in reports] == [2, 3]
            assert alice.outstanding == 0 and alice._line.opened == 2
        finally:
            venue.stop()
    assert journaled(folder, 1) == [1, 2]


@pytest.mark.parametrize("more", [0, 1])
def test_another_program_that_took_the_next_number_of_the_session_ends_the_first_with_an_error(folder, more):
    """The mark is then a number of the first one's own: only what the log's command says tells whose it is."""
    venue = begin(folder)
    try:
        with contextlib.closing(Client(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS)) as alice:
            alice.buy("ACME", 1, "50.00")
            some(alice, 1)
            with Client(venue.endpoints[0], "alice") as other:
                other.buy("ACME", 1, "51.00")
                some(other, 1)
            for price in range(1 + more):
                alice.buy("ACME", 7, 52 + price)        # its number is the other's by now
            told = []
            with pytest.raises(SessionEnded, match="another client speaks for session 'alice' too"):
                for event in alice.reports(PATIENCE_MS):
                    told.append(event)
            assert told == []
    finally:
        venue.stop()
    assert journaled(folder, 1) == [1, 2]


def test_reports_missed_while_away_come_first_and_once(folder):
    venue = begin(folder)
    try:
        alice = Client(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS)
        for _ in range(20):
            alice.buy("ACME", 1, "100.00")
        some(alice, 20)
        number = alice.next_report_number
        alice.close()       # a program that ends, and keeps the number of its next report
        with Client(venue.endpoints[0], "bob") as bob:
            for _ in range(15):
                bob.sell("ACME", 1, "100.00")
            some(bob, 30)
        with Client(venue.endpoints[0], "alice", next_report_number=number, timeout_ms=PATIENCE_MS) as alice:
            assert alice.logged.missed == 15
            alice.buy("ACME", 1, "90.00")
            reports = some(alice, 16)
            assert [int(report["report_number"]) for report in reports] == list(range(number, number + 16))
            assert [kind for kind, _ in said(reports)] == ["TRADE"] * 15 + ["NEW"]
    finally:
        venue.stop()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_logout_waits_for_the_reports_that_were_missed(folder, kind):
    """What the session was told while the line was down is there to be taken, though nothing is outstanding."""
    venue = begin(folder)

    async def call(done):
        return await done if kind is AsyncClient else done

    async def trade():
        with contextlib.closing(kind(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS)) as alice:
            await call(alice.logon())
            alice.buy("ACME", 3, "100.00")
            await call(alice.settle())
            alice._core.lost(monotonic(), UserError("cut"))
            with Client(venue.endpoints[0], "bob") as bob:
                for _ in range(3):
                    bob.sell("ACME", 1, "100.00")
                bob.settle()
            await call(alice.logout())
            reports = []
            while (block := await call(alice.receive(timeout_ms=0))) is not None:
                reports += list(block)
            assert [int(report["report_number"]) for report in reports] == [1, 2, 3, 4]

    try:
        asyncio.run(asyncio.wait_for(trade(), 60))
    finally:
        venue.stop()


def test_a_message_that_is_lost_is_sent_again_and_counts_once(folder):
    venue = begin(folder)
    try:
        with Client(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS) as alice:
            alice.buy("ACME", 1, "90")
            alice._core.connection.message_number += 1      # as if one before had been lost
            alice.buy("ACME", 1, "91")
            alice.buy("ACME", 1, "92")
            assert [int(report["cl_ord_id"]) for report in some(alice, 3)] == [1, 2, 3]
            assert alice._line.opened == 2
    finally:
        venue.stop()
    assert journaled(folder, 1) == [1, 2, 3]


def test_what_is_sent_twice_by_the_caller_is_the_callers_duplicate(folder):
    venue = begin(folder)
    try:
        with Client(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS) as alice:
            alice.buy("ACME", 1, "90", cl_ord_id=5)
            alice.buy("ACME", 1, "90", cl_ord_id=5)
            assert said(some(alice, 2)) == [("NEW", "NONE"), ("BUSINESS_MESSAGE_REJECT", "DUPLICATE_CL_ORD_ID")]
            alice.buy("ACME", 1, "90", cl_ord_id=5, poss_resend=True)
            (again,) = some(alice, 1)
            assert (said([again]), again["report_number"]) == ([("NEW", "NONE")], 1)    # what it was answered before
    finally:
        venue.stop()


def test_a_venue_that_stays_away_is_given_up_after_a_bounded_time(folder):
    venue = begin(folder)
    with contextlib.closing(Client(venue.endpoints[0], "alice", timeout_ms=200, reconnect_ms=400)) as alice:
        venue.stop()
        with pytest.raises(NoAnswer):
            list(alice.reports(timeout_ms=30_000))
        with pytest.raises(NoAnswer):       # and it stays so, until the caller logs on again
            alice.buy("ACME", 1, "90")


def test_outstanding_commands_are_bounded(folder):
    venue = begin(folder)
    with contextlib.closing(Client(venue.endpoints[0], "alice", timeout_ms=300, outstanding_max=10)) as alice:
        for _ in range(50):
            alice.buy("ACME", 1, "90")      # waits for room, and the venue makes it
        some(alice, 50)
        venue.stop()
        with pytest.raises((NoAnswer, TooManyOutstanding)):
            for _ in range(50):
                alice.buy("ACME", 1, "90")
        assert alice.outstanding == 10


def test_what_an_order_is_and_which_are_open(folder):
    venue = begin(folder)
    try:
        with Client(venue.endpoints[0], "alice", full_reports=True, timeout_ms=PATIENCE_MS) as alice:
            first = alice.buy("ACME", 10, "90.00")
            second = alice.sell("ACME", 3, "110.00")
            (new, _) = some(alice, 2)
            status = alice.order_status("ACME", first)
            assert (status["type"], status["leaves_qty"], status["price"]) == (EventType.ORDER_STATUS, 10, 9000)
            assert status["order_id"] == new["order_id"]
            assert alice.order_status("ACME", order_id=int(new["order_id"]))["leaves_qty"] == 10
            assert alice.open_orders()["leaves_qty"].tolist() == [10, 3]
            assert alice.open_orders("ACME")["leaves_qty"].tolist() == [10, 3]
            alice.cancel("ACME", second)
            some(alice, 1)
            assert alice.order_status("ACME", second)["reason"] == Reason.UNKNOWN_ORDER
            assert len(alice.open_orders()) == 1
            assert alice.receive(20) is None        # none of it is a report
    finally:
        venue.stop()


def test_a_client_without_reconnect_hears_of_the_stop(folder):
    venue = begin(folder)
    with contextlib.closing(Client(venue.endpoints[0], "alice", reconnect=False)) as alice:
        venue.stop()
        venue = Venue(folder / "v").start()
        try:
            alice.buy("ACME", 1, "90")
            with pytest.raises((SessionEnded, NoAnswer)):
                list(alice.reports(5_000))
            alice.logon()
        finally:
            venue.stop()


def test_asyncio_comes_back_as_well(folder):
    venue = begin(folder)

    async def trade(venue):
        async with AsyncClient(venue.endpoints[0], "alice", timeout_ms=PATIENCE_MS) as alice:
            alice.buy("ACME", 10, "100.00")
            await alice.settle()
            assert (await alice.open_orders())["leaves_qty"].tolist() == [10]
            assert (await alice.order_status("ACME", 1))["leaves_qty"] == 10
            await asyncio.to_thread(venue.stop)
            alice.buy("ACME", 5, "99.00")
            venue = await asyncio.to_thread(lambda: Venue(folder / "v").start())
            try:
                async with AsyncClient(venue.endpoints[0], "bob") as bob:
                    bob.sell("ACME", 4, "100.00")
                    await bob.settle()
                numbers = []
                async for report in alice.reports():
                    numbers.append(int(report["report_number"]))
                    if len(numbers) == 3:
                        break
                assert numbers == [1, 2, 3]
                await alice.logout()
            finally:
                await asyncio.to_thread(venue.stop)

    asyncio.run(asyncio.wait_for(trade(venue), 60))
    assert journaled(folder, 1) == [1, 2]


def test_names_are_asked_for_again_where_the_line_is_lost_with_the_question(folder, monkeypatch):
    """The client was back at once, and waited for an answer to the connection that was lost: NoAnswer."""
    venue = begin(folder)
    with contextlib.closing(Client(venue.endpoints[0], "operator", timeout_ms=PATIENCE_MS)) as operator:
        flush, cuts = operator._flush, [1, 2]

        def cut():
            flush()
            if cuts and operator._core.listing.done:        # it is up, and has asked
                cuts.pop()
                operator._core.lost(monotonic(), UserError("cut"))

        monkeypatch.setattr(operator, "_flush", cut)
        operator.load_parties()
        assert not cuts and operator._line.opened > 1
        assert {"alice", "bob", "operator"} <= set(operator.codec.directory.sessions.by_name)
    venue.stop()


def test_an_async_client_asks_for_names_again_too(folder, monkeypatch):
    venue = begin(folder)

    async def ask():
        async with AsyncClient(venue.endpoints[0], "operator", timeout_ms=PATIENCE_MS) as operator:
            work, cuts = operator._work, [1, 2]

            def cut():
                work()
                if cuts and operator._core.listing.done:
                    cuts.pop()
                    operator._core.lost(monotonic(), UserError("cut"))
                    work()      # which opens the next one

            monkeypatch.setattr(operator, "_work", cut)
            await operator.load_parties()
            assert not cuts and operator._line.opened > 1
            return set(operator.codec.directory.sessions.by_name)

    try:
        assert {"alice", "bob", "operator"} <= asyncio.run(asyncio.wait_for(ask(), 60))
    finally:
        venue.stop()
