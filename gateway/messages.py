"""The messages of the venue as msgspec Structs: snake_case attributes, FIX names on the wire, tagged by MsgType.

Owns the names and types of fields, and which are required. Never looks at what a value means: scales, ids and records
are the codec's (codec.py), rules the engine's. docs/json-lines.md shows each message with an example.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Id = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Counter = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SCALE_MAX = 18  # docs/rules.md, 7
NOTIONAL_SCALE_MAX = 36  # docs/rules.md, 13
Scale = Annotated[int, Meta(ge=0, le=SCALE_MAX)]
NotionalScale = Annotated[int, Meta(ge=0, le=NOTIONAL_SCALE_MAX)]
Time = Count

# In the order of the enums of matching/records.pxd.
Side = Literal["Buy", "Sell", "SellShort"]
OrdType = Literal["Market", "Limit", "Stop", "StopLimit", "MarketWithLeftOverAsLimit"]
TimeInForce = Literal["Day", "GTC", "IOC", "FOK", "GTD", "AtTheOpening", "AtTheClose"]
Phase = Literal["Closed", "PreOpen", "OpeningCall", "Continuous", "ClosingCall", "VolatilityCall", "Halted"]
Right = Literal["Trade", "Operate", "Risk", "DropCopy", "MarketData"]
ExecInst = Literal["None", "PostOnly"]
SelfMatchInstruction = Literal["CancelIncoming", "CancelResting", "CancelBoth", "DecrementBoth"]
ExecType = Literal["New", "Trade", "Canceled", "Replaced", "Expired", "Rejected", "Triggered", "Restated"]
OrdStatus = Literal["New", "PartiallyFilled", "Filled", "Canceled", "Rejected", "Expired"]

_UPPER = {"id": "ID", "smp": "SMP"}


def fix_name(attribute: str) -> str:
    """The name on the wire of an attribute: cl_ord_id is ClOrdID."""
    return "".join(_UPPER.get(word, word.capitalize()) for word in attribute.split("_"))


class Message(Struct, kw_only=True, omit_defaults=True, gc=False, rename=fix_name, tag_field="MsgType", tag=True):
    """What all messages have: a MsgType, and attributes that are left out where they are absent."""


# ------------------------------------------------------------------------------------------------ commands


class Command(Message, kw_only=True, forbid_unknown_fields=True):
    """What any command may carry. Session absent: the venue itself (session 0). TransactTime: UTC nanoseconds since
    1970; absent: that of the command before. Sequence: its place in a log, checked by the engine where given."""

    sequence: Counter = 0
    session: str | None = None
    cl_ord_id: Integer = 0
    transact_time: Time | None = None


class SessionCommand(Command, kw_only=True):
    """A command that only a session sends."""

    session: str


class OrderCommand(SessionCommand, kw_only=True):
    """A command about one order: from a session, with a ClOrdID, in one instrument."""

    session: str
    cl_ord_id: Integer
    symbol: str


class OrderTerms(OrderCommand, kw_only=True):
    """What a new order and a replace have in common. What is absent from a replace stays as it is."""

    poss_resend: bool = False
    time_in_force: TimeInForce | None = None
    price: Decimal | None = None
    order_qty: Decimal | None = None
    display_qty: Decimal | None = None
    min_qty: Decimal | None = None
    stop_px: Decimal | None = None
    expire_time: Integer | None = None
    self_match_prevention_id: Counter | None = None
    self_match_prevention_instruction: SelfMatchInstruction | None = None
    exec_inst: ExecInst | None = None
    account: str | None = None
    text: str | None = None


class NewOrderSingle(OrderTerms, kw_only=True):
    """A new order [D]."""

    side: Side
    ord_type: OrdType


class OrderCancelReplaceRequest(OrderTerms, kw_only=True):
    """Change an order [G], named by OrigClOrdID or OrderID. OrderQty is the new total, filled part included."""

    side: Side | None = None
    ord_type: OrdType | None = None
    orig_cl_ord_id: Counter | None = None
    order_id: Counter | None = None


class OrderCancelRequest(OrderCommand, kw_only=True):
    """Cancel an order [F], named by OrigClOrdID or OrderID."""

    poss_resend: bool = False
    side: Side | None = None
    orig_cl_ord_id: Counter | None = None
    order_id: Counter | None = None
    account: str | None = None
    text: str | None = None


class OrderMassCancelRequest(SessionCommand, kw_only=True):
    """Cancel the participant's orders [q], by instrument, side and session where given."""

    session: str
    cl_ord_id: Integer
    symbol: str | None = None
    side: Side | None = None
    target_session: str | None = None
    poss_resend: bool = False


class OrderStatusRequest(OrderCommand, kw_only=True):
    """Ask for a live order [H], named by OrigClOrdID or OrderID: wire only, answered with OrderStatus."""

    orig_cl_ord_id: Counter | None = None
    order_id: Counter | None = None


class OrderMassStatusRequest(SessionCommand, kw_only=True):
    """Ask for all live orders of the participant [AF]: wire only, answered with an OrderStatus each, then
    StatusAnswer."""

    symbol: str | None = None


class SecurityDefinition(Command, kw_only=True):
    """Define an instrument [d], or change what may change of one.

    TickSize and LotSize are in full units (0.01). Scales that are absent have as many decimals as those need; with
    neither, 8. A known Symbol or SecurityID redefines; terms that are absent stay.
    """

    symbol: str | None = None
    security_id: Id | None = None
    currency: str | None = None
    price_scale: Scale | None = None
    qty_scale: Scale | None = None
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    price_may_be_negative: bool | None = None
    hidden_allowed: bool | None = None
    iceberg_parts_max: Id | None = None
    reference_price: Decimal | None = None
    collar: Decimal | None = None
    dynamic_band: Decimal | None = None
    static_band: Decimal | None = None
    call_duration: Integer | None = None
    max_order_qty: Decimal | None = None
    disabled: bool = False


class PartyDefinition(Command, kw_only=True):
    """Define a participant [CX], or disable one."""

    participant: str | None = None
    party_id: Id | None = None
    disabled: bool = False


class SessionDefinition(Command, kw_only=True):
    """Define a session of a participant, or change it: flags and rights are always stated whole.

    `Session` is who sends this; the session that is defined is SessionName. Participant absent: its own.
    """

    session_name: str | None = None
    session_id: Id | None = None
    participant: str | None = None
    rights: tuple[Right, ...] = ("Trade",)
    cancel_on_disconnect: bool = False
    disabled: bool = False


class RiskLimits(Command, kw_only=True):
    """Limits of a participant [CS], in one instrument where Symbol is given. Without one quantities are whole units.

    A limit that is absent stays as it is; None (null) takes it away. NotionalScale absent: each notional limit has as
    many decimals as it needs.
    """

    participant: str
    symbol: str | None = None
    currency: str | None = None
    notional_scale: NotionalScale | None = None
    rate_tokens: Integer | None | UnsetType = UNSET
    rate_interval: Integer | None = None
    max_order_qty: Decimal | None | UnsetType = UNSET
    max_order_notional: Decimal | None | UnsetType = UNSET
    max_open_orders: Integer | None | UnsetType = UNSET
    max_open_qty: Decimal | None | UnsetType = UNSET
    max_position: Decimal | None | UnsetType = UNSET
    max_gross_notional: Decimal | None | UnsetType = UNSET


class PositionAdjust(Command, kw_only=True):
    """Set a participant's position in an instrument [AL]."""

    participant: str
    symbol: str
    position: Decimal


class KillSwitch(Command, kw_only=True):
    """Cancel all orders of a participant and block new ones, or lift the block."""

    participant: str
    on: bool


class TradingSessionStatus(Command, kw_only=True):
    """Change the phase of an instrument [h]. TradeDate: yyyymmdd."""

    symbol: str
    phase: Phase
    trade_date: Integer = 0


class KeyDefinition(Command, kw_only=True):
    """A CURVE key may come in, with these rights, and speak for one session (TargetSession), beside those it had.

    Public: its public key, Z85. Disabled: revoked, or with a TargetSession no longer for that one.
    """

    key_name: str
    public: str | None = None
    target_session: str | None = None
    rights: tuple[Right, ...] = ()
    disabled: bool = False


class VenueStart(Command, kw_only=True):
    """A start of the venue: every session is disconnected. OrderCapacity 0: as it is."""

    run: Counter
    rules_version: Integer | None = None
    order_capacity: Integer = 0


class Logon(Command, kw_only=True):
    """A connection of a session begins [A]. FullReports: both lines of each event on the binary wire.

    SessionName: the session by name, for a client that does not know ids; a log has it beside Session where sent.
    HeartBtInt: milliseconds after which either side says that it is there; 0: as the venue has it.
    """

    session_name: str | None = None
    full_reports: bool = False
    heart_bt_int: Count = 0


class Logout(SessionCommand, kw_only=True):
    """A session ends its connection [5]."""


class Disconnect(SessionCommand, kw_only=True):
    """A session's connection is gone; the gateway says so in its name."""


class Clock(Command, kw_only=True):
    """Time passes."""

    transact_time: Time


class EventDigest(Command, kw_only=True):
    """The writer's running digest of all events so far, 32 hexadecimal digits: high word, then low."""

    digest: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class Heartbeat(SessionCommand, kw_only=True):
    """Still here [0]: wire only."""

    test_req_id: Counter = 0


class TestRequest(SessionCommand, kw_only=True):
    """Answer this with a Heartbeat [1]: wire only."""

    __test__ = False  # not a test of pytest's
    test_req_id: Counter = 0


class SecurityListRequest(SessionCommand, kw_only=True):
    """Ask for all instruments [x]: wire only, answered with SecurityDefinitions."""


class ResendRequest(SessionCommand, kw_only=True):
    """Ask for reports that the session had [2], by number: wire only. EndSeqNo 0: all so far."""

    begin_seq_no: Counter
    end_seq_no: Count = 0


class PartyListRequest(SessionCommand, kw_only=True):
    """Ask for all participants and sessions [CF]: wire only, answered with PartyDefinitions and SessionDefinitions."""


class Record(Command, kw_only=True):
    """A journaled command that no other message can say (an unknown OrdType, say): its 64-byte lines, base64."""

    lines: bytes


AnyCommand = (
    NewOrderSingle | OrderCancelRequest | OrderCancelReplaceRequest | OrderMassCancelRequest | OrderStatusRequest
    | OrderMassStatusRequest | SecurityDefinition | PartyDefinition | SessionDefinition | RiskLimits | PositionAdjust
    | KillSwitch | TradingSessionStatus | KeyDefinition | VenueStart | Logon | Logout | Disconnect | Clock | EventDigest
    | Heartbeat | TestRequest | SecurityListRequest | PartyListRequest | ResendRequest | Record
)

# -------------------------------------------------------------------------------------------------- events


class Event(Message, kw_only=True):
    """What every event carries: the command that caused it, its place among that command's events, to whom it goes."""

    sequence: int
    place: int
    session: str | None = None
    report_number: int = 0
    transact_time: int = 0


class ExecutionReport(Event, kw_only=True):
    """What happened to an order [8]."""

    exec_type: ExecType
    ord_status: OrdStatus
    reason: str | None = None
    cl_ord_id: int
    orig_cl_ord_id: int = 0
    order_id: int = 0
    exec_id: int = 0
    symbol: str | None = None
    side: Side | None = None
    ord_type: OrdType | None = None
    time_in_force: TimeInForce | None = None
    exec_inst: ExecInst | None = None
    price: Decimal | None = None
    last_px: Decimal | None = None
    last_qty: Decimal | None = None
    trd_match_id: int = 0
    aggressor_indicator: bool | None = None
    leaves_qty: Decimal | None = None
    cum_qty: Decimal | None = None
    participant: str | None = None


class OrderStatus(ExecutionReport, kw_only=True):
    """The state of a live order behind command Sequence, the answer to a status request; with a reason: there is none.

    ClOrdID is the request's, OrigClOrdID the newest of the order."""

    exec_type: ExecType | None = None  # type: ignore[assignment]  # nothing happened: an answer has none


class OrderCancelReject(Event, kw_only=True):
    """A cancel or replace that was refused [9]; the order is as it was."""

    reason: str
    cl_ord_id: int
    orig_cl_ord_id: int = 0
    order_id: int = 0
    ord_status: OrdStatus
    symbol: str | None = None
    response_to: Literal["Cancel", "Replace"] = "Cancel"


class OrderMassCancelReport(Event, kw_only=True):
    """The summary of a mass cancel [r]; its reason where it was refused."""

    cl_ord_id: int
    total_affected_orders: int
    symbol: str | None = None
    reason: str | None = None


class TradingSessionStatusReport(Event, kw_only=True, tag="TradingSessionStatus"):
    """An instrument's new phase; price and quantity of the uncross where one traded; the reason where no command of a
    session asked for it."""

    symbol: str
    phase: Phase
    reason: str | None = None
    cl_ord_id: int = 0
    auction_price: Decimal | None = None
    auction_qty: Decimal | None = None


class IndicativePrice(Event, kw_only=True):
    """What an uncross would trade now; both absent: nothing any more."""

    symbol: str
    indicative_px: Decimal | None = None
    indicative_qty: Decimal | None = None


class BusinessMessageReject(Event, kw_only=True):
    """A command that was refused [j]. Mark: the session's highest ClOrdID, where this one is a duplicate."""

    reason: str
    cl_ord_id: int = 0
    symbol: str | None = None
    mark: int = 0


class CommandAck(Event, kw_only=True):
    """An administrative command was carried out."""

    cl_ord_id: int


class LogonAnswer(Event, kw_only=True, tag="Logon"):
    """A session is logged on [A]: its highest ClOrdID and the number that its next report will have."""

    mark: int
    next_report_number: int


class LogoutAnswer(Event, kw_only=True, tag="Logout"):
    """A session is logged out [5]; the reason where the venue ended it."""

    reason: str | None = None


class Reject(Event, kw_only=True):
    """A wire message that cannot be decoded [3]. Of a MessagePack one RefSeqNum [45] is the command's Sequence; Text
    says the field, what was found and what was expected."""

    reason: str
    ref_seq_num: int = 0
    text: str | None = None


class HeartbeatAnswer(Event, kw_only=True, tag="Heartbeat"):
    """Still here [0]. TestReqID: of the request that this answers; 0: of none."""

    test_req_id: int = 0


class TestRequestEvent(Event, kw_only=True, tag="TestRequest"):
    """The venue asks whether the client is there [1]: answer with a Heartbeat that has its TestReqID."""

    __test__ = False  # not a test of pytest's
    test_req_id: int = 0


class ResendAnswer(Event, kw_only=True):
    """The end of what a ResendRequest asked for: how many reports were sent, and the number behind the last of them.

    With a reason: they are no longer kept, and NextReportNumber is the oldest that can be had."""

    next_report_number: int
    reports: int = 0
    reason: str | None = None


class StatusAnswer(Event, kw_only=True):
    """The end of what an OrderMassStatusRequest asked for: how many orders there were [911]."""

    tot_num_reports: int


AnyEvent = (
    ExecutionReport | OrderStatus | OrderCancelReject | OrderMassCancelReport | TradingSessionStatusReport
    | IndicativePrice | BusinessMessageReject | CommandAck | LogonAnswer | LogoutAnswer | Reject | HeartbeatAnswer
    | TestRequestEvent | ResendAnswer | StatusAnswer
)
