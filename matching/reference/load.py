"""The venue that a canonical state was written from. What `dump` writes, `load` reads; nothing else passes.

Each table is read in its order; at the end the venue is written again and must have the same bytes.
"""

from collections.abc import Callable

from pricetime.matching import records
from pricetime.matching.records import OrdType, Phase, Side, Standing, TimeInForce
from pricetime.matching.reference.check import check
from pricetime.matching.reference.dump import (
    AUCTION_PRICE_PRESENT,
    LAST_PRICE_PRESENT,
    LIMITS,
    MAGIC,
    dump,
)
from pricetime.matching.reference.layout import (
    ACCOUNT_STATE,
    INSTRUMENT_STATE,
    NOTIONAL_LIMITS_STATE,
    ORDER_STATE,
    PARTICIPANT_STATE,
    SESSION_STATE,
    STATE_HEADER,
    Codec,
    R,
)
from pricetime.matching.reference.state import (
    ORDER_CAPACITY_MAX,
    PRICED,
    STOPS,
    Instrument,
    Notional,
    NotionalLimits,
    Order,
    Participant,
    Rate,
    Session,
    Venue,
)
from pricetime.matching.reference.tuples import (
    AccountState,
    InstrumentState,
    NotionalLimitsState,
    OrderState,
    ParticipantState,
    SessionState,
    StateHeader,
)


def load(data: bytes) -> Venue:
    """The venue that `dump` wrote. ValueError where the bytes are none, or of rules that this engine lacks."""
    header = read_header(data)
    venue = Venue(order_capacity=header.order_capacity, shard=header.shard)
    venue.sequence, venue.time, venue.run = header.sequence, header.time, header.run
    venue.last_order_id, venue.last_exec_id = header.last_order_id, header.last_exec_id
    venue.last_trd_match_id, venue.last_age = header.last_trd_match_id, header.last_age
    venue.event_digest = header.event_digest_low, header.event_digest_high
    rest = memoryview(data)[STATE_HEADER.size:]
    accounts: list[AccountState] = []       # they need the instruments, which come later
    rest = load_table(venue, rest, PARTICIPANT_STATE, header.participants, load_participant)
    rest = load_table(venue, rest, NOTIONAL_LIMITS_STATE, header.notional_limits, load_notional_limits)
    rest = load_table(venue, rest, ACCOUNT_STATE, header.accounts, lambda _, state: accounts.append(state))
    rest = load_table(venue, rest, SESSION_STATE, header.sessions, load_session)
    rest = load_table(venue, rest, INSTRUMENT_STATE, header.instruments, load_instrument)
    for account in accounts:
        load_account(venue, account)
    load_table(venue, rest, ORDER_STATE, header.orders, load_order)
    if dump(venue) != data:
        raise ValueError("state is not canonical: written again it has other bytes; take an intact snapshot")
    try:
        check(venue)
    except AssertionError as error:
        raise ValueError(f"state contradicts the rules: {error}; take an intact snapshot") from None
    return venue


def read_header(data: bytes) -> StateHeader:
    """The header, once it is certain that all that it announces is there."""
    if len(data) < STATE_HEADER.size:
        raise ValueError(f"state has {len(data)} bytes, its header alone {STATE_HEADER.size}")
    header = STATE_HEADER.unpack(data)
    if header.magic != MAGIC:
        raise ValueError(f"no state: it begins with {header.magic!r}, expected {MAGIC!r}")
    if header.rules_version != records.RULES_VERSION:
        raise ValueError(f"state of rules version {header.rules_version}, this engine has {records.RULES_VERSION}")
    if not 1 <= header.order_capacity <= ORDER_CAPACITY_MAX:
        raise ValueError(f"state has an order capacity of {header.order_capacity}, expected 1 to {ORDER_CAPACITY_MAX}")
    expected = STATE_HEADER.size + sum(
        codec.size * count
        for codec, count in (
            (PARTICIPANT_STATE, header.participants),
            (NOTIONAL_LIMITS_STATE, header.notional_limits),
            (ACCOUNT_STATE, header.accounts),
            (SESSION_STATE, header.sessions),
            (INSTRUMENT_STATE, header.instruments),
            (ORDER_STATE, header.orders),
        )
    )
    if len(data) != expected:
        raise ValueError(f"state has {len(data)} bytes, expected {expected} from its header")
    return header


def load_table(venue: Venue, data: memoryview, codec: Codec[R], count: int,
               load_entry: Callable[[Venue, R], None]) -> memoryview:
    """Load `count` entries; returns the bytes after them."""
    for index in range(count):
        load_entry(venue, codec.unpack(data, index * codec.size))
    return data[count * codec.size:]


def limit_of(given: int) -> int | None:
    return None if given == records.NO_LIMIT else given


def load_participant(venue: Venue, state: ParticipantState) -> None:
    """One ParticipantState into the venue's table."""
    has_rate = state.presence & records.HAS_MESSAGE_RATE
    venue.participants[state.id] = Participant(
        id=state.id,
        name=state.name.rstrip(b"\0"),
        flags=state.flags & ~records.BLOCKED,
        blocked=bool(state.flags & records.BLOCKED),
        open_orders_limit=limit_of(state.open_orders_limit),
        rate=Rate(state.rate_tokens, state.rate_interval, state.rate_level, state.rate_time) if has_rate else None,
    )


def notional_limits_of(state: NotionalLimitsState | AccountState) -> NotionalLimits:
    """Both limits of value."""
    order = Notional(state.order_high << 64 | state.order_low, state.order_scale)
    gross = Notional(state.gross_high << 64 | state.gross_low, state.gross_scale)
    return NotionalLimits(
        order=order if state.presence & records.HAS_ORDER_NOTIONAL_LIMIT else None,
        gross=gross if state.presence & records.HAS_GROSS_NOTIONAL_LIMIT else None,
    )


def participant_of(venue: Venue, id: int, what: str) -> Participant:
    if id not in venue.participants:
        raise ValueError(f"{what} is of participant {id}, which the state has not")
    return venue.participants[id]


def load_notional_limits(venue: Venue, state: NotionalLimitsState) -> None:
    participant = participant_of(venue, state.participant, "a notional limit")
    participant.notional[state.currency] = notional_limits_of(state)


def load_account(venue: Venue, state: AccountState) -> None:
    """One AccountState into its participant's table."""
    participant = participant_of(venue, state.participant, "an account")
    if state.instrument not in venue.instruments:
        raise ValueError(f"an account is of instrument {state.instrument}, which the state has not")
    account = venue.account(participant, venue.instruments[state.instrument])
    account.position = state.position
    account.order_quantity_limit = limit_of(state.order_quantity_limit)
    account.open_orders_limit = limit_of(state.open_orders_limit)
    account.open_quantity_limit = limit_of(state.open_quantity_limit)
    account.position_limit = limit_of(state.position_limit)
    account.notional = notional_limits_of(state)


def load_session(venue: Venue, state: SessionState) -> None:
    """One SessionState into the venue's table."""
    venue.sessions[state.id] = Session(
        id=state.id,
        name=state.name.rstrip(b"\0"),
        participant=participant_of(venue, state.participant, f"session {state.id}"),
        flags=state.flags,
        logged_on=bool(state.logged_on),
        mark=state.mark,
        report_number=state.report_number,
    )


def load_instrument(venue: Venue, state: InstrumentState) -> None:
    """One InstrumentState into the venue's table. Its book is empty until its orders are loaded."""
    if state.phase not in list(Phase) or state.tick_size < 1 or state.lot_size < 1:
        raise ValueError(f"instrument {state.id} has phase {state.phase}, tick {state.tick_size} and lot "
                         f"{state.lot_size}, which no instrument has")
    instrument = venue.instruments[state.id] = Instrument(
        id=state.id,
        name=state.name.rstrip(b"\0"),
        currency=state.currency,
        flags=state.flags,
        terms_flags=state.terms_flags,
        price_scale=state.price_scale,
        qty_scale=state.qty_scale,
        iceberg_parts_max=state.iceberg_parts_max,
        tick_size=state.tick_size,
        lot_size=state.lot_size,
        phase=state.phase,
        last_price=state.last_price if state.presence & LAST_PRICE_PRESENT else None,
        auction_price=state.auction_price if state.presence & AUCTION_PRICE_PRESENT else None,
        call_end=state.call_end,
        reported=(state.reported_price, state.reported_quantity) if state.reported_quantity else (0, 0),
        trade_date=state.trade_date,
        position_adjusted=state.position_adjusted,
    )
    for name, bit in LIMITS.items():
        if state.limits_presence & bit:
            setattr(instrument, name, getattr(state, name))
    if instrument.call_end:
        venue.calls[instrument.id] = instrument


def load_order(venue: Venue, state: OrderState) -> None:
    """Orders stand in queue order, so each joins the back of its queue."""
    if state.session not in venue.sessions or state.instrument not in venue.instruments:
        raise ValueError(f"order {state.order_id} is of session {state.session} and instrument {state.instrument}, "
                         "of which the state lacks one")
    attributes, presence = state.attributes, state.presence
    order = Order(
        order_id=state.order_id,
        cl_ord_id=state.cl_ord_id,
        session=venue.sessions[state.session],
        instrument=venue.instruments[state.instrument],
        side=attributes >> records.SIDE_SHIFT & records.SIDE_MASK,
        ord_type=attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK,
        time_in_force=attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK,
        post_only=bool(attributes & records.POST_ONLY),
        price=state.price if attributes & records.HAS_PRICE else None,
        leaves=state.leaves_qty,
        filled=state.cum_qty,
        display_quantity=state.display_quantity if presence & records.HAS_DISPLAY_QUANTITY else None,
        stop_price=state.stop_price if presence & records.HAS_STOP_PRICE else None,
        expire_time=state.expire_time if presence & records.HAS_EXPIRE_TIME else None,
        self_match_id=state.self_match_id,
        self_match_instruction=state.self_match_instruction,
        standing=state.standing,
        shown=state.shown_quantity,
        age=state.age,
        risk_price=state.risk_price,
    )
    if not is_possible(order):
        raise ValueError(f"order {state.order_id} has attributes {attributes:#06x}, presence {presence:#06x} and "
                         f"standing {state.standing}, which no live order has")
    if order.order_id in venue.orders or order.cl_ord_id in order.session.orders:
        raise ValueError(f"order {state.order_id} or its ClOrdID {state.cl_ord_id} is there twice")
    if order.instrument.id not in order.participant.accounts:
        raise ValueError(f"order {state.order_id} has no account")
    venue.add(order)


def is_possible(order: Order) -> bool:
    """Do the attributes fit each other so far that the order can be put where it stands?"""
    waits = order.standing in (Standing.WAITING_STOP, Standing.ELECTED_STOP)
    return (
        order.side in list(Side)
        and order.ord_type in list(OrdType)
        and order.time_in_force in list(TimeInForce)
        and order.standing in list(Standing)
        and (order.ord_type in PRICED) == (order.price is not None)
        and (order.ord_type in STOPS) == waits == (order.stop_price is not None)
    )
