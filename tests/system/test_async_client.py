"""The asyncio client against a running venue."""

import asyncio
import errno
from time import monotonic

import pytest
import zmq

from pricetime import AsyncClient
from pricetime.gateway import async_client
from pricetime.gateway import messages as m
from pricetime.gateway.client import NoAnswer, Refused, SessionEnded
from pricetime.gateway.client_line import Line
from pricetime.matching.errors import UserError
from tests.system.venues import said


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def some(client, count):
    """The next `count` reports."""
    found = []
    async for report in client.reports():
        found.append(report)
        if len(found) == count:
            return found
    raise AssertionError(f"{len(found)} of {count} reports")


def test_two_sessions_trade_in_one_event_loop(venue):
    async def trade():
        async with AsyncClient(venue.endpoints[0], "alice") as alice, AsyncClient(venue.endpoints[0], "bob") as bob:
            buying = asyncio.create_task(some(alice, 2))
            order = alice.buy("ACME", 10, "100.25")
            await alice.settle()
            bob.sell("ACME", 4, 100)
            assert said(await some(bob, 2)) == [("NEW", "NONE"), ("TRADE", "NONE")]
            new, bought = await buying
            assert said([new, bought]) == [("NEW", "NONE"), ("TRADE", "NONE")]
            assert (bought["cl_ord_id"], bought["leaves_qty"]) == (order, 6)
            assert alice.outstanding == 0 and alice.mark == order

    run(trade())


def test_an_async_client_sells_short(venue):
    async def short():
        async with AsyncClient(venue.endpoints[0], "alice", full_reports=True) as alice:
            alice.sell_short("ACME", 10, "100.25", exec_inst="PostOnly")
            return alice.codec.events(await alice.receive(5_000))[0]

    report = run(short())
    assert (report.exec_type, report.side, report.exec_inst) == ("New", "SellShort", "PostOnly")


def test_a_burst_of_orders_is_answered_one_by_one(venue):
    async def burst():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            for _ in range(3_000):
                alice.buy("ACME", 1, "90")
            reports = await some(alice, 3_000)
            assert [int(report["report_number"]) for report in reports] == list(range(1, 3_001))
            await alice.settle()

    run(burst())


def test_reports_that_nobody_takes_wait_at_the_venue_and_none_is_lost(venue, monkeypatch):
    monkeypatch.setattr(async_client, "BLOCKS_MAX", 8)

    async def late():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            for _ in range(500):
                alice.buy("ACME", 1, "90")
                await asyncio.sleep(0)
            await asyncio.sleep(0.2)
            assert len(alice._core.reports) < 200
            reports = await some(alice, 500)
            assert [int(report["report_number"]) for report in reports] == list(range(1, 501))

    run(late())


def test_what_is_awaited_comes_behind_reports_that_nobody_takes(venue, monkeypatch):
    monkeypatch.setattr(async_client, "BLOCKS_MAX", 8)

    async def late():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            for _ in range(300):
                alice.buy("ACME", 1, "90")
                await asyncio.sleep(0)
            await asyncio.sleep(0.2)
            assert len(alice._core.reports) < 200
            await alice.settle()
            assert alice.outstanding == 0 and len(await alice.open_orders()) == 300
            for _ in range(100):
                alice.buy("ACME", 1, "90")
                await asyncio.sleep(0)
        reports = await some(alice, 400)
        assert [int(report["report_number"]) for report in reports] == list(range(1, 401))

    run(late())


def test_reports_end_with_the_time_or_the_session(venue):
    async def end():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            assert await alice.receive(timeout_ms=20) is None
            waiting = asyncio.create_task(some(alice, 1))
            await asyncio.sleep(0)
            await alice.logout()
            with pytest.raises(AssertionError, match="0 of 1"):
                await waiting

    run(end())


def test_what_is_wrong_is_an_exception_with_fixs_reason(venue, tmp_path):
    async def wrong():
        with pytest.raises(Refused, match="UNKNOWN_SESSION"):
            async with AsyncClient(venue.endpoints[0], "nobody"):
                pass
        with pytest.raises(NoAnswer):
            async with AsyncClient(f"ipc://{tmp_path}/nothing", "alice", timeout_ms=100):
                pass
        client = AsyncClient(venue.endpoints[0], "alice", reconnect=False)
        with pytest.raises(UserError, match="not logged on"):
            client.send(client.codec.encode(m.Heartbeat(session="alice")))
        await client.logon()
        client._core.connection.message_number += 1
        client.buy("ACME", 1, "90")
        with pytest.raises(SessionEnded, match="MSG_SEQ_NUM_OUT_OF_TURN"):
            await client.receive(1_000)
        client.close()
        with pytest.raises(UserError, match="the client is closed"):
            client.buy("ACME", 1, "1")

    run(wrong())


def test_heartbeats_go_on_while_nothing_is_awaited_of_the_client(venue):
    async def wait():
        async with AsyncClient(venue.endpoints[0], "alice", heartbeat_ms=50) as alice:
            await asyncio.sleep(0.5)
            assert venue.loop.connections == 1
            alice.buy("ACME", 1, "90")
            assert said(await some(alice, 1)) == [("NEW", "NONE")]

    run(wait())


def test_without_descriptors_for_a_while_it_comes_back_later(venue, monkeypatch):
    """A new socket is not to be had at once: the client tries again, as it does where nobody answers."""
    connect, failed = Line._connect, []

    def connect_later(line):
        if len(failed) < 3:
            failed.append(line)
            raise zmq.ZMQError(errno.EMFILE)
        connect(line)

    async def come_back():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            monkeypatch.setattr(Line, "_connect", connect_later)
            alice._core.lost(monotonic(), UserError("cut"))
            order = alice.buy("ACME", 1, "90")
            await alice.settle()
            assert said(await some(alice, 1)) == [("NEW", "NONE")] and alice.mark == order
            assert len(failed) == 3

    run(come_back())


def test_nothing_is_taken_behind_a_logout_under_way(venue):
    async def leave():
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            leaving = asyncio.create_task(alice.logout())
            await asyncio.sleep(0)
            with pytest.raises(UserError, match="log"):
                alice.buy("ACME", 1, "90")
            await leaving

    run(leave())
