"""What the constructors of the clients are given by mistake: one line each, before anything is opened."""

import asyncio
import subprocess
import sys

import numpy as np
import pytest

from pricetime import AsyncClient, Client
from pricetime.gateway.client import ConnectOptions
from pricetime.gateway.client_arguments import seconds
from pricetime.gateway.drop_copy.client import DropCopy
from pricetime.matching.errors import UserError
from tests.system.test_client import WRONG

NOBODY = "tcp://127.0.0.1:1"


def attempt(kind, arguments):
    """Make a client of these, and close it."""
    client = kind(**{"endpoint": NOBODY, "session": "alice"} | arguments)
    client.close()


@pytest.mark.parametrize(("arguments", "said"), [
    ({"key": 3, "venue_key": 4}, "key: found 3, expected the path of the secret file that `pricetime keygen` made"),
    ({"key": b"x", "venue_key": "y"}, "key: found b'x', expected the path of"),
    ({"key": "a\0b", "venue_key": "y"}, r"key: found 'a\\x00b', expected the path of"),
    ({"session": "\udcff"}, r"session: found '\\udcff', expected the name of one of the venue's sessions: 1 to 48 "),
    ({"session": ""}, "session: found '', expected the name"),
    ({"session": "x" * 49}, "session: found 'x+', expected the name"),
    ({"session": "a\nb"}, r"session: found 'a\\nb', expected the name"),
    ({"timeout_ms": 2**31}, "timeout_ms: found 2147483648, expected a whole number of milliseconds from 1 to"),
    ({"timeout_ms": "5"}, "timeout_ms: found '5', expected a whole number of milliseconds from 1"),
    ({"heartbeat_ms": 0}, "heartbeat_ms: found 0, expected a whole number of milliseconds from 1"),
    ({"reconnect": 1}, "reconnect: found 1, expected True or False"),
    ({"full_reports": "no"}, "full_reports: found 'no', expected True or False"),
    ({"connect": None}, "connect: found None, expected True or False"),
    ({"outstanding_max": 0}, "outstanding_max: found 0, expected a whole number, from 1"),
])
def test_a_wrong_argument_is_named_with_what_was_found_and_what_is_expected(arguments, said):
    with pytest.raises(UserError, match=f"^{said}"):
        attempt(Client, {"connect": False} | arguments)
    if "connect" not in arguments:
        with pytest.raises(UserError, match=f"^{said}"):
            attempt(AsyncClient, arguments)
    if arguments.keys() <= {"session", "timeout_ms", "key", "venue_key"}:
        with pytest.raises(UserError, match=f"^{said}"):
            attempt(DropCopy, arguments)


@pytest.mark.parametrize("name", ["session", "connect", *ConnectOptions.__annotations__])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_any_value_of_any_argument_is_taken_or_a_callers_mistake(kind, name):
    if kind is AsyncClient and name == "connect":
        return      # it has none
    for value in WRONG:
        arguments = {name: value} | {"key": {"venue_key": "v"}, "venue_key": {"key": "k"}}.get(name, {})
        try:
            attempt(kind, ({"connect": False} if kind is Client else {}) | arguments)
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) < 1000


def test_an_endpoint_that_is_none_is_a_callers_mistake():
    async def begin(endpoint):
        async with AsyncClient(endpoint, "alice"):
            pass

    for endpoint in WRONG:
        for make in (lambda: attempt(Client, {"endpoint": endpoint, "timeout_ms": 100}),    # noqa: B023  called here
                     lambda: attempt(DropCopy, {"endpoint": endpoint, "timeout_ms": 100}),  # noqa: B023
                     lambda: asyncio.run(begin(endpoint))):                                 # noqa: B023
            with pytest.raises(UserError, match="^cannot connect to .*expected tcp://HOST:PORT or ipc://PATH") as found:
                make()
            assert str(found.value).isprintable()


@pytest.mark.parametrize("words", [
    ("order", NOBODY, "buy", "ACME", "1", "@", "1"), ("admin", NOBODY, "phase", "Halted", "--all"),
    ("drop-copy", NOBODY),
], ids=["order", "admin", "drop-copy"])
def test_a_session_name_that_is_no_text_is_one_line_and_status_2(tmp_path, words):
    command = [sys.executable, "-P", "-m", "pricetime", *words, "--session", b"\xff"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert f"pricetime {words[0]}: session: found '\\udcff', expected the name of one of" in done.stderr


@pytest.mark.parametrize("endpoint", [
    "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:99999999999999999999", "tcp://127.0.0.1:7x",
    "tcp://127.0.0.1:", "tcp://127.0.0.1", "tcp://[::1]", "tcp://", b"tcp://127.0.0.1:65537", "inproc://venue",
])
def test_an_endpoint_whose_port_is_none_is_refused_at_once(endpoint):
    """libzmq takes 16 bits of it: the client would be at another port than the one it names."""
    for kind in (Client, DropCopy):
        with pytest.raises(UserError, match="^cannot connect to .*; expected tcp://HOST:PORT or ipc://PATH$"):
            attempt(kind, {"endpoint": endpoint, "timeout_ms": 60_000})


@pytest.mark.parametrize("value", ["5", None, True, float("nan"), float("inf"), 2**31, 10**400, [], 1j])
def test_a_time_to_wait_that_is_none_is_named(value):
    with pytest.raises(UserError, match="^timeout_ms: found .*, expected a number of milliseconds up to 2147483647$"):
        seconds(value)


def test_a_time_to_wait_may_have_a_fraction_and_be_over():
    assert (seconds(1.5), seconds(0), seconds(np.int64(2000)), seconds(-5)) == (0.0015, 0.0, 2.0, -0.005)
