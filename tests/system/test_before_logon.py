"""A client that has not logged on yet says so, whatever it is asked; only what needs no venue works."""

import asyncio
import contextlib
import inspect

import pytest

from pricetime import AsyncClient, Client
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND

NOBODY = "tcp://127.0.0.1:1"
NEEDS_NO_VENUE = {"logon", "close"}
METHODS = {
    "buy": ("ACME", 1, "1"), "sell": ("ACME", 1, "1"), "sell_short": ("ACME", 1, "1"), "cancel": ("ACME", 1),
    "replace": ("ACME", 1, 2), "mass_cancel": (), "kill_switch": (1,), "set_phase": ("ACME", "Halted"),
    "send": (COMMAND,), "reports": (), "receive": (), "settle": (), "order_status": ("ACME", 1), "open_orders": (),
    "load_instruments": (), "load_parties": (), "logout": (), "heartbeat": (),
}  # fmt: skip


def methods(kind):
    """The public ones."""
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


async def result(value):
    """Of a method of either client."""
    if hasattr(value, "__anext__"):
        return await anext(value)
    if inspect.isawaitable(value):
        return await value
    return next(value) if inspect.isgenerator(value) else value


def unconnected(kind, **options):
    return kind(NOBODY, "alice", **options, **({"connect": False} if kind is Client else {}))


@pytest.mark.parametrize("reconnect", [True, False])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_method_that_needs_a_venue_says_that_the_client_is_not_logged_on(kind, reconnect):
    assert methods(kind) - NEEDS_NO_VENUE <= METHODS.keys()

    async def ask(client, name):
        await asyncio.wait_for(result(getattr(client, name)(*METHODS[name])), 2)

    for name in sorted(methods(kind) - NEEDS_NO_VENUE):
        said = pytest.raises(UserError, match=r"^the client is not logged on: logon\(\)$")
        with contextlib.closing(unconnected(kind, reconnect=reconnect)) as client, said:
            asyncio.run(ask(client, name))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_one_that_was_closed_before_says_that(kind):
    client = unconnected(kind)
    client.close()
    with pytest.raises(UserError, match="^the client is closed$"):
        asyncio.run(result(client.receive()))


def test_a_with_block_in_which_nobody_logs_on_ends_quietly():
    with unconnected(Client) as client:
        assert client.mark == client.outstanding == 0
