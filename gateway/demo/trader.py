"""One client process of the generated day: makes its orders, logs on, and plays a part of the day whenever it is told
to.

It speaks to its parent over a pipe: in comes the name of a part ("opening", "continuous", "closing") or "leave"; out go
"ready", a Played for each part, or what went wrong as text.
"""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic_ns

import numpy as np

from pricetime.gateway.client import Client
from pricetime.gateway.demo.day import client_day
from pricetime.gateway.demo.pump import Pump
from pricetime.matching.errors import UserError


@dataclass
class Played:
    """What a part of the day came to: commands acknowledged, from when to when (monotonic), round trips in
    nanoseconds."""

    commands: int
    start_ns: int
    end_ns: int
    round_trips: np.ndarray


def trade(endpoint: str, session: str, seed: int, client: int, orders: int, pipe: Connection) -> None:
    """The process's main function."""
    try:
        day = client_day(seed, client, orders)
        with Client(endpoint, session) as connection:
            pump = Pump(connection)
            pipe.send("ready")
            while (part := pipe.recv()) != "leave":
                pipe.send(play(pump, getattr(day, part)))
    except (UserError, EOFError, OSError) as error:
        pipe.send(f"{session}: {error}")


def play(pump: Pump, lines: np.ndarray) -> Played:
    """Play one part."""
    pump.round_trips.clear()
    start = monotonic_ns()
    pump.play(lines)
    return Played(len(lines), start, monotonic_ns(), np.array(pump.round_trips, np.int64))
