"""A client's socket: opened, closed, keys, and what its monitor says of the connection. Knows nothing of sessions.

libzmq connects again by itself after a cut, loses what was under way and does not say so: the monitor does.
"""

import math
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import zmq
from zmq.utils.monitor import parse_monitor_message

from pricetime.gateway.client_arguments import check_endpoint, key_file
from pricetime.gateway.client_errors import NoAnswer, Refused
from pricetime.gateway.field_checks import shown
from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

CUT = zmq.EVENT_DISCONNECTED
NO_KEY = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
RECONNECT_MS = 20           # libzmq's own pause until it tries to connect again
PAYLOADS_AT_ONCE = 64
LINGER_MS = 100             # what was sent has so long to leave when the client is closed


@dataclass(frozen=True)
class Keys:
    """CURVE keys: what a client presents, and the venue that it expects."""

    public: bytes
    secret: bytes
    venue: bytes


def load_keys(key: str | Path | None, venue_key: str | Path | None) -> Keys | None:
    """Of a client's secret key file and a venue's public one; None without either. UserError where one is missing."""
    if key is None and venue_key is None:
        return None
    if key is None or venue_key is None:
        raise UserError(
            "key, venue_key: found one of them, expected both: the file that `pricetime keygen` made and the venue's "
            "public key"
        )
    from pricetime.gateway.security import load_public, load_secret

    own = key_file(key, "key", "the secret file that `pricetime keygen` made")
    return Keys(*load_secret(own), load_public(key_file(venue_key, "venue_key", "the venue's public key")))


def needs_ipv6(endpoint: object) -> bool | None:
    """Whether libzmq has to be told that the endpoint's host is one of IPv6: an address, or a name that has no other
    now. None: the name has none at all; libzmq looks for itself then.

    Not always: told so, it takes for a name that has both the address of IPv6 alone, where a venue at tcp://127.0.0.1
    does not listen (localhost, on most machines)."""
    if not isinstance(endpoint, str) or not endpoint.startswith("tcp://"):
        return False
    host = endpoint.removeprefix("tcp://").rpartition(";")[2].rpartition(":")[0]
    if ":" in host:
        return True
    if resolves(host, socket.AF_INET):
        return False
    return True if resolves(host, socket.AF_INET6) else None


def resolves(host: str, family: socket.AddressFamily) -> bool:
    """Whether a host has an address of this family, as far as can be told now."""
    try:
        return bool(socket.getaddrinfo(host, None, family, socket.SOCK_STREAM))
    except (OSError, ValueError):       # ValueError: no name
        return False


class Line:
    """One DEALER, opened anew for each Logon. opened: how often; closed: for good."""

    def __init__(self, endpoint: str, keys: Keys | None, timeout_ms: int, watched: bool) -> None:
        self.endpoint, self.timeout_ms = endpoint, timeout_ms
        self.opened, self.closed = 0, False
        self.socket: zmq.Socket[bytes] | None = None
        self._keys, self._watched = keys, watched
        self._ipv6: bool | None = None
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self.monitor: zmq.Socket[bytes] | None = None

    def open(self) -> None:
        """Connect; what there was before is closed. UserError where the endpoint is none."""
        if self.closed:
            raise UserError("the client is closed")
        check_endpoint(self.endpoint)
        self.hang_up(linger_ms=0)
        self.opened += 1
        try:
            self._connect()
        except (zmq.ZMQError, TypeError, ValueError) as error:      # ValueError: a str that is no Unicode
            self.hang_up(linger_ms=0)
            why = error.strerror if isinstance(error, zmq.ZMQError) else "not text"
            raise UserError(
                f"cannot connect to {shown(self.endpoint)}: {why}; expected tcp://HOST:PORT or ipc://PATH"
            ) from None

    def _connect(self) -> None:
        self.socket = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.SNDTIMEO, self.timeout_ms), (zmq.RCVHWM, 0), (zmq.RECONNECT_IVL, RECONNECT_MS),
            (zmq.LINGER, LINGER_MS),    # of a client that nobody closed: it would keep the process for ever
        ):
            self.socket.setsockopt(option, value)
        # IPv4 holds, once found: a client that comes back, in an event loop too, is not to wait for a name server.
        if self._ipv6 is not False:
            self._ipv6 = needs_ipv6(self.endpoint)
        self.socket.setsockopt(zmq.IPV6, int(bool(self._ipv6)))
        if self._keys is not None:
            self.socket.curve_publickey, self.socket.curve_secretkey = self._keys.public, self._keys.secret
            self.socket.curve_serverkey = self._keys.venue
        if self._watched:
            self.monitor = self.socket.get_monitor_socket(CUT | NO_KEY)
        self._poller = zmq.Poller()
        for end in (self.socket, self.monitor):
            if end is not None:
                self._poller.register(end, zmq.POLLIN)
        self.socket.connect(self.endpoint)

    def __del__(self) -> None:
        """Nobody closed it: where its socket were still there, the context would wait for that for ever."""
        with suppress(AttributeError, zmq.ZMQError):
            self.hang_up(linger_ms=0)

    def hang_up(self, linger_ms: int) -> None:
        """Close the socket; what was sent has so long to leave."""
        if self.socket is None:
            return
        if self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close(linger=0)
            self.monitor = None
        self.socket.close(linger=linger_ms)
        self.socket = None

    def close(self) -> None:
        """For good."""
        self.closed = True
        self.hang_up(linger_ms=LINGER_MS)
        self._context.term()

    def send(self, payload: bytes, wait: bool = True) -> bool:
        """Hand a message to libzmq; whether it took it, within timeout_ms or at once."""
        if self.socket is None:
            raise UserError("the client is closed")
        try:
            self.socket.send(payload, 0 if wait else zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def received(self) -> list[bytes]:
        """What is there, some of it; nothing is waited for."""
        payloads: list[bytes] = []
        try:
            while self.socket is not None and len(payloads) < PAYLOADS_AT_ONCE:
                payloads.append(self.socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            pass
        return payloads

    def readable(self) -> bool:
        """Whether something is there: libzmq's descriptor may have told of it before."""
        return any(
            end is not None and int(end.getsockopt(zmq.EVENTS)) & zmq.POLLIN
            for end in (self.socket, self.monitor)
        )

    def descriptors(self) -> tuple[int, ...]:
        """What an event loop watches. Readable once for each change, whatever it is."""
        return tuple(int(end.getsockopt(zmq.FD)) for end in (self.socket, self.monitor) if end is not None)

    def trouble(self) -> UserError | None:
        """What the monitor says: the connection was cut, or the keys were refused."""
        found: UserError | None = None
        try:
            while self.monitor is not None:
                event = int(parse_monitor_message(self.monitor.recv_multipart(zmq.NOBLOCK))["event"])
                if event & NO_KEY:
                    said = "takes clients with a CURVE key only (key, venue_key)"
                    if self._keys:
                        said = "refused the key, or has no CURVE"
                    found = Refused(Reason.NOT_AUTHORIZED, f"{self.endpoint} {said}")
                elif found is None:
                    found = NoAnswer(f"{self.endpoint}: the connection was cut")
        except zmq.Again:
            pass
        return found

    def wait(self, until: float) -> None:
        """Until something is there, or a moment has come (monotonic seconds)."""
        milliseconds = math.ceil(max(0.0, until - monotonic()) * 1000)
        if self.socket is None:
            sleep(milliseconds / 1000)
        else:
            self._poller.poll(milliseconds)
