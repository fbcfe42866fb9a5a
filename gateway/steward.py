"""The venue's steward: a thread beside the loop that does what is due and is nobody's order.

It moves the phases through the day by [schedule], and lets in and shuts out keys as the log's KEY_DEFINITIONs say.
What it changes it journals as the venue itself (session 0), through the loop: it is a peer of the venue's own socket
that has enrolled with the secret of this start (internal.pxd). It never touches engine, log or sockets of the loop.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import zmq

from pricetime.gateway import internal
from pricetime.gateway import messages as m
from pricetime.gateway.authenticator import Door
from pricetime.gateway.config import ScheduleSection
from pricetime.gateway.decoder import PHASE_NAMES
from pricetime.gateway.internal import INTERNAL, InternalKind, InternalRole
from pricetime.gateway.keyring import Keyring, read_log, save
from pricetime.gateway.layout import PHASES
from pricetime.gateway.schedule import Event, begins_day, next_events
from pricetime.journal import logs
from pricetime.journal.restoration import last_command
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, CommandType, Reason

STEWARD_ENDPOINT = "inproc://pricetime-steward"
LOOK_SECONDS = 0.05         # so late, at most, is a key let in or shut out
ANSWER_SECONDS = 10.0       # for a RESULT of the loop
SAVE_SECONDS = 60.0         # the keys' file is brought up to the log so often: a start need not read further back
COMMANDS_MAX = 64           # in one SUBMIT
# Until a change that the log had no room for is tried again, each time twice as long: serve counts and says each try.
FULL_SECONDS, FULL_SECONDS_MAX = 1.0, 10.0

LOG = logs.Log("venue")


def say(line: str, event: str = "note", **fields: Any) -> None:
    """A line for the operator. event, fields: its kind, and what it has as values (docs/operating.md)."""
    LOG.say(event, line, level=logs.WARNING, **fields)


class LoopView(Protocol):
    """What the steward asks of a Loop while it runs."""

    def phase_changes(self, after: int = 0) -> list[Any]: ...

    def key_changes(self, after: int = 0) -> list[Any]: ...

    def utc(self) -> int: ...

    @property
    def instruments(self) -> int: ...


@dataclass
class Charge:
    """What a steward looks after. `symbols` and `phases`: of the instruments that there are, by id; what is defined
    later is Closed until it is told otherwise. `since`: the time as of which their phases are the schedule's."""

    loop: LoopView
    directory: Path
    schedule: ScheduleSection
    symbols: dict[int, str]
    phases: dict[int, str]
    since: int
    keys: Keyring | None = None
    door: Door | None = None


class Step(NamedTuple):
    """A phase that an instrument is to get. trade_date: 0 where it keeps its own."""

    id: int
    phase: m.Phase
    trade_date: int = 0


class NoResult(Exception):
    """The loop did not answer a SUBMIT: it stands still, or is over."""


class LoopPeer:
    """The steward's end of the loop's socket: commands of session 0 in, their reasons out. One thread."""

    def __init__(self, context: "zmq.Context[Any]", endpoint: str, secret: bytes, over: Callable[[], bool]) -> None:
        self._over = over
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.connect(endpoint)
        self._send(InternalKind.ENROL, secret=np.void(secret))
        self._result()

    def submit(self, lines: np.ndarray) -> list[Reason]:
        """Have commands journaled; why each was refused, or NONE. NoResult: it is not known."""
        self._send(InternalKind.SUBMIT, lines.tobytes())
        return [Reason(byte) for byte in self._result()]

    def _send(self, kind: InternalKind, payload: bytes = b"", **fields: Any) -> None:
        header = np.zeros(1, INTERNAL)
        header["marker"], header["kind"], header["role"] = internal.MARKER, kind, InternalRole.STEWARD
        header["payload_bytes"] = len(payload)
        for name, value in fields.items():
            header[name] = value
        self._socket.send(header.tobytes() + payload)

    def _result(self) -> bytes:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self._socket.poll(int(LOOK_SECONDS * 1000)):
            if self._over() or time.monotonic() > deadline:
                raise NoResult
        frame: bytes = self._socket.recv()
        if np.frombuffer(frame[: internal.HEADER_BYTES], INTERNAL)[0]["kind"] != InternalKind.RESULT:
            raise NoResult
        return frame[internal.HEADER_BYTES :]

    def close(self) -> None:
        """Before the context ends."""
        self._socket.close()


class Steward(threading.Thread):
    """Runs from start() to end(). What goes wrong is said, and tried again where that may help."""

    def __init__(self, context: "zmq.Context[Any]", endpoint: str, secret: bytes, charge: Charge) -> None:
        super().__init__(name="steward", daemon=True)
        self._context, self._endpoint, self._secret, self._charge = context, endpoint, secret, charge
        self._ended = threading.Event()
        self._phases_told = self._keys_told = 0
        self._done = charge.since           # the schedule's events up to here are done
        self._saved = time.monotonic()
        self._peer: LoopPeer | None = None
        self._trouble = ""
        self._settled = set[tuple[Event, int]]()    # of what is due now: events and instruments that are done
        self._halted = set[tuple[Event, int]]()     # and those that stay Halted, which is said
        self._full = 0.0            # seconds of pause: the log has no room, which is said
        self._again_at = 0.0        # monotonic: not tried again before

    def end(self) -> None:
        """Stop: the loop may be over already."""
        self._ended.set()
        self.join()
        with suppress(Exception):       # since the last look; a log that cannot be read is said by the next start
            self._take_keys()
        self._save()

    def run(self) -> None:
        """Until end()."""
        try:
            while not self._ended.wait(LOOK_SECONDS):
                try:
                    self.look(self._charge.loop.utc())
                except Exception as error:  # noqa: BLE001  said, and tried again: a key that is revoked must not stay
                    self._tell_trouble(f"steward: {type(error).__name__}: {error}; tried again")
        finally:
            if self._peer is not None:
                self._peer.close()

    def _tell_trouble(self, line: str) -> None:
        """Once, not twenty times a second."""
        if line != self._trouble:
            say(line, "failed")
        self._trouble = line

    def look(self, now: int) -> None:
        """Do what is due at a time (UTC nanoseconds)."""
        self._take_keys()
        self._take_phases()
        if self._full and time.monotonic() < self._again_at:
            return
        while (due := next_events(self._charge.schedule, self._done)) and due[0].at <= now:
            if not all(self._move(event) for event in due):
                return
            self._done = due[0].at
            self._settled.clear()
            self._halted.clear()

    # ---------------------------------------------------------------------------------------------------- keys

    def _take_keys(self) -> None:
        """KEY_DEFINITIONs that were committed since the last look."""
        ring = self._charge.keys
        if ring is None:
            return
        if changes := self._charge.loop.key_changes(self._keys_told):
            (number, first), (newest, last), before = changes[0], changes[-1], ring.sequence
            # Where some were missed all that came since is read, not only what is behind the first one that is known.
            missed = number > self._keys_told + 1
            try:
                if read_log(ring, self._charge.directory, last, 0 if missed else first):
                    self._keys_told = newest        # else not all is on the disk yet: the rest does not count yet
            finally:
                if ring.sequence > before:
                    self._let_in(ring)      # all at once: the file is written whole, and a key that is revoked waits
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self._save()

    def _let_in(self, ring: Keyring) -> None:
        if self._charge.door is not None:
            self._charge.door.admit(ring)
        for note in ring.take_notes():
            say(note, "keys")
        self._save()

    def _save(self) -> None:
        """The keys, as of the last command: the next start has only to read what comes behind it."""
        self._saved = time.monotonic()
        ring = self._charge.keys
        if ring is None:
            return
        try:
            last = last_command(self._charge.directory)
            if not self._charge.loop.key_changes(self._keys_told):      # asked after: none of them is at or before it
                ring.sequence = max(ring.sequence, last)
            save(ring, self._charge.directory)
        except UserError as error:
            say(f"keys: {error}; they hold all the same: the log has them", "keys")

    # -------------------------------------------------------------------------------------------------- phases

    def _take_phases(self) -> None:
        for number, _, id, symbol, phase, _ in self._charge.loop.phase_changes(self._phases_told):
            self._phases_told = number
            self._charge.symbols[id], self._charge.phases[id] = symbol, PHASE_NAMES[phase]

    def _move(self, event: Event) -> bool:
        """One event of the schedule; whether it is done. What was refused for good is said, and not tried again."""
        ids = {symbol: id for id, symbol in self._charge.symbols.items()}
        concerned = [ids[symbol] for symbol in event.symbols] or range(1, self._charge.loop.instruments + 1)
        # What is done is not looked at again where the rest is tried again: it may be in a later phase by now.
        left = [id for id in concerned if (event, id) not in self._settled]
        steps = [step for id in left for step in self._steps(event, id)]
        while steps:
            count = 1 if self._full else COMMANDS_MAX       # one is enough to see whether there is room again
            part, steps = steps[:count], steps[count:]
            undone = self._submit(part)
            done = {step.id for step in part} - undone - {step.id for step in steps}
            self._settled.update((event, id) for id in done)
            if undone:
                return False
        self._settled.update((event, id) for id in left)
        return True

    def _steps(self, event: Event, id: int) -> list[Step]:
        """What an event changes of one instrument."""
        symbol, phase, halted = self._symbol(id), self._phase(id), (event, id) in self._halted
        to, wanted = event.phase, phase != event.phase
        if phase == "Halted" and to != "Closed":
            if not halted:
                say(f"{symbol}: stays Halted: the schedule has {to}, which is the operator's to give now", "schedule",
                    symbol=symbol, phase=to)
            self._halted.add((event, id))
            to, wanted = "Halted", False
        elif phase == "Closed" and halted:
            to = "Halted"       # Closed by the first step below, and then the log was full
        if phase != "Closed" and begins_day(self._charge.schedule, self._charge.symbols.get(id, ""), event):
            # A market without a night: the day before ends here all the same, and with it its Day orders.
            return [Step(id, "Closed")] + [Step(id, to, event.trade_date)] * (to != "Closed")
        return [Step(id, to, event.trade_date)] if wanted else []

    def _symbol(self, id: int) -> str:
        return self._charge.symbols.get(id, f"instrument {id}")

    def _phase(self, id: int) -> str:
        return self._charge.phases.get(id, "Closed")

    def _submit(self, steps: list[Step]) -> set[int]:
        """Have changes journaled; the instruments of which it is not known, or that the log has no room for: they are
        to be tried again."""
        try:
            if self._peer is None:
                self._peer = LoopPeer(self._context, self._endpoint, self._secret, self._ended.is_set)
            reasons = self._peer.submit(lines_of(steps))
        except NoResult:
            if self._peer is not None:
                self._peer.close()          # an answer that comes late is nobody's
                self._peer = None
            if not self._ended.is_set():
                what = f"the venue's loop did not answer in {ANSWER_SECONDS:.0f} s"
                say(f"schedule: {steps[-1].phase}: {what}; tried again", "schedule", phase=steps[-1].phase)
            return {step.id for step in steps}
        undated, full = list[Step](), list[Step]()
        for step, reason in zip(steps, reasons, strict=False):
            if reason == Reason.TRADE_DATE_INVALID and self._phase(step.id) == "Closed" != step.phase:
                undated.append(step._replace(trade_date=0))     # an operator gave a later day: no reason to stay shut
            elif reason == Reason.LOG_FULL:
                full.append(step)           # it says nothing about the change: there may be room in a moment
            elif reason not in (Reason.NONE, Reason.PHASE_UNCHANGED):       # an operator was there a moment before
                symbol = self._symbol(step.id)
                say(f"schedule: {symbol}: {step.phase} was refused: {reason.name}", "schedule", symbol=symbol,
                    phase=step.phase, reason=reason.name)
            else:
                self._charge.phases[step.id] = step.phase
        if full and not self._full:
            what = "the log has no room (LOG_FULL); tried again until it has; make room on its disk"
            say(f"schedule: {full[0].phase}: {what}", "schedule", phase=full[0].phase, reason=Reason.LOG_FULL.name)
        self._full = min(2 * self._full or FULL_SECONDS, FULL_SECONDS_MAX) if full else 0.0
        self._again_at = time.monotonic() + self._full
        return {step.id for step in full} | (self._submit(undated) if undated else set())


def lines_of(steps: list[Step]) -> np.ndarray:
    """TradingSessionStatus records: by id, as not every instrument's name is known here."""
    lines = np.zeros(len(steps), COMMAND)
    lines["type"], lines["shape"] = CommandType.TRADING_SESSION_STATUS, records.RECORD_VERSION << 4 | 1
    for line, step in zip(lines, steps, strict=True):
        line["instrument"], line["attributes"], line["quantity"] = step.id, PHASES[step.phase], step.trade_date
    return lines
