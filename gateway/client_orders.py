"""Orders and other commands as methods: what Client and AsyncClient have in common. Each gives the command its ClOrdID,
makes the record and hands it over; nothing is waited for. What a value means is the message's and the engine's."""

from abc import ABC, abstractmethod
from typing import Unpack

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client_session import ClientSession
from pricetime.gateway.client_wire import request
from pricetime.gateway.codec import Codec
from pricetime.gateway.field_checks import shown
from pricetime.gateway.order_options import (
    NewOrderOptions,
    Number,
    OrderOptions,
    attributes_of,
    exact,
    ord_type_of,
    whole,
)
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType


class OrderEntry(ABC):
    """Methods that send commands of one session. Whoever inherits it has `_core`, and send() for whole records."""

    session: str
    _core: ClientSession

    @property
    def codec(self) -> Codec:
        """Has the names and scales of the instruments that the venue told of: codec.events() takes full reports."""
        return self._core.codec

    @abstractmethod
    def send(self, lines: np.ndarray) -> None:
        """Send whole records (COMMAND lines, at most 1,024) as one message, numbered, in a copy."""

    @abstractmethod
    def _check_begun(self) -> None:
        """UserError before the first logon(): said before anything else that may be wrong with a command."""

    def buy(
        self, symbol: str, quantity: Number, price: Number | None = None, **options: Unpack[NewOrderOptions]
    ) -> int:
        """A Buy: Limit at `price`, Market without one; with stop_price StopLimit and Stop. Its ClOrdID.

        options: NewOrderOptions of order_options.py."""
        return self._order("Buy", symbol, quantity, price, options)

    def sell(
        self, symbol: str, quantity: Number, price: Number | None = None, **options: Unpack[NewOrderOptions]
    ) -> int:
        """A Sell; as buy()."""
        return self._order("Sell", symbol, quantity, price, options)

    def sell_short(
        self, symbol: str, quantity: Number, price: Number | None = None, **options: Unpack[NewOrderOptions]
    ) -> int:
        """A SellShort: a Sell to the book, and SellShort in its reports; as buy()."""
        return self._order("SellShort", symbol, quantity, price, options)

    def cancel(self, symbol: str, orig_cl_ord_id: int | None = None, *, order_id: int | None = None) -> int:
        """Cancel an order of this session by its newest ClOrdID, or any of the participant's by OrderID.

        Returns the cancel's ClOrdID."""
        number = self._next_cl_ord_id(None)
        self._put(
            m.OrderCancelRequest(
                session=self.session, cl_ord_id=number, symbol=symbol, orig_cl_ord_id=orig_cl_ord_id, order_id=order_id
            )
        )
        return number

    def replace(
        self,
        symbol: str,
        orig_cl_ord_id: int | None = None,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        order_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> int:
        """Change an order; quantity is the new total, filled part included. Its new ClOrdID.

        What is not given stays as it is. options: OrderOptions of order_options.py."""
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        self._put(
            m.OrderCancelReplaceRequest(
                session=self.session,
                cl_ord_id=number,
                symbol=symbol,
                orig_cl_ord_id=orig_cl_ord_id,
                order_id=order_id,
                order_qty=exact(quantity, "quantity"),
                price=exact(price, "price"),
                **attributes_of({**options}, OrderOptions, "OrderCancelReplaceRequest"),
            )
        )
        return number

    def mass_cancel(self, symbol: str | None = None, side: m.Side | None = None, *, session_id: int = 0) -> int:
        """Cancel all orders of this session's participant: of one instrument, side or session only, where given.

        Names of sessions are not on the wire: session_id is a SessionID of the log.
        A CANCELED for each of them goes to its owner, then ORDER_MASS_CANCEL_REPORT with their number (last_qty) comes
        here. The command's ClOrdID."""
        target = whole(session_id, "session_id", 0, "a SessionID of the log")
        number = self._next_cl_ord_id(None)
        message = m.OrderMassCancelRequest(session=self.session, cl_ord_id=number, symbol=symbol, side=side)
        lines = self.codec.encode(message).copy()
        lines["target"][0] = target
        self.send(lines)
        return number

    def kill_switch(self, participant_id: int | str, on: bool = True) -> int:
        """Block a participant and cancel all its orders, or lift the block; it takes the right Risk or Operate.

        participant_id: its PartyID in the log, or its name, once load_parties() has asked for names. The command's
        ClOrdID."""
        self._check_begun()
        if isinstance(participant_id, str):
            target = self.codec.directory.participants.named(participant_id, "participant_id").id
        else:
            target = whole(participant_id, "participant_id", 1, "a PartyID of the log, or a name that is known")
        if not isinstance(on, bool):
            raise UserError(f"on: found {shown(on)}, expected True or False")
        number = self._next_cl_ord_id(None)
        line = request(CommandType.KILL_SWITCH, number, target)
        line["attributes"] = records.KILL_ON if on else 0
        self.send(line)
        return number

    def set_phase(self, symbol: str, phase: m.Phase) -> int:
        """Change the phase of an instrument; the session needs the right to operate. The command's ClOrdID."""
        number = self._next_cl_ord_id(None)
        self._put(m.TradingSessionStatus(session=self.session, cl_ord_id=number, symbol=symbol, phase=phase))
        return number

    def _status_request(self, symbol: str, orig_cl_ord_id: int | None, order_id: int | None) -> np.ndarray:
        self._check_begun()
        return self.codec.encode(
            m.OrderStatusRequest(
                session=self.session, cl_ord_id=1, symbol=symbol, orig_cl_ord_id=orig_cl_ord_id, order_id=order_id
            )
        )

    def _mass_status_request(self, symbol: str | None) -> np.ndarray:
        self._check_begun()
        return self.codec.encode(m.OrderMassStatusRequest(session=self.session, symbol=symbol))

    def _order(
        self, side: m.Side, symbol: str, quantity: Number, price: Number | None, options: NewOrderOptions
    ) -> int:
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        left_over_as_limit = options.pop("left_over_as_limit", False)
        if not isinstance(left_over_as_limit, bool):
            raise UserError(f"left_over_as_limit: found {shown(left_over_as_limit)}, expected True or False")
        self._put(
            m.NewOrderSingle(
                session=self.session,
                cl_ord_id=number,
                symbol=symbol,
                side=side,
                ord_type=ord_type_of(price, options.get("stop_price"), left_over_as_limit),
                price=exact(price, "price"),
                order_qty=exact(quantity, "quantity"),
                **attributes_of({**options}, NewOrderOptions, "NewOrderSingle"),
            )
        )
        return number

    def _next_cl_ord_id(self, wanted: int | None) -> int:
        self._check_begun()
        return self._core.mark + 1 if wanted is None else wanted

    def _put(self, message: m.Command) -> None:
        self.send(self.codec.encode(message))
