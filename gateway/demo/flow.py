"""A recorded flow (JSON Lines) made ready to be played at a running venue, and the client that plays it.

The venue's own lines (from session 0) are split off: definitions go to the venue before it opens its doors, phase
changes and clocks are sent by an operator that the demo adds. What a log says of its own venue (VenueStart, Logon,
Logout, Disconnect, EventDigest) is left out: the venue that is played at writes its own.
"""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client, NoAnswer, ReportGap, SessionEnded
from pricetime.gateway.codec import Codec, lines_of, read_lines
from pricetime.gateway.demo.pump import MESSAGE_RECORDS, WINDOW_MESSAGES, Pump
from pricetime.gateway.layout import record_starts
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType

OPERATOR = "demo-operator"
DEFINITIONS = (CommandType.SECURITY_DEFINITION, CommandType.PARTY_DEFINITION, CommandType.SESSION_DEFINITION)
LEFT_OUT = (
    CommandType.VENUE_START,
    CommandType.LOGON,
    CommandType.LOGOUT,
    CommandType.DISCONNECT,
    CommandType.EVENT_DIGEST,
)
PAUSE_SECONDS = 0.05  # between attempts to log on


@dataclass
class Stretch:
    """Consecutive records of one session."""

    session: str
    lines: np.ndarray


@dataclass
class Flow:
    """What is played. `definitions`: records of the venue itself, to be journaled before the first client logs on."""

    definitions: np.ndarray
    stretches: list[Stretch]

    @property
    def commands(self) -> int:
        """How many commands the client sends."""
        return sum(len(record_starts(stretch.lines)) for stretch in self.stretches)


def read_flow(path: Path) -> Flow:
    """The flow of a JSON Lines file. UserError naming the line at the first bad one, or the file where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            lines = read_lines(file, str(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    flow = prepare(lines) if len(lines) else Flow(lines, [])
    if not flow.stretches:
        raise UserError(f"{path}: no command of a client in it; `pricetime convert` makes flows")
    return flow


def prepare(lines: np.ndarray) -> Flow:
    """Split COMMAND lines into the venue's definitions and stretches for the clients to play."""
    codec = Codec()
    codec.decode(lines)  # its directory then knows every name
    sessions = {session.id: session.name for session in codec.directory.sessions.by_id.values()}
    definitions, parts = [], []
    operator_id = max(sessions, default=0) + 1
    opened: set[int] = set()
    starts = record_starts(lines)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        record = lines[start:end]
        kind, session, instrument = (int(record[0][field]) for field in ("type", "session", "instrument"))
        if kind in LEFT_OUT:
            continue
        if kind in DEFINITIONS and session == 0:
            definitions.append(record)
            continue
        if instrument and instrument not in opened and kind not in DEFINITIONS:
            opened.add(instrument)
            if kind != CommandType.TRADING_SESSION_STATUS:
                parts.append((operator_id, opening(codec, instrument, int(record[0]["time"]))))
        parts.append((session or operator_id, record))
    if any(session == operator_id for session, _ in parts):
        sessions[operator_id] = OPERATOR
        definitions.append(codec.encode(m.PartyDefinition(participant=OPERATOR)))
        definitions.append(
            codec.encode(m.SessionDefinition(session_name=OPERATOR, participant=OPERATOR, rights=("Operate",)))
        )
    return Flow(np.concatenate(definitions) if definitions else lines[:0], stretches_of(parts, sessions, operator_id))


def opening(codec: Codec, instrument: int, time: int) -> np.ndarray:
    """A change into Continuous: what an instrument is in where no line says otherwise."""
    symbol = codec.directory.instruments.by_id[instrument].symbol
    return codec.encode(m.TradingSessionStatus(symbol=symbol, phase="Continuous", transact_time=time))


def stretches_of(parts: list[tuple[int, np.ndarray]], sessions: dict[int, str], operator: int) -> list[Stretch]:
    """Join neighbours of one session; the operator's commands are numbered."""
    stretches: list[tuple[int, list[np.ndarray]]] = []
    cl_ord_id = 0
    for session, record in parts:
        if session == operator:
            cl_ord_id += 1
            record = record.copy()
            record[0]["cl_ord_id"] = cl_ord_id
        if not stretches or stretches[-1][0] != session:
            stretches.append((session, []))
        stretches[-1][1].append(record)
    return [
        Stretch(sessions[session], lines_of(b"".join(part.tobytes() for part in records)))
        for session, records in stretches
    ]


class FlowPlayer:
    """Plays a flow in order, from one client: a stretch begins when every command before it is acknowledged.

    A venue that dies or a connection that breaks is no end: the player logs on again, learns the marks, and sends what
    is above them, until `patience` seconds have passed without any answer.
    """

    def __init__(
        self,
        endpoint: str,
        flow: Flow,
        *,
        patience: float = 30.0,
        timeout_ms: int = 5_000,
        window_messages: int = WINDOW_MESSAGES,
        message_records: int = MESSAGE_RECORDS,
    ) -> None:
        self.endpoint, self.flow, self.patience, self.timeout_ms = endpoint, flow, patience, timeout_ms
        self.window_messages, self.message_records = window_messages, message_records
        self.logons = 0
        self.round_trips: list[int] = []
        self._clients: dict[str, Client] = {}

    def play(self) -> None:
        """Returns when every command of the flow is acknowledged. NoAnswer where the venue stays away."""
        deadline = monotonic() + self.patience
        while True:
            try:
                self._play()
                return
            except (SessionEnded, ReportGap, NoAnswer):
                if monotonic() > deadline:
                    raise
                sleep(PAUSE_SECONDS)
                self._leave()
                if self._advanced:
                    deadline = monotonic() + self.patience

    def close(self) -> None:
        """Log out and close."""
        for client in self._clients.values():
            client.logout()
        self._leave()

    def _leave(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _play(self) -> None:
        self._advanced = False
        for stretch in self.flow.stretches:
            if stretch.session not in self._clients:
                self._clients[stretch.session] = Client(
                    self.endpoint, stretch.session, timeout_ms=self.timeout_ms, reconnect=False
                )
                self.logons += 1
            client = self._clients[stretch.session]
            left = above(stretch.lines, client.mark)
            if len(left):
                pump = Pump(
                    client,
                    window_messages=self.window_messages,
                    message_records=self.message_records,
                    timeout_ms=self.timeout_ms,
                )
                try:
                    pump.play(left)
                finally:
                    self._advanced = self._advanced or bool(pump.round_trips)
                    self.round_trips += pump.round_trips


def above(lines: np.ndarray, mark: int) -> np.ndarray:
    """The records of one session whose ClOrdIDs are above its mark: they are in order, so a tail of the lines."""
    starts = record_starts(lines)
    first = int(np.searchsorted(lines["cl_ord_id"][starts], mark, side="right"))
    return lines[starts[first] :] if first < len(starts) else lines[:0]
