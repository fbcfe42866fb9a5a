"""The desk's end of the venue's socket: bytes in and out, and the wait for more."""

import zmq

from pricetime.gateway.desk.frames import enrolment, frame_of
from pricetime.gateway.internal import InternalKind, InternalRole
from pricetime.matching.errors import UserError

ENROL_MS = 5_000            # the venue answers an enrolment within so long


class Line:
    """Not there before enrol(). endpoint: where the venue's socket takes the desk."""

    def __init__(self, endpoint: str, secret: bytes) -> None:
        self._endpoint, self._secret = endpoint, secret
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._poller = zmq.Poller()

    def enrol(self, bell: int) -> None:
        """Say who this is. bell: a descriptor that ends a wait, too. UserError: the venue does not take it."""
        self._socket.connect(self._endpoint)
        self._socket.send(enrolment(self._secret, InternalRole.DESK).to_bytes())
        if not self._socket.poll(ENROL_MS) or frame_of(self._socket.recv()).kind != InternalKind.RESULT:
            raise UserError(f"{self._endpoint}: the venue does not take this desk")
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(bell, zmq.POLLIN)

    def receive(self) -> bytes | None:
        """The next frame, or None where none waits."""
        try:
            return self._socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def send(self, data: bytes) -> None:
        """A frame to the venue."""
        self._socket.send(data)

    def wait(self, milliseconds: int) -> None:
        """Until a frame comes or the bell rings, at most so long."""
        self._poller.poll(milliseconds)

    def close(self) -> None:
        """Give all back."""
        self._socket.close()
        self._context.term()
