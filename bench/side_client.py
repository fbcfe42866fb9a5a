"""A client beside the ones that are measured, in a process of its own: it sends orders at its own pace, and reads what
it is told, or never does.

Its orders are a thousand new ones far from the market, their cancels, and so on. One that is told that its session has
ended goes on sending. The process ends when its standard input does.
"""

import os
import sys
import threading
import time
from typing import NoReturn

import numpy as np
import zmq

from pricetime.bench.flows import record
from pricetime.matching.records import CommandType, Side

PER_MESSAGE = 100
PAUSE = 0.0005              # seconds between two messages: some 150,000 orders a second
FAR = 5_000                 # ticks from the orders of others
NO_ROOM = ((zmq.RCVHWM, 1), (zmq.RCVBUF, 4096))


def run_side_client(endpoint: str, server_key: bytes | None, session: int, lines: np.ndarray, reads: bool) -> NoReturn:
    """Log on, say so on standard output, then send `lines`, numbered from 2 on, again and again where they are used up
    (as duplicates then)."""
    lines["price"] += np.where(lines["attributes"] & 3 == int(Side.BUY), -FAR, FAR) * (lines["price"] > 0)
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    for option, value in () if reads else NO_ROOM:
        socket.setsockopt(option, value)
    if server_key:
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.curve_serverkey = server_key
    socket.connect(endpoint)
    logon = record(CommandType.LOGON, session=session)
    logon["sequence"] = 1
    socket.send(logon.tobytes())
    socket.recv()
    print("ready", flush=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    number, at = 2, 0
    while True:
        part = lines[at:at + PER_MESSAGE].copy()
        part["sequence"] = np.arange(number, number + PER_MESSAGE)
        number, at = number + PER_MESSAGE, (at + PER_MESSAGE) % len(lines)
        try:
            socket.send(part.tobytes(), zmq.NOBLOCK)
        except zmq.Again:
            number -= PER_MESSAGE           # it reads nothing, and so nothing of it is read any more
        while reads and socket.poll(0):
            socket.recv()
        time.sleep(PAUSE)


def end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)
