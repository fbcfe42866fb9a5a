"""The records as named tuples, for reading a field by its name: what each one means is said in records.pxd.

layout.py refuses to be imported where names or their order are not those of the dtypes. An array of integers is bytes.
"""

from typing import NamedTuple


class Command(NamedTuple):
    """First line of a command."""

    checksum: int
    type: int
    shape: int
    attributes: int
    sequence: int
    time: int
    session: int
    instrument: int
    cl_ord_id: int
    price: int
    quantity: int
    target: int


class Event(NamedTuple):
    """Both lines of an event."""

    place: int
    type: int
    shape: int
    status_flags: int
    reason: int
    sequence: int
    report_number: int
    cl_ord_id: int
    order_id: int
    last_px: int
    last_qty: int
    leaves_qty: int
    session: int
    instrument: int
    time: int
    price: int
    cum_qty: int
    exec_id: int
    trd_match_id: int
    orig_cl_ord_id: int
    participant: int
    attributes: int
    reserved: int


class NameLine(NamedTuple):
    """Symbol, participant or session."""

    zero: int
    type: int
    zero_byte: int
    presence: int
    name: bytes
    currency: bytes


class InstrumentTermsLine(NamedTuple):
    """What never changes once defined."""

    zero: int
    type: int
    zero_byte: int
    flags: int
    price_scale: int
    qty_scale: int
    reserved_short: int
    iceberg_parts_max: int
    tick_size: int
    lot_size: int
    reserved: bytes


class InstrumentLimitsLine(NamedTuple):
    """What may change while orders rest."""

    zero: int
    type: int
    zero_byte: int
    presence: int
    reference_price: int
    collar: int
    dynamic_band: int
    static_band: int
    call_duration: int
    max_order_quantity: int
    reserved: int


class RiskOrderLimitsLine(NamedTuple):
    """Risk limits of single orders."""

    zero: int
    type: int
    zero_byte: int
    presence: int
    rate_tokens: int
    rate_interval: int
    order_quantity: int
    order_notional_low: int
    order_notional_high: int
    currency: bytes
    notional_scale: int
    reserved: bytes


class RiskOpenLimitsLine(NamedTuple):
    """Risk limits of all that is open."""

    zero: int
    type: int
    zero_byte: int
    presence: int
    open_orders: int
    open_quantity: int
    position: int
    gross_notional_low: int
    gross_notional_high: int
    currency: bytes
    notional_scale: int
    reserved: bytes


class AdvancedLine(NamedTuple):
    """What a plain order does not have."""

    zero: int
    type: int
    self_match_instruction: int
    presence: int
    display_quantity: int
    min_quantity: int
    stop_price: int
    expire_time: int
    self_match_id: int
    reserved: bytes


class TextLine(NamedTuple):
    """Account or text."""

    zero: int
    type: int
    zero_byte: int
    presence: int
    text: bytes


class StateHeader(NamedTuple):
    """Head of a canonical state."""

    magic: bytes
    rules_version: int
    shard: int
    sequence: int
    time: int
    last_order_id: int
    last_exec_id: int
    last_trd_match_id: int
    run: int
    event_digest_low: int
    event_digest_high: int
    order_capacity: int
    participants: int
    sessions: int
    instruments: int
    notional_limits: int
    orders: int
    last_age: int
    accounts: int


class ParticipantState(NamedTuple):
    """One participant of a canonical state."""

    id: int
    flags: int
    presence: int
    open_orders_limit: int
    rate_tokens: int
    rate_interval: int
    rate_level: int
    rate_time: int
    name: bytes
    reserved: bytes


class NotionalLimitsState(NamedTuple):
    """Notional limits of a participant in one currency."""

    participant: int
    presence: int
    order_scale: int
    gross_scale: int
    currency: bytes
    order_low: int
    order_high: int
    gross_low: int
    gross_high: int
    reserved: bytes


class AccountState(NamedTuple):
    """A participant in an instrument."""

    participant: int
    instrument: int
    position: int
    order_quantity_limit: int
    open_orders_limit: int
    open_quantity_limit: int
    position_limit: int
    presence: int
    order_scale: int
    gross_scale: int
    reserved_word: int
    order_low: int
    order_high: int
    gross_low: int
    gross_high: int
    reserved: bytes


class SessionState(NamedTuple):
    """One session of a canonical state."""

    id: int
    participant: int
    flags: int
    logged_on: int
    reserved_byte: int
    reserved_word: int
    mark: int
    report_number: int
    name: bytes
    reserved: bytes


class InstrumentState(NamedTuple):
    """One instrument of a canonical state."""

    id: int
    flags: int
    terms_flags: int
    price_scale: int
    qty_scale: int
    phase: int
    presence: int
    limits_presence: int
    reserved_short: int
    iceberg_parts_max: int
    reserved_word: int
    tick_size: int
    lot_size: int
    reference_price: int
    last_price: int
    reported_price: int
    reported_quantity: int
    collar: int
    dynamic_band: int
    static_band: int
    call_duration: int
    max_order_quantity: int
    trade_date: int
    auction_price: int
    call_end: int
    position_adjusted: int
    reserved: bytes
    currency: bytes
    name: bytes


class OrderState(NamedTuple):
    """One live order of a canonical state."""

    order_id: int
    cl_ord_id: int
    session: int
    instrument: int
    price: int
    leaves_qty: int
    cum_qty: int
    attributes: int
    presence: int
    self_match_instruction: int
    standing: int
    reserved_short: int
    display_quantity: int
    shown_quantity: int
    min_quantity: int
    stop_price: int
    expire_time: int
    self_match_id: int
    age: int
    risk_price: int
    reserved: int
