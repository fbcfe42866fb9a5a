"""A whole venue for the load client, in a process of its own: the gateway's loop, a log in a directory, the engine,
one
session for each connection.

The loop, log and engine are those of `pricetime serve`; only the configuration file and the security of the socket
are left out. The process ends when its standard input does.
"""

import sys
import threading

import numpy as np
import zmq

from pricetime.bench.flows import definitions, record
from pricetime.gateway.log_storage import LogStorage
from pricetime.gateway.loop import Loop
from pricetime.gateway.zmq_transport import ZmqTransport
from pricetime.journal.writer import Writer
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.records import CommandType, Phase


def opening(sessions: int = 1) -> np.ndarray:
    """What the venue journals before clients come: its start, its sessions, one instrument, in Continuous."""
    return np.concatenate([
        record(CommandType.VENUE_START, target=1, price=records.RULES_VERSION),
        definitions(sessions),
        record(CommandType.TRADING_SESSION_STATUS, instrument=1, attributes=Phase.CONTINUOUS),
    ])


def logons(sessions: int = 1) -> np.ndarray:
    """The first record of each connection: sessions 1 to `sessions`, first lines of events only."""
    return np.concatenate([record(CommandType.LOGON, session=session) for session in range(1, sessions + 1)])


def secure(socket: zmq.Socket[bytes]) -> str:
    """Have a server's socket speak CURVE, with keys made up here; the public one. Any client's key is taken."""
    public, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_server = True
    return public.decode()


def run_venue(directory: str, durability: str = "process", sessions: int = 1, curve: bool = False,
              high_water_mark: int = 0) -> None:
    """Serve on a free loopback port, said on standard output (and the public key, with `curve`), until standard input
    ends. high_water_mark: messages that may wait for a client; 0: any number."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.set_hwm(high_water_mark)
    key = secure(socket) if curve else ""
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    with Writer(directory, durability=durability) as writer:
        loop = Loop(Engine(), ZmqTransport(socket), LogStorage(writer), heartbeat_timeout_ms=0)
        loop.journal(opening(sessions))
        thread = threading.Thread(target=loop.run, name="venue loop")
        thread.start()
        print(f"tcp://127.0.0.1:{port} {key}", flush=True)
        sys.stdin.read()
        loop.stop()
        thread.join()
    context.destroy(linger=0)
