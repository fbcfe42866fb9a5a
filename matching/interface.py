"""What both engines have, for whoever takes either: the fast one of engine.pyx, the plain one of reference/engine.py.

Owns the shape only. mypy holds both engines to it where they are handed over (gateway/cli/match.py).
"""

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray


class EitherEngine(Protocol):
    """An engine. Lines are COMMAND arrays or their bytes, events EVENT arrays, times UTC nanoseconds since 1970."""

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The engine whose dump() this is. ValueError where it is none."""

    def apply(self, lines: NDArray[Any] | bytes) -> NDArray[np.void]:
        """Work off whole records, one after another; the events of all of them. ValueError: one cannot be decoded."""

    @property
    def sequence(self) -> int:
        """Sequence number of the last command applied."""

    @property
    def time(self) -> int:
        """Its time."""

    @property
    def run(self) -> int:
        """Number of the run that the last VenueStart began; 0: none yet."""

    @property
    def next_deadline(self) -> int | None:
        """When something is due next: an ExpireTime, the end of a VolatilityCall; None: nothing waits for a time."""

    @property
    def order_capacity(self) -> int:
        """How many orders may be live at once."""

    @property
    def event_digest(self) -> tuple[int, int]:
        """128-bit digest of all events so far: low and high half."""

    def dump(self) -> bytes:
        """The canonical state: equal states, equal bytes, whichever engine they come from."""

    def digest(self) -> bytes:
        """SHA-256 of dump()."""

    def check(self) -> None:
        """Every invariant; AssertionError says which does not hold."""

    @property
    def participants(self) -> NDArray[np.void]:
        """PARTICIPANT_STATE by id, from 1."""

    @property
    def notional_limits(self) -> NDArray[np.void]:
        """NOTIONAL_LIMITS_STATE of participants by id, then by currency in the order in which they were first set."""

    @property
    def accounts(self) -> NDArray[np.void]:
        """ACCOUNT_STATE by participant and instrument."""

    @property
    def sessions(self) -> NDArray[np.void]:
        """SESSION_STATE by id, from 1."""

    @property
    def instruments(self) -> NDArray[np.void]:
        """INSTRUMENT_STATE by id, from 1."""

    def orders(self, symbol: str | int) -> NDArray[np.void]:
        """ORDER_STATE of an instrument: buys, sells, each in queue order; then stops that wait, then set aside ones."""

    def session(self, id: int) -> NDArray[np.void]:
        """SESSION_STATE of one session, an array of one. KeyError where there is none."""

    def order(self, order_id: int) -> NDArray[np.void]:
        """ORDER_STATE of the live order with this OrderID: an array of one, or of none."""

    def order_named(self, session: int, cl_ord_id: int) -> NDArray[np.void]:
        """ORDER_STATE of a session's live order with this ClOrdID: an array of one, or of none."""

    def orders_of(self, participant: int, instrument: int = 0) -> NDArray[np.void]:
        """ORDER_STATE of a participant's live orders, in one instrument or (0) all, in OrderID order."""

    def depth(self, symbol: str | int, levels: int = 10) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """(bids, asks), best first: price, displayed quantity, number of displayed orders; no level without any."""

    def indicative(self, symbol: str | int) -> tuple[int, int] | None:
        """(price, quantity) of an uncross now, or None where nothing would trade."""

    def instrument_id(self, name: str) -> int:
        """KeyError where there is none."""

    def session_id(self, name: str) -> int:
        """KeyError where there is none."""

    def participant_id(self, name: str) -> int:
        """KeyError where there is none."""
