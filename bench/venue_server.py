"""A whole venue for the load client, in a process of its own: the gateway's loop, a log in a directory, the engine,
one session.

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


def opening() -> np.ndarray:
    """What the venue journals before clients come: its start, one session, one instrument, in Continuous."""
    return np.concatenate([
        record(CommandType.VENUE_START, target=1, price=records.RULES_VERSION),
        definitions(1),
        record(CommandType.TRADING_SESSION_STATUS, instrument=1, attributes=Phase.CONTINUOUS),
    ])


def logon() -> np.ndarray:
    """The first record of a connection: session 1, first lines of events only."""
    return record(CommandType.LOGON, session=1)


def run_venue(directory: str, durability: str = "process") -> None:
    """Serve on a free loopback port, said on standard output, until standard input ends."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.set_hwm(0)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    with Writer(directory, durability=durability) as writer:
        loop = Loop(Engine(), ZmqTransport(socket), LogStorage(writer), heartbeat_timeout_ms=0)
        loop.journal(opening())
        thread = threading.Thread(target=loop.run, name="venue loop")
        thread.start()
        print(f"tcp://127.0.0.1:{port}", flush=True)
        sys.stdin.read()
        loop.stop()
        thread.join()
    context.destroy(linger=0)
