"""The venue's ROUTER socket: libzmq's options for a venue, binding, and what goes wrong there. Never sends or
receives."""

import ctypes
import os
import socket
import tempfile
from collections.abc import Collection
from contextlib import suppress

import zmq

from pricetime.gateway.loop import MESSAGE_BYTES
from pricetime.matching.errors import UserError

HIGH_WATER_MARK = 1000  # messages that wait for one client; then it is one that does not read
ZAP_DOMAIN = b"venue"   # of endpoints with CURVE: what authenticator.py is asked for
OPTIONS = {
    zmq.ROUTER_MANDATORY: 1,  # a peer that is gone or full is an error, not silence
    zmq.ROUTER_HANDOVER: 0,
    zmq.MAXMSGSIZE: 4
    * MESSAGE_BYTES,  # beyond it libzmq cuts the connection; up to it the loop answers MESSAGE_TOO_LARGE
    zmq.SNDHWM: HIGH_WATER_MARK,
    zmq.RCVHWM: HIGH_WATER_MARK,
    zmq.HANDSHAKE_IVL: 5_000,
    # Not libzmq's own heartbeats: where a peer is reset while RCVHWM of its messages wait, their timer ends the process
    # (4.3.5: assertion !_io_error). The kernel finds hosts that are gone, within 15 s.
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 5,
    zmq.TCP_KEEPALIVE_INTVL: 5,
    zmq.TCP_KEEPALIVE_CNT: 2,
    # Who reads nothing for so long (ms, TCP_USER_TIMEOUT) loses its connection, and what waits for it here goes.
    zmq.TCP_MAXRT: 30_000,
    zmq.LINGER: 1_000,
    zmq.BACKLOG: 1_024,
    zmq.ZAP_ENFORCE_DOMAIN: 1,
}


Context = zmq.Context[zmq.Socket[bytes]]


def bound_router(
    context: Context, endpoints: list[str], curve: Collection[int] = (), secret: bytes = b"", own: Collection[str] = (),
    frames: int = HIGH_WATER_MARK,
) -> tuple[zmq.Socket[bytes], list[str]]:
    """A ROUTER bound to every endpoint, and the endpoints as bound (port 0 is any free one). UserError where one
    cannot be.

    curve: places in the list of those that take CURVE only, with the venue's secret key (Z85). own: endpoints for the
    venue's own helpers, without CURVE. frames: that wait for one peer. libzmq copies a socket's options at each bind,
    so that they may differ; but a ZAP domain cannot be taken back, so those with CURVE come last.
    """
    scatter_routing_ids()
    router = context.socket(zmq.ROUTER)
    bound: dict[int, str] = {}
    try:
        for option, value in (OPTIONS | {zmq.SNDHWM: frames}).items():
            router.setsockopt(option, value)
        for endpoint in own:
            bind(router, endpoint)
        for place in sorted(range(len(endpoints)), key=lambda place: place in curve):
            if place in curve:
                require_curve(router, secret)
            bound[place] = bind(router, endpoints[place])
        return router, [bound[place] for place in range(len(endpoints))]
    except BaseException:
        router.close(linger=0)
        raise


def require_curve(router: zmq.Socket[bytes], secret: bytes) -> None:
    """What is bound from now on takes CURVE only, and asks who may come in (ZAP)."""
    router.setsockopt(zmq.CURVE_SERVER, 1)
    router.setsockopt(zmq.CURVE_SECRETKEY, secret)
    router.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)


def scatter_routing_ids() -> None:
    """Let the routing ids of the next ROUTER begin where nobody can tell.

    libzmq counts them up from the C library's rand(), which starts at the same number in every process, and a client
    may name itself with an id of that form. libzmq ends the process (an assertion) when its count meets a name that is
    taken.
    """
    ctypes.CDLL(None).srand(ctypes.c_uint(int.from_bytes(os.urandom(4))))


def bind(router: zmq.Socket[bytes], endpoint: str) -> str:
    """Bind one endpoint; what it is now."""
    if endpoint.startswith("ipc://"):
        refuse_taken(endpoint)
    try:
        router.setsockopt(zmq.IPV6, int("[" in endpoint))     # else an IPv4 address would be told as one of IPv6
        router.bind(endpoint)
    except zmq.ZMQError as error:
        hint = (
            "another program has it; stop that, or choose another port"
            if error.errno == zmq.EADDRINUSE
            else "expected tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH"
        )
        raise UserError(f"cannot bind {endpoint}: {error.strerror}: {hint}") from None
    return router.getsockopt_string(zmq.LAST_ENDPOINT)


def refuse_taken(endpoint: str) -> None:
    """UserError where somebody listens at an ipc endpoint: libzmq would take the path away from them without a word."""
    path = endpoint.removeprefix("ipc://")
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return      # nobody is there, or it is no path for a socket: bind says so
    raise UserError(f"cannot bind {endpoint}: another program listens there; stop that, or choose another path")


class PrivateEndpoint:
    """An endpoint for processes of the venue's own user, in a folder that nobody else may look into. (An abstract name
    would leave nothing on the disk, but anybody on the machine may connect to one.)"""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="pricetime-")     # of mode 0700
        self.address = f"ipc://{self._folder}/venue"

    def remove(self) -> None:
        """The folder, when the socket is closed, which removes its file."""
        with suppress(OSError):
            os.unlink(f"{self._folder}/venue")
        with suppress(OSError):
            os.rmdir(self._folder)
