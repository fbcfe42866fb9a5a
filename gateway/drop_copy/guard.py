"""Who may come in to a drop copy by CURVE: the venue's own key, the keys of its log, and what each may see.

Two threads: the feed's, which takes KEY_DEFINITIONs as they pass, and the server's, which asks. Owns nothing of keys
but which right a drop copy needs.
"""

from pathlib import Path
from typing import Any

import numpy as np
import zmq

from pricetime.gateway.authenticator import Door
from pricetime.gateway.drop_copy.feed import Seat
from pricetime.gateway.drop_copy.names import EVERYBODY
from pricetime.gateway.keyring import definitions_in, keyring_of
from pricetime.gateway.security import venue_pair
from pricetime.journal import logs
from pricetime.matching.records import RIGHT_DROP_COPY, RIGHT_OPERATE, Reason

LOG = logs.Log("drop copy")
NOBODY = -1         # a key that is none any more, or a User-Id of somebody else's making


def say(line: str, event: str = "door", **fields: Any) -> None:
    """What the door says, as JSON has it: its kind of event, fields."""
    LOG.say(event, line, level=logs.WARNING, **fields)


class Guard:
    """The keys as of a command of the log; `changes` counts those that came since."""

    def __init__(self, directory: Path, sequence: int) -> None:
        self._ring = keyring_of(directory, sequence)
        self._door = Door(say)
        self._door.admit(self._ring)
        self.changes = 0

    def open(self, context: "zmq.Context[Any]", router: "zmq.Socket[bytes]", endpoints: list[str]) -> None:
        """Answer libzmq. By the thread that the router belongs to."""
        self._door.open(context, router, endpoints)

    def close(self) -> None:
        """Before the context ends."""
        self._door.close()

    def take(self, lines: np.ndarray) -> None:
        """Keys given and revoked in a block of the log."""
        records = list(definitions_in([lines]))
        for record in records:
            self._ring.take(record)
        if records:
            self._door.admit(self._ring)
            self.changes += 1

    def user(self, frame: zmq.Frame) -> int:
        """The number of the key that a message came with; 0: it came by an endpoint without CURVE."""
        try:
            text = str(frame.get("User-Id"))
        except zmq.ZMQError:
            return 0
        number = text.removeprefix(self._door.prefix)
        return int(number) if number != text and number.isascii() and number.isdigit() and int(number) else NOBODY

    def reason(self, user: int, seat: Seat) -> Reason:
        """Why this key may not sit there, or NONE."""
        if user == 0:
            return Reason.NONE
        needed = RIGHT_DROP_COPY | (RIGHT_OPERATE if seat.participant == EVERYBODY else 0)
        table = self._door.table
        allowed = user != NOBODY and table.rights(user) & needed == needed and table.speaks_for(user, seat.session)
        return Reason.NONE if allowed else Reason.NOT_AUTHORIZED


def venue_secret(directory: Path) -> bytes:
    """The venue's own secret key, as Z85. It has one by the time that it starts processes beside itself."""
    return venue_pair(directory)[1]
