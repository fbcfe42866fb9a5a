"""A peer that floods the venue's socket, is not read for a while, and is reset: the process goes on."""

import contextlib
import socket
import struct
import subprocess
import sys

import pytest
import zmq

from pricetime.gateway import sockets

READY = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + bytes(32)
MESSAGE = b"\0\x40" + bytes(64)
ROUTER = """
import sys
import zmq
from pricetime.gateway import sockets

if zmq.HEARTBEAT_IVL in sockets.OPTIONS:
    sockets.OPTIONS[zmq.HEARTBEAT_IVL] = 50     # not five seconds
router, (endpoint,) = sockets.bound_router(zmq.Context(), ["tcp://127.0.0.1:0"])
print(endpoint, flush=True)
sys.stdin.readline()
while router.poll(200):
    router.recv_multipart()
print("goes on", flush=True)
"""


def test_a_peer_that_is_reset_while_its_messages_wait_ends_nothing():
    child = subprocess.Popen([sys.executable, "-c", ROUTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        host, _, port = child.stdout.readline().strip().removeprefix("tcp://").partition(":")
        peer = socket.create_connection((host, int(port)))
        peer.sendall(GREETING + READY)
        peer.recv(64 + len(READY))
        peer.settimeout(0.5)
        with pytest.raises(TimeoutError):       # RCVHWM of them wait, and the kernel's buffers are full
            for _ in range(1_000):
                peer.sendall(MESSAGE * 1_000)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.5)             # whatever timers there are come
        said, _ = child.communicate("\n", timeout=20)
        assert (said, child.returncode) == ("goes on\n", 0)
    finally:
        child.kill()
        child.wait()


def test_hosts_that_are_gone_are_found_by_the_kernel():
    router, _ = sockets.bound_router(zmq.Context(), ["tcp://127.0.0.1:0"])
    with router:
        assert router.getsockopt(zmq.TCP_KEEPALIVE) == 1 and router.getsockopt(zmq.HEARTBEAT_IVL) == 0
