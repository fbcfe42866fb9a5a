"""The demo from start to end: a venue of its own, a day played at it through ZeroMQ, its log replayed, both states
compared.

Two days: the generated one, by several client processes, and a recorded flow, by one client on the flow's own time.
"""

import multiprocessing
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic_ns
from typing import Any

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.config import Config, convert
from pricetime.gateway.demo.day import MIDDLE, SYMBOLS, probe_orders
from pricetime.gateway.demo.flow import Flow, FlowPlayer
from pricetime.gateway.demo.ladder import Ladder, can_draw
from pricetime.gateway.demo.pump import Pump
from pricetime.gateway.demo.trader import Played, trade
from pricetime.gateway.venue import Venue
from pricetime.journal.verify import verify
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError

PROBES = 2_000  # orders sent one at a time, in the quiet before the call
PART_SECONDS = 600  # how long a client may take for a part of the day
OPERATOR, PROBER = "operator", "prober"
PARTS: tuple[tuple[m.Phase, str], ...] = (
    ("OpeningCall", "opening"),
    ("Continuous", "continuous"),
    ("ClosingCall", "closing"),
)


@dataclass
class Figures:
    """What the demo found. Round trips in nanoseconds, one for each message."""

    commands: int = 0
    trades: int = 0
    acknowledged: int = 0
    seconds: float = 0.0  # in which they were acknowledged
    clients: int = 1
    lone_round_trips: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    loaded_round_trips: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    live_digest: bytes = b""
    replayed_digest: bytes = b""
    replay_rate: float = 0.0

    @property
    def rate(self) -> float:
        """Orders acknowledged a second."""
        return self.acknowledged / max(self.seconds, 1e-9)

    @property
    def equal(self) -> bool:
        """Whether the replayed log gave the state that the venue had."""
        return self.live_digest == self.replayed_digest


def play_day(directory: Path, orders: int, clients: int, seed: int) -> Figures:
    """The generated day: `orders` new orders in all, by `clients` processes."""
    names = [f"trader-{number + 1}" for number in range(clients)]
    with Venue(directory, day_config(names)) as venue:
        figures = Figures(clients=clients)
        with (
            Client(venue.endpoints[0], OPERATOR) as operator,
            traders(venue.endpoints[0], names, seed, orders) as pipes,
        ):
            set_phase(operator, "PreOpen")
            figures.lone_round_trips = probe(venue.endpoints[0])
            played = []
            with drawn(directory):
                for phase, part in PARTS:
                    set_phase(operator, phase)
                    played += play_part(pipes, part)
            set_phase(operator, "Closed")  # the picture that is left is that of the closing call
        continuous = played[clients : 2 * clients]
        figures.acknowledged = sum(part.commands for part in continuous)
        figures.seconds = (max(part.end_ns for part in continuous) - min(part.start_ns for part in continuous)) / 1e9
        figures.loaded_round_trips = np.concatenate([part.round_trips for part in continuous])
    return compare(venue, figures)


def play_flow(directory: Path, flow: Flow) -> Figures:
    """A recorded flow, in order, from one client, on the flow's own time."""
    config = convert({"venue": {"endpoints": ["tcp://127.0.0.1:0"], "clock": "flow"}})
    venue = Venue(directory, config)
    if venue.engine.sequence > 1:
        venue.stop()
        raise UserError(f"{directory}: has a log already; a flow is played into a new directory")
    if len(flow.definitions):
        venue.loop.journal(flow.definitions)
    with venue, drawn(directory):
        figures = Figures(acknowledged=flow.commands)
        player = FlowPlayer(venue.endpoints[0], flow)
        start = monotonic_ns()
        player.play()
        figures.seconds = (monotonic_ns() - start) / 1e9
        player.close()
        figures.loaded_round_trips = np.array(player.round_trips, np.int64)
    return compare(venue, figures)


def day_config(traders: list[str]) -> Config:
    """A venue with four instruments, an operator, a prober and the traders, each its own participant."""
    return convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]},
        "session": [{"name": OPERATOR, "rights": ["Operate"]}, *({"name": name} for name in (PROBER, *traders))],
        "instrument": [{"symbol": symbol, "tick_size": "0.01", "lot_size": 1, "reference_price": f"{MIDDLE // 100}.00"}
                       for symbol in SYMBOLS],
    })  # fmt: skip


@contextmanager
def drawn(directory: Path) -> Iterator[None]:
    """The venue's book is drawn meanwhile, where standard output is a terminal."""
    ladder = Ladder(str(directory)).start() if can_draw(sys.stdout) else None
    try:
        yield
    finally:
        if ladder is not None:
            ladder.stop()


def compare(venue: Venue, figures: Figures) -> Figures:
    """The stopped venue's state beside the one that its log gives to a new engine."""
    figures.live_digest = venue.engine.digest()
    verified = verify(venue.directory, Engine())
    figures.commands, figures.trades = verified.replayed.commands, verified.replayed.trades
    figures.replayed_digest, figures.replay_rate = verified.digest, verified.replayed.rate
    return figures


def set_phase(operator: Client, phase: m.Phase) -> None:
    """Change the phase of every instrument, and wait until it is done."""
    for symbol in SYMBOLS:
        operator.set_phase(symbol, phase)
        if operator.receive() is None:
            raise UserError(f"no answer to the change of {symbol} into {phase}")


def probe(endpoint: str) -> np.ndarray:
    """Round trips of orders that are sent one at a time, each withdrawn again."""
    with Client(endpoint, PROBER) as client:
        pump = Pump(client, window_messages=1, message_records=1)
        pump.play(probe_orders(PROBES // 2))
        return np.array(pump.round_trips[PROBES // 20 :], np.int64)  # the first ones warm up


@contextmanager
def traders(endpoint: str, names: list[str], seed: int, orders: int) -> Iterator[list[Connection]]:
    """The client processes, logged on and ready; they leave at the end."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for number, name in enumerate(names):
            here, there = context.Pipe()
            share = orders // len(names) + (number < orders % len(names))
            process = context.Process(target=trade, args=(endpoint, name, seed, number, share, there), daemon=True)
            pipes.append(here)
            processes.append(process)
            start_deaf(process)
            there.close()
        for pipe in pipes:
            expect(pipe)
        yield pipes
        for pipe in pipes:
            pipe.send("leave")
        for process in processes:
            process.join(PART_SECONDS)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
                process.join()


def start_deaf(process: BaseProcess) -> None:
    """Start a process that Ctrl-C does not reach: this one ends it, with one line for all. A Ctrl-C that comes
    meanwhile is raised when the process has started."""
    asked: list[int] = []
    resource_tracker.ensure_running()  # started by the first process otherwise, and lets the signal through again
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # a process is born with its parent's mask
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, before)
    if asked:
        signal.raise_signal(signal.SIGINT)


def play_part(pipes: list[Connection], part: str) -> list[Played]:
    """All clients play a part of the day at the same time."""
    for pipe in pipes:
        pipe.send(part)
    return [expect(pipe) for pipe in pipes]


def expect(pipe: Connection) -> Any:
    """What a client answers: "ready" or a Played. UserError with its own words where something went wrong."""
    try:
        answer = pipe.recv() if pipe.poll(PART_SECONDS) else f"a client said nothing for {PART_SECONDS} s"
    except EOFError:
        answer = "a client process died; its words are above"
    if isinstance(answer, str) and answer != "ready":
        raise UserError(answer)
    return answer
