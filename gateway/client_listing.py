"""How a client asks for what it wants to know of its own accord: how fast, and the list of instruments part by part.

What a session may send in a second is the venue's to say, and it says so by refusing (THROTTLED): after as many
refusals again the session is logged out. So the first one is heeded.
"""

import math

import numpy as np

from pricetime.gateway.client_connection import Connection
from pricetime.gateway.client_errors import Refused
from pricetime.gateway.client_wire import request
from pricetime.matching.records import CommandType, Reason

PAUSE_S, PAUSE_MAX_S = 1.0, 4.0     # no venue's limit is below one message a second; doubled while it is refused
REFUSED_MAX = 10                    # parts of a list, one after the other: then it is not to be had


class Pace:
    """When the client's own questions may go out: at once, until one was refused; from then on no more in a row than
    went well before that, with a second between. at: of the next one."""

    def __init__(self) -> None:
        self.at = 0.0
        self._most: int | None = None
        self._sent = 0
        self._pause = PAUSE_S

    def begin(self) -> None:
        """A new connection. Its Logon is none of them: the venue counts those apart."""
        self.at, self._sent = 0.0, 0

    def sent(self, now: float) -> None:
        """One goes out."""
        if 0.0 < self.at <= now:
            self.at, self._sent = 0.0, 0
        self._sent += 1
        if self._most is not None and self._sent >= self._most:
            self.at = now + PAUSE_S

    def refused(self, now: float) -> None:
        """The last one came too fast."""
        self._most = max(1, self._sent - 1)
        self.at = now + self._pause
        self._pause = min(2 * self._pause, PAUSE_MAX_S)

    def answered(self, now: float) -> None:
        """One is. When it came to the venue nobody knows, but not later than this: the second counts from here."""
        if now < self.at:
            self.at = max(self.at, now + PAUSE_S)

    def taken(self) -> None:
        """The venue took it."""
        self._pause = PAUSE_S


class Listing:
    """The list of instruments. done: all are known. at: when the next part is to be asked for (inf: it has been).
    answer_by: when its answer is due. asked: what ask_behind() of the session said of it."""

    def __init__(self, asked: tuple[Connection, int]) -> None:
        self.done, self.at, self.answer_by, self.asked = False, math.inf, 0.0, asked
        self._highest = self._refused = 0

    def begin(self) -> None:
        """A new connection: nothing is asked."""
        self.done, self.at, self._refused = False, math.inf, 0

    def want(self, at: float) -> None:
        """What is new is to be asked for."""
        self.done, self.at = False, at

    def part(self, highest: int, now: float, timeout: float) -> np.ndarray:
        """The question for what is behind the highest id that is known."""
        self._highest, self.at, self.answer_by = highest, math.inf, now + timeout
        which = request(CommandType.SECURITY_LIST_REQUEST)
        which["instrument"] = highest + 1
        return which

    def take(self, reason: int | None, highest: int, now: float, pace: Pace) -> Refused | None:
        """The end of an answer: why it was refused, or the highest id that is known by now."""
        if reason == Reason.THROTTLED and self._refused < REFUSED_MAX:
            self._refused += 1
            pace.refused(now)
            self.at = pace.at
            return None
        self._refused = 0
        self.done = reason is not None or highest == self._highest
        if reason is not None:
            return Refused(reason, "the list of instruments was refused")
        pace.taken()
        if not self.done:
            self.at = max(now, pace.at)     # not before: until() counts from there
        return None

    def until(self, timeout: float) -> float:
        """When to stop waiting for it: each part has its own time, and what must wait for its turn has that, too."""
        return self.answer_by if self.at == math.inf else self.at + timeout
