"""How clients end, and begin anew: closed in the middle, with commands of which nothing is known, in another event
loop, with others that wait; and what both kinds can."""

import asyncio
import inspect

import numpy as np
import pytest

from pricetime import AsyncClient, Client
from pricetime.gateway.client import NoAnswer, Refused
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND
from tests.system.venues import opened


@pytest.fixture
def venue(tmp_path):
    venue = opened(tmp_path / "venue")
    yield venue
    venue.stop()


def test_a_client_that_is_closed_within_its_with_block_ends_it_quietly(venue):
    async def begin():
        async with AsyncClient(venue.endpoints[0], "alice") as client:
            client.close()

    with Client(venue.endpoints[0], "alice") as client:
        client.close()
    asyncio.run(begin())


@pytest.mark.parametrize("method", ["logout", "settle", "load_instruments"])
def test_a_closed_client_says_so_at_once(venue, method):
    client = Client(venue.endpoints[0], "alice", timeout_ms=60_000)
    client.buy("ACME", 1, "1")
    client.close()
    with pytest.raises(UserError, match="^the client is closed$"):
        getattr(client, method)()


def test_a_logout_that_leaves_commands_unanswered_says_so(tmp_path):
    """The venue had gone before the order came to it, and the with block ended as if it had been taken."""
    def left(endpoint):
        with Client(endpoint, "alice", timeout_ms=2_000) as client:
            venue.stop()
            client.buy("ACME", 1, "1")

    async def left_async(endpoint):
        async with AsyncClient(endpoint, "alice", timeout_ms=2_000) as client:
            venue.stop()
            client.buy("ACME", 1, "1")

    for leave in (left, lambda endpoint: asyncio.run(left_async(endpoint))):
        venue = opened(tmp_path / leave.__name__)
        with pytest.raises(NoAnswer):
            leave(venue.endpoints[0])


def test_who_waits_for_reports_goes_on_behind_a_logon_of_another_task(venue):
    async def begin():
        client = AsyncClient(venue.endpoints[0], "alice", timeout_ms=3_000)
        await asyncio.gather(client.logon(), client.logon())
        waiting = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        await client.logon()
        order = client.buy("ACME", 1, "1")
        reports = await asyncio.wait_for(waiting, 3)
        assert reports["cl_ord_id"].tolist() == [order]
        await client.logout()
        client.close()

    asyncio.run(begin())


def test_a_client_of_an_event_loop_that_is_closed_says_so_and_logs_on_in_another(venue):
    client = AsyncClient(venue.endpoints[0], "alice")

    async def go_on():
        with pytest.raises(UserError, match=r"^the event loop in which the client logged on is closed: logon\(\)"):
            client.buy("ACME", 1, "1")
        await client.logon()
        client.buy("ACME", 1, "1")
        assert len(await client.receive(3_000)) == 1
        await client.logout()
        client.close()

    asyncio.run(client.logon())
    asyncio.run(go_on())


def test_both_clients_have_the_same_methods():
    """But heartbeat(): an AsyncClient sends them by itself."""
    sync, other = ({name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}
                   for kind in (Client, AsyncClient))
    assert sync - other == {"heartbeat"} and other <= sync


def test_an_async_client_learns_the_names_of_parties_where_it_may(venue):
    async def begin():
        async with AsyncClient(venue.endpoints[0], "operator") as operator:
            with pytest.raises(UserError, match="participant"):
                operator.kill_switch("firm")
            await operator.load_parties()
            operator.kill_switch("firm")
            await operator.settle()
        async with AsyncClient(venue.endpoints[0], "alice") as alice:
            with pytest.raises(Refused, match="NOT_AUTHORIZED"):
                await alice.load_parties()

    asyncio.run(begin())


@pytest.mark.parametrize("lines", [np.zeros((1, 1), COMMAND), np.zeros((), COMMAND), np.zeros((0, 1), COMMAND)])
def test_lines_of_another_shape_than_a_row_are_a_callers_mistake(venue, lines):
    with (Client(venue.endpoints[0], "alice") as client,
          pytest.raises(UserError, match="^lines: found .*, expected 1 to 1024 COMMAND lines$")):
        client.send(lines)
