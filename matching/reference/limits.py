"""What the risk manager sets: RiskLimits, PositionAdjust, KillSwitch. Rule 13 of docs/rules.md; the checks: risk.py."""

from collections.abc import Callable, Iterable

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, Reason
from pricetime.matching.reference.ending import cancel_all
from pricetime.matching.reference.layout import RISK_OPEN_LIMITS_LINE, RISK_ORDER_LIMITS_LINE, further_line
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.risk import gross_notional, orders_in, worst_case
from pricetime.matching.reference.state import (
    ACCOUNTS_MAX,
    INT64_MAX,
    Notional,
    NotionalLimits,
    Order,
    Participant,
    Rate,
    Venue,
)
from pricetime.matching.reference.tuples import Command, RiskOpenLimitsLine, RiskOrderLimitsLine

NO_LIMIT = records.NO_LIMIT
NO_NOTIONAL = (1 << 128) - 1
NOTIONAL_MAX = (1 << 127) - 1
NOTIONAL_SCALE_MAX = 36
CURRENCIES_MAX = 8

Lines = tuple[RiskOrderLimitsLine | None, RiskOpenLimitsLine | None]
Given = tuple[bytes, Notional]      # currency and value of a notional limit


def lines_of(record: bytes) -> Lines:
    return further_line(record, RISK_ORDER_LIMITS_LINE), further_line(record, RISK_OPEN_LIMITS_LINE)


def order_notional(line: RiskOrderLimitsLine | None) -> Given | None:
    """The limit of one order's value, where the record gives one."""
    if line is None or not line.presence & records.HAS_ORDER_NOTIONAL_LIMIT:
        return None
    amount = line.order_notional_high << 64 | line.order_notional_low
    return line.currency, Notional(amount, line.notional_scale)


def gross_open_notional(line: RiskOpenLimitsLine | None) -> Given | None:
    """The limit of the gross open notional, where the record gives one."""
    if line is None or not line.presence & records.HAS_GROSS_NOTIONAL_LIMIT:
        return None
    amount = line.gross_notional_high << 64 | line.gross_notional_low
    return line.currency, Notional(amount, line.notional_scale)


def present(line: RiskOrderLimitsLine | RiskOpenLimitsLine | None, bit: int, field: str) -> int | None:
    """A plain limit of a line; None where it is not given."""
    return getattr(line, field) if line is not None and line.presence & bit else None


# --------------------------------------------------------------------------------------- checks of RiskLimits


def check_risk_limits(venue: Venue, command: Command, record: bytes) -> Reason:
    """Rule 13, RiskLimits: known, LIMIT_INVALID, TABLE_FULL, OVERFLOW."""
    if command.instrument and command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    if command.target not in venue.participants:
        return Reason.UNKNOWN_PARTICIPANT
    order_line, open_line = lines = lines_of(record)
    notionals = [given for given in (order_notional(order_line), gross_open_notional(open_line)) if given is not None]
    if not are_valid(lines, of_account=command.instrument != 0):
        return Reason.LIMIT_INVALID
    if not all(is_valid_notional(venue, command, given) for given in notionals):
        return Reason.LIMIT_INVALID
    participant = venue.participants[command.target]
    if not has_room(venue, participant, command.instrument, notionals):
        return Reason.TABLE_FULL
    gross = gross_open_notional(open_line)
    if gross is not None and gross[1].amount != NO_NOTIONAL:
        orders = orders_that_count(participant, command.instrument, gross[0])
        if gross_notional(orders, gross[1].scale) > NOTIONAL_MAX:
            return Reason.OVERFLOW
    return Reason.NONE


def are_valid(lines: Lines, of_account: bool) -> bool:
    """Plain limits and the rate: those that the table has for the scope, with values that can be."""
    order_line, open_line = lines
    tokens = present(order_line, records.HAS_MESSAGE_RATE, "rate_tokens")
    of_accounts = (
        present(order_line, records.HAS_ORDER_QUANTITY_LIMIT, "order_quantity"),
        present(open_line, records.HAS_OPEN_QUANTITY_LIMIT, "open_quantity"),
        present(open_line, records.HAS_POSITION_LIMIT, "position"),
    )
    elsewhere: Iterable[int | None] = (tokens,) if of_account else of_accounts
    if any(limit is not None for limit in elsewhere):
        return False
    plain = (*of_accounts, present(open_line, records.HAS_OPEN_ORDERS_LIMIT, "open_orders"))
    if any(limit is not None and limit < NO_LIMIT for limit in plain):
        return False
    if tokens in (None, NO_LIMIT) or order_line is None:
        return True
    interval = order_line.rate_interval
    return order_line.rate_tokens > 0 and interval > 0 and order_line.rate_tokens * interval <= INT64_MAX


def is_valid_notional(venue: Venue, command: Command, given: Given) -> bool:
    """A value below 2^127 or none, a scale up to 36, of an account no other currency than its instrument's."""
    currency, (amount, scale) = given
    if scale > NOTIONAL_SCALE_MAX or (amount > NOTIONAL_MAX and amount != NO_NOTIONAL):
        return False
    return command.instrument == 0 or currency in (bytes(8), venue.instruments[command.instrument].currency)


def has_room(venue: Venue, participant: Participant, instrument: int, notionals: list[Given]) -> bool:
    """Room for the account, or for the currencies that are new to the participant."""
    if instrument:
        return instrument in participant.accounts or venue.accounts < ACCOUNTS_MAX
    return len(participant.notional.keys() | {currency for currency, _ in notionals}) <= CURRENCIES_MAX


def orders_that_count(participant: Participant, instrument: int, currency: bytes) -> Iterable[Order]:
    """The live orders that a gross notional limit of this scope counts."""
    if not instrument:
        return orders_in(participant, currency)
    return participant.accounts[instrument].orders.values() if instrument in participant.accounts else ()


# --------------------------------------------------------------------------------------------- RiskLimits


def risk_limits(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """RiskLimits [CS], checked."""
    participant, (order_line, open_line) = venue.participants[command.target], lines_of(record)
    open_orders = present(open_line, records.HAS_OPEN_ORDERS_LIMIT, "open_orders")
    if command.instrument:
        account = venue.account(participant, venue.instruments[command.instrument])
        for name, given in (
            ("order_quantity_limit", present(order_line, records.HAS_ORDER_QUANTITY_LIMIT, "order_quantity")),
            ("open_orders_limit", open_orders),
            ("open_quantity_limit", present(open_line, records.HAS_OPEN_QUANTITY_LIMIT, "open_quantity")),
            ("position_limit", present(open_line, records.HAS_POSITION_LIMIT, "position")),
        ):
            if given is not None:
                setattr(account, name, limit_or_none(given))
    else:
        if open_orders is not None:
            participant.open_orders_limit = limit_or_none(open_orders)
        if order_line is not None and order_line.presence & records.HAS_MESSAGE_RATE:
            participant.rate = new_rate(order_line, venue.time)
    if given_order := order_notional(order_line):
        limits_of(participant, command.instrument, given_order[0]).order = notional_or_none(given_order[1])
    if given_gross := gross_open_notional(open_line):
        limits_of(participant, command.instrument, given_gross[0]).gross = notional_or_none(given_gross[1])


def limits_of(participant: Participant, instrument: int, currency: bytes) -> NotionalLimits:
    """The account's limits of value, or the participant's in a currency, from now on kept."""
    if instrument:
        return participant.accounts[instrument].notional
    return participant.notional.setdefault(currency, NotionalLimits())


def new_rate(line: RiskOrderLimitsLine, now: int) -> Rate | None:
    """A full bucket, or none."""
    if line.rate_tokens == NO_LIMIT:
        return None
    return Rate(line.rate_tokens, line.rate_interval, line.rate_tokens * line.rate_interval, now)


def limit_or_none(given: int) -> int | None:
    return None if given == NO_LIMIT else given


def notional_or_none(given: Notional) -> Notional | None:
    return None if given.amount == NO_NOTIONAL else given


# --------------------------------------------------------------------------- positions and the kill switch


def check_position_adjust(venue: Venue, command: Command, record: bytes) -> Reason:
    """Rule 13, PositionAdjust: known, room, and neither position nor worst case reaches 2^63."""
    if command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    if command.target not in venue.participants:
        return Reason.UNKNOWN_PARTICIPANT
    participant = venue.participants[command.target]
    if not has_room(venue, participant, command.instrument, []):
        return Reason.TABLE_FULL
    account = participant.accounts.get(command.instrument)
    moved, worst = command.quantity - (account.position if account else 0), [abs(command.quantity)]
    if account is not None:
        orders = account.orders.values()
        worst += [worst_case(account, True, orders) + moved, worst_case(account, False, orders) - moved]
    return Reason.OVERFLOW if max(worst) > INT64_MAX else Reason.NONE


def position_adjust(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """PositionAdjust [AL], checked: the position from now on."""
    instrument = venue.instruments[command.instrument]
    account = venue.account(venue.participants[command.target], instrument)
    instrument.position_adjusted = (instrument.position_adjusted + command.quantity - account.position) % (1 << 64)
    account.position = command.quantity


def check_kill_switch(venue: Venue, command: Command, record: bytes) -> Reason:
    return Reason.NONE if command.target in venue.participants else Reason.UNKNOWN_PARTICIPANT


def kill_switch(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """KillSwitch, checked. On: blocked, and all orders are cancelled; each owner is told. Off: the block is lifted."""
    participant = venue.participants[command.target]
    participant.blocked = bool(command.attributes & records.KILL_ON)
    if participant.blocked:
        cancel_all(venue, reports, participant.orders(), Reason.KILLED)


Check = Callable[[Venue, Command, bytes], Reason]
Change = Callable[[Venue, Reports, Command, bytes], None]
CHANGES: dict[int, tuple[Check, Change]] = {
    CommandType.RISK_LIMITS: (check_risk_limits, risk_limits),
    CommandType.POSITION_ADJUST: (check_position_adjust, position_adjust),
    CommandType.KILL_SWITCH: (check_kill_switch, kill_switch),
}


def manage_risk(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Check a command of the risk manager, carry it out, answer who sent it."""
    check, carry_out = CHANGES[command.type]
    session = venue.sessions.get(command.session)
    if reason := check(venue, command, record):
        reports.answer(EventType.BUSINESS_MESSAGE_REJECT, session, command, reason)
        return
    carry_out(venue, reports, command, record)
    if session is not None:
        reports.answer(EventType.COMMAND_ACK, session, command)


HANDLERS = dict.fromkeys(CHANGES, manage_risk)
