"""The door for CURVE clients: which key is let in, under which number, and what was refused there.

libzmq asks (ZAP, RFC 27) before a client's first message is taken; the answer's User-Id, the key's number, comes with
each message then. Numbers count up and are never used again in one run: a key that is revoked and given anew is
another. Owns the numbers and the counts of refusals; what a number may do stands in DoorTable, which the loop reads.
Three threads: pyzmq's answers libzmq, `Handshakes` counts what ends before that, and whoever calls admit().
"""

import errno
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Container
from time import monotonic
from typing import Any

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils import z85
from zmq.utils.monitor import parse_monitor_message

from pricetime.gateway.door_table import KEY_NUMBERS, DoorTable
from pricetime.gateway.keyring import Key, Keyring
from pricetime.gateway.sockets import ZAP_DOMAIN
from pricetime.gateway.stat_page import StatPage

NOBODY = KEY_NUMBERS        # a number that no key gets
WINDOW_SECONDS = 10         # refusals of so long are one line
ADDRESSES_SHOWN = 3
ADDRESSES_KEPT = 1_000      # of one window; whoever comes from more is counted as "others"
LOOK_MS = 200
PREFIX_BYTES = 16
YOUNG_SECONDS = 6.0         # by then libzmq has given a handshake up (HANDSHAKE_IVL)
MONITOR = "inproc://pricetime-handshakes"
EVENTS = (
    zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
MECHANISM_MISMATCH = zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
Say = Callable[..., None]     # a line, and as JSON has it: its kind of event, fields


class Refusals:
    """Counts of refused handshakes by reason (HANDSHAKES), since the start and in the window at hand. Any thread."""

    def __init__(self, say: Say, seconds: float = WINDOW_SECONDS) -> None:
        self._say, self._seconds = say, seconds
        self._page: StatPage | None = None
        self._lock = threading.Lock()
        self._total: Counter[str] = Counter()
        self._window: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._since = monotonic()

    def show_on(self, page: StatPage) -> None:
        """Keep the counts since the start there, too, for others to see."""
        with self._lock:
            self._page = page
            for reason, count in self._total.items():
                page.show_handshakes(reason, count)

    def add(self, reason: str, address: str = "", count: int = 1) -> None:
        """So many handshakes were refused."""
        with self._lock:
            if not self._window:
                self._since = monotonic()
            self._total[reason] += count
            self._window[reason] += count
            if self._page is not None:
                self._page.show_handshakes(reason, self._total[reason])
            if address:
                known = address in self._addresses or len(self._addresses) < ADDRESSES_KEPT
                self._addresses[address if known else "others"] += count

    def totals(self) -> dict[str, int]:
        """By reason, since the start."""
        with self._lock:
            return dict(self._total)

    def tell(self, finally_: bool = False) -> None:
        """Say what a window has, once it is over."""
        with self._lock:
            seconds = monotonic() - self._since
            if not self._window or seconds < self._seconds and not finally_:
                return
            by_reason = dict(self._window.most_common())
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in by_reason.items())
            addresses = self._addresses.most_common(ADDRESSES_SHOWN)
            count = sum(self._window.values())
            self._window.clear()
            self._addresses.clear()
        places = ", ".join(f"{address} ({times:,})" for address, times in addresses)
        self._say(f"door: {count:,} handshakes refused in {seconds:.0f} s: {reasons}"
                  + (f"; by key from {places}" if places else ""), "handshakes", count=count,
                  seconds=round(seconds, 1), reasons=by_reason, addresses=dict(addresses))


class Authenticator(ThreadAuthenticator):
    """libzmq's questions, answered by the keys that are let in."""

    def __init__(self, context: "zmq.Context[Any]", refusals: Refusals, prefix: str) -> None:
        super().__init__(context)
        self._refusals, self._prefix = refusals, prefix
        self.numbers: dict[bytes, int] = {}     # by public key; read and written whole, by single operations
        self._address = ""
        self.configure_curve_callback(ZAP_DOMAIN.decode(), self)

    async def handle_zap_message(self, msg: list[bytes]) -> None:
        """One question: who, from where."""
        self._address = msg[3].decode("ascii", "replace") if len(msg) > 3 else ""
        await super().handle_zap_message(msg)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether this public key is let in."""
        if key in self.numbers:
            return True
        self._refusals.add("unknown key", self._address)
        return False

    def curve_user_id(self, client_public_key: bytes) -> str:
        """What comes with each message: the prefix, which nobody else can know, and the key's number; where it is
        revoked meanwhile one that may do nothing. (Never 0: that is whoever came without a key.)"""
        return f"{self._prefix}{self.numbers.get(z85.encode(client_public_key), NOBODY)}"


def is_of(address: bytes, endpoints: Container[bytes]) -> bool:
    """Whether a connection whose end on this side has this address came by one of these endpoints, as bound.

    libzmq tells of a connection the address by which its client came, and of a wildcard endpoint the wildcard: [::]
    takes clients of both families, 0.0.0.0 only those of IPv4."""
    host, _, port = address.rpartition(b":")
    if address in endpoints or not host.startswith(b"tcp://"):
        return address in endpoints
    return b"tcp://[::]:" + port in endpoints or (not host.endswith(b"]") and b"tcp://0.0.0.0:" + port in endpoints)


class Handshakes(threading.Thread):
    """Counts the handshakes that end before anybody is asked: no CURVE, no ZeroMQ, nothing said in time.

    libzmq tells of each connection (by its descriptor) and of each handshake that it understands enough of (without
    one). What is neither young nor told of was no ZeroMQ."""

    def __init__(self, context: "zmq.Context[Any]", router: "zmq.Socket[bytes]", endpoints: list[str],
                 refusals: Refusals) -> None:
        super().__init__(name="handshakes", daemon=True)
        self._endpoints = {endpoint.encode() for endpoint in endpoints}
        self._refusals, self._over = refusals, threading.Event()
        self._accepted = self._heard = self._strange = 0
        self._open: dict[int, float] = {}   # descriptors, and since when
        self._router = router
        router.monitor(MONITOR, EVENTS)
        self._socket = context.socket(zmq.PAIR)
        self._socket.rcvhwm = 0             # else a slow thread here would stop libzmq's, and the venue with it
        self._socket.linger = 0
        self._socket.connect(MONITOR)

    def run(self) -> None:
        """Until end()."""
        look = monotonic()
        while not self._over.is_set():
            if self._socket.poll(LOOK_MS):
                self._take(parse_monitor_message(self._socket.recv_multipart()))
            if monotonic() - look >= LOOK_MS / 1000:
                look = monotonic()
                self._find_strange(look)
                self._refusals.tell()
        self._socket.close()

    def _take(self, event: Any) -> None:
        """One thing that happened at an endpoint with CURVE."""
        if not is_of(event["endpoint"], self._endpoints):
            return
        kind, value = event["event"], int(event["value"])
        if kind == zmq.EVENT_ACCEPTED:
            self._accepted += 1
            self._open[value] = monotonic()
        elif kind in (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED):
            self._open.pop(value, None)
        else:
            self._heard += 1
        if kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            self._refusals.add("no CURVE" if value == MECHANISM_MISMATCH else "not our handshake")
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            self._refusals.add("nothing said in time" if value == errno.EAGAIN else "hung up")

    def _find_strange(self, now: float) -> None:
        """Connections that ended and no handshake was told of."""
        young = sum(now - since < YOUNG_SECONDS for since in self._open.values())
        strange = self._accepted - self._heard - young
        if strange > self._strange:
            self._refusals.add("not ZeroMQ", count=strange - self._strange)
            self._strange = strange

    def end(self) -> None:
        """Stop. By the thread that the router belongs to: libzmq tells nobody any more, or it would wait for us."""
        self._router.disable_monitor()
        self._over.set()
        self.join()


class Door:
    """Who is let in by CURVE. `table`: what the loop reads. prefix: of the User-Ids of this start, for the transport.
    open() it when the keys are known: a client that comes earlier tries again by itself."""

    def __init__(self, say: Say) -> None:
        self.table = DoorTable()
        self.prefix = secrets.token_hex(PREFIX_BYTES) + ":"
        self.refusals = Refusals(say)
        self._say = say
        self._numbers: dict[str, int] = {}      # of those that are let in, by name
        self._admitted: dict[str, Key] = {}
        self._next = 1
        self._authenticator: Authenticator | None = None
        self._handshakes: Handshakes | None = None
        self._public: dict[bytes, int] = {}

    def open(self, context: "zmq.Context[Any]", router: "zmq.Socket[bytes]", endpoints: list[str]) -> None:
        """Answer libzmq. endpoints: those with CURVE, as bound. By the thread that the router belongs to."""
        self._authenticator = Authenticator(context, self.refusals, self.prefix)
        self._authenticator.numbers = self._public
        self._authenticator.start()
        self._handshakes = Handshakes(context, router, endpoints, self.refusals)
        self._handshakes.start()

    def close(self) -> None:
        """Before the context ends."""
        if self._authenticator is not None:
            self._authenticator.stop()
            self._authenticator = None
        if self._handshakes is not None:
            self._handshakes.end()
            self._handshakes = None
        self.refusals.tell(finally_=True)

    def number(self, name: str) -> int:
        """The number of a key that is let in; 0: it is not."""
        return self._numbers.get(name, 0)

    def admit(self, ring: Keyring) -> None:
        """Let in the keys of a keyring and nobody else, from now on: one that was revoked and given anew meanwhile as
        another. One thread at a time."""
        for name in [name for name in self._admitted if name not in ring.keys]:
            self._remove(name)
        for name, key in ring.keys.items():
            known = self._admitted.get(name)
            if known == key and known.given == key.given:
                continue
            if known is not None and (known.public != key.public or known.given != key.given):
                self._remove(name)
                known = None
            if known is None:
                self._add(key)
            else:
                self._change(known, key)

    def _add(self, key: Key) -> None:
        if self._next >= NOBODY:
            self._say(f"door: key {key.name!r} is not let in: {KEY_NUMBERS:,} keys since the start; start the venue "
                      "anew", "keys", key=key.name)
            return
        number, self._next = self._next, self._next + 1
        self.table.allow(number, key.rights)
        self._grant(key, number, key.sessions)
        self._numbers[key.name], self._admitted[key.name] = number, key
        self._public[key.public] = number       # last: now it may come in

    def _change(self, known: Key, key: Key) -> None:
        number = self._numbers[key.name]
        self.table.allow(number, key.rights)
        for session in known.sessions - key.sessions:
            self.table.withdraw(number, session)
        self._grant(key, number, key.sessions - known.sessions)
        self._admitted[key.name] = key

    def _grant(self, key: Key, number: int, sessions: frozenset[int]) -> None:
        for session in sorted(sessions):
            try:
                self.table.grant(number, session)
            except OverflowError as error:
                self._say(f"door: key {key.name!r} may not speak for session {session}: {error}", "keys",
                          key=key.name, number=session)

    def _remove(self, name: str) -> None:
        key, number = self._admitted.pop(name), self._numbers.pop(name)
        if self._public.get(key.public) == number:      # not yet another name's
            del self._public[key.public]        # first: nobody comes in by it any more
        self.table.allow(number, 0)
        for session in key.sessions:
            self.table.withdraw(number, session)
