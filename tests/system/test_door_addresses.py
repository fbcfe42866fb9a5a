"""What is refused at a door with CURVE is counted by whatever address it came: wildcards, too, and the drop copy's.
Clients come by addresses and names of either family."""

import contextlib
import socket
import threading
import time

import pytest
import zmq
from drop_copies import served

from pricetime.gateway.authenticator import is_of
from pricetime.gateway.client import Client
from pricetime.gateway.client_line import Line, needs_ipv6
from pricetime.gateway.config import convert
from pricetime.gateway.drop_copy.client import DropCopy
from pricetime.gateway.drop_copy.server import Server
from pricetime.gateway.venue import Venue

RAW = 20
ADDRESSES = {       # what is bound, and whence clients come
    "tcp://127.0.0.1:0": ["127.0.0.1"], "tcp://0.0.0.0:0": ["127.0.0.1"], "tcp://*:0": ["127.0.0.1"],
    "tcp://[::1]:0": ["::1"], "tcp://[::]:0": ["::1", "127.0.0.1"],
}
TABLES = {"session": [{"name": "alice"}], "log": {"segment_mib": 1}}
each_address = pytest.mark.parametrize("address", ADDRESSES)


def need(address):
    if "[" in address:
        with socket.socket(socket.AF_INET6) as six:
            try:
                six.bind(("::1", 0))
            except OSError:
                pytest.skip("this machine has no IPv6")


@contextlib.contextmanager
def venue_door(directory, address):
    config = convert(TABLES | {"venue": {"endpoints": [{"address": address, "curve": True}]}})
    with Venue(directory, config) as venue:
        yield venue.curve_endpoints[0], venue.door.refusals


@contextlib.contextmanager
def drop_copy_door(directory, address):
    endpoints = ["tcp://127.0.0.1:0", {"address": "tcp://127.0.0.1:0", "curve": True}]     # for the key that it makes
    with Venue(directory, convert(TABLES | {"venue": {"endpoints": endpoints}})):
        server = Server(directory, [address], curve=[0])
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server.endpoints[0], server._guard._door.refusals
        finally:
            server.stop()
            thread.join()
            server.close()


def knock(endpoint, hosts):
    """RAW requests of HTTP and one DEALER without CURVE from each host, each until it is cut off."""
    port = int(endpoint.rpartition(":")[2])
    for host in hosts:
        for _ in range(RAW):
            with socket.create_connection((host, port), timeout=10) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                while connection.recv(4096):
                    pass
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger, dealer.ipv6, dealer.reconnect_ivl = 0, ":" in host, -1
            with dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as over:
                dealer.connect(f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}")
                assert over.poll(10_000), "it was not cut off"
                dealer.disable_monitor()


@pytest.mark.parametrize("door", [venue_door, drop_copy_door])
@each_address
def test_what_is_refused_is_counted_by_whatever_address_it_came(tmp_path, address, door):
    need(address)
    hosts = ADDRESSES[address]
    with door(tmp_path, address) as (endpoint, refusals):
        knock(endpoint, hosts)
        deadline = time.monotonic() + 10
        while sum(refusals.totals().values()) < (RAW + 1) * len(hosts) and time.monotonic() < deadline:
            time.sleep(0.01)
        counts = refusals.totals()
    # Of the DEALER both sides notice: whichever is first hangs up.
    assert counts.pop("not ZeroMQ") == RAW * len(hosts)
    assert sum(counts.values()) == len(hosts) and counts.keys() <= {"no CURVE", "hung up"}


@pytest.mark.parametrize(("came", "bound", "expected"), [
    (b"tcp://127.0.0.1:5000", b"tcp://127.0.0.1:5000", True),
    (b"tcp://127.0.0.1:5000", b"tcp://127.0.0.1:5001", False),
    (b"tcp://127.0.0.1:5000", b"tcp://127.0.0.2:5000", False),
    (b"tcp://192.0.2.7:5000", b"tcp://0.0.0.0:5000", True),
    (b"tcp://192.0.2.7:5000", b"tcp://0.0.0.0:5001", False),
    (b"tcp://[::1]:5000", b"tcp://0.0.0.0:5000", False),        # another endpoint, which may have that port, too
    (b"tcp://[::1]:5000", b"tcp://[::]:5000", True),
    (b"tcp://[::ffff:192.0.2.7]:5000", b"tcp://[::]:5000", True),
    (b"tcp://[fe80::1%eth0]:5000", b"tcp://[::]:5000", True),
    (b"ipc:///run/venue:5000", b"tcp://[::]:5000", False),
    (b"ipc:///run/venue", b"ipc:///run/venue", True),
    (b"", b"tcp://0.0.0.0:5000", False),
])
def test_a_wildcard_is_every_address_of_its_port_and_family(came, bound, expected):
    assert is_of(came, {bound}) == expected


def test_the_endpoint_without_curve_beside_a_wildcard_counts_nothing(tmp_path):
    endpoints = ["tcp://127.0.0.1:0", {"address": "tcp://0.0.0.0:0", "curve": True}]
    with Venue(tmp_path, convert(TABLES | {"venue": {"endpoints": endpoints}})) as venue:
        plain = next(endpoint for endpoint in venue.endpoints if endpoint not in venue.curve_endpoints)
        with socket.create_connection(("127.0.0.1", int(plain.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            connection.recv(4096)
        knock(venue.curve_endpoints[0], ["127.0.0.1"])
        deadline = time.monotonic() + 10
        while sum(venue.door.refusals.totals().values()) < RAW + 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert venue.door.refusals.totals()["not ZeroMQ"] == RAW


# --------------------------------------------------------------------------------------------- clients of IPv6


SESSIONS = {"session": [{"name": "alice"}, {"name": "auditor", "rights": ["DropCopy", "Operate"]}]}


@pytest.mark.parametrize(("address", "host"), [
    ("tcp://[::1]:0", "[::1]"), ("tcp://127.0.0.1:0", "127.0.0.1"), ("tcp://127.0.0.1:0", "localhost"),
])
def test_a_client_and_a_drop_copys_client_come_by_addresses_of_both_families_and_by_name(tmp_path, address, host):
    need(address)
    config = convert(TABLES | SESSIONS | {"venue": {"endpoints": [address]}})
    with Venue(tmp_path, config) as venue, served(venue, address=address) as endpoint:
        def at_host(bound):
            return f"tcp://{host}:{bound.rpartition(':')[2]}"

        with Client(at_host(venue.endpoints[0]), "alice"), DropCopy(at_host(endpoint), "auditor", after=0) as copy:
            assert copy.receive(10_000) is not None


V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.mark.parametrize(("endpoint", "families", "needed"), [
    ("tcp://[::1]:7001", set(), True), ("tcp://[fe80::1%eth0]:7001", set(), True),
    ("tcp://127.0.0.1:7001", {V4}, False), ("tcp://four:7001", {V4}, False), ("tcp://both:7001", {V4, V6}, False),
    ("tcp://six:7001", {V6}, True), ("tcp://none:7001", set(), None), ("ipc:///tmp/[x]", set(), False),
    (None, set(), False), (f"tcp://{'x' * 64}.y:7001", None, None),
])
@pytest.mark.parametrize("error", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_libzmq_is_told_of_ipv6_where_the_host_has_no_other_address(monkeypatch, endpoint, families, needed, error):
    if families is not None:
        monkeypatch.setattr(socket, "getaddrinfo", resolver(families, error))
    assert needs_ipv6(endpoint) is needed


def resolver(families, error, asked=None):
    """A getaddrinfo() that knows every name in these families."""
    def getaddrinfo(host, port, family, kind):
        if asked is not None:
            asked.append(family)
        if family not in families:
            raise socket.gaierror(error, "no such name")
        return [(family, kind, 0, "", (host, 0))]

    return getaddrinfo


def test_a_client_that_comes_back_asks_no_name_server_again_where_it_found_ipv4(monkeypatch):
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", resolver({V4}, socket.EAI_NONAME, asked))
    line = Line("tcp://venue.example:7001", None, 1_000, watched=False)
    try:
        for _ in range(3):
            line.open()
        assert asked == [V4]
    finally:
        line.close()
