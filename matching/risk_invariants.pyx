"""What must be true of accounts, limits and counters of risk: counted again from the live orders. Rule 13."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.matching.accounts cimport (
    ACCOUNT_SEATS, CURRENCIES_MAX, GROSS_TRACKED, NOTIONAL_LIMITED, Account, NotionalLimits, account_find,
)
from pricetime.matching.notional cimport NOTIONAL_END, Notional
from pricetime.matching.order_pool cimport Order
from pricetime.matching.records cimport HAS_GROSS_NOTIONAL_LIMIT, HAS_MESSAGE_RATE
from pricetime.matching.risk cimport account_room, currency_place, open_notional, position_fits
from pricetime.matching.state cimport EngineState, Participant, instrument_known, side_index

cdef struct Counted:
    # What the live orders of an account, or of a participant, come to.
    uint32_t orders
    uint32_t reserved
    uint64_t quantity[2]


cdef object broken_risk(EngineState* state):
    cdef Counted* accounts = <Counted*> calloc(<size_t> state.accounts.count + 1, sizeof(Counted))
    cdef Counted* participants = <Counted*> calloc(<size_t> state.participants_count + 1, sizeof(Counted))
    try:
        if accounts is NULL or participants is NULL:
            raise MemoryError("no memory to check with")
        return (count_orders(state, accounts, participants) or check_accounts(state, accounts)
                or check_participants(state) or check_positions(state) or check_seats(state))
    finally:
        free(accounts)
        free(participants)


cdef object count_orders(EngineState* state, Counted* accounts, Counted* participants):
    cdef const Order* order
    cdef const Account* account
    cdef uint32_t slot, participant
    for slot in range(1, state.pool.touched + 1):
        order = &state.pool.orders[slot]
        if order.session == 0:
            continue
        participant = state.sessions[order.session].participant
        if not 0 < order.account <= state.accounts.count:
            return f"order {order.order_id}: account {order.account} of {state.accounts.count}"
        account = &state.accounts.accounts[order.account]
        if account.participant != participant or account.instrument != order.instrument:
            return f"order {order.order_id}: in the account of participant {account.participant} in {account.instrument}"
        accounts[order.account].orders += 1
        accounts[order.account].quantity[side_index(order.attributes)] += <uint64_t> order.leaves
        participants[participant].orders += 1
    for participant in range(1, state.participants_count + 1):      # first: a sum over its orders ends by this count
        if state.participants[participant].open_orders != participants[participant].orders:
            return (f"participant {participant}: {participants[participant].orders} live orders, "
                    f"counted {state.participants[participant].open_orders}")
    return None


cdef object check_gross(EngineState* state, const NotionalLimits* limits, uint32_t participant, uint32_t instrument,
                        const char* currency):
    """What is kept of gross open notional is what the live orders come to."""
    cdef Notional gross = 0
    if limits.presence & HAS_GROSS_NOTIONAL_LIMIT:
        gross = open_notional(state, participant, instrument, currency, limits.gross_scale)
    if limits.gross != gross or gross >= NOTIONAL_END:
        return f"participant {participant} instrument {instrument}: the gross notional of its orders is not the one kept"
    return None


cdef object check_accounts(EngineState* state, const Counted* counted):
    cdef Account* account
    cdef const NotionalLimits* limits
    cdef uint32_t number, place
    cdef int64_t room
    for number in range(1, state.accounts.count + 1):
        account = &state.accounts.accounts[number]
        limits = &state.accounts.terms[number].notional
        where = f"account of participant {account.participant} in {account.instrument}"
        if not 0 < account.participant <= state.participants_count or not instrument_known(state, account.instrument):
            return f"{where}: no such participant or instrument"
        if account_find(&state.accounts, account.participant, account.instrument) != number:
            return f"{where}: is not found, or is there twice"
        if account.open_orders != counted[number].orders:
            return f"{where}: {counted[number].orders} live orders, counted {account.open_orders}"
        if (account.open_quantity[0] != counted[number].quantity[0]
                or account.open_quantity[1] != counted[number].quantity[1]):
            return (f"{where}: open {counted[number].quantity[0]} and {counted[number].quantity[1]}, "
                    f"counted {account.open_quantity[0]} and {account.open_quantity[1]}")
        if not position_fits(account, account.position):
            return f"{where}: position {account.position} and what is open do not fit 63 bits"
        place = currency_place(&state.participants[account.participant], state.instruments[account.instrument].currency)
        if limits.currency_place != place:
            return f"{where}: its currency stands at {place}, kept {limits.currency_place}"
        fault = check_flags(state, account, limits, place) or check_gross(
            state, limits, account.participant, account.instrument, state.instruments[account.instrument].currency)
        if fault:
            return fault
        room = account.room
        if room > account_room(state, number):
            return f"{where}: room for {room} more, but there is {account.room}"
        account.room = room
    return None


cdef object check_flags(EngineState* state, const Account* account, const NotionalLimits* limits, uint32_t place):
    cdef uint32_t presence = limits.presence
    if place:
        presence |= state.participants[account.participant].currencies[place - 1].presence
    expected = (bool(presence), bool(presence & HAS_GROSS_NOTIONAL_LIMIT))
    if (bool(account.flags & NOTIONAL_LIMITED), bool(account.flags & GROSS_TRACKED)) != expected:
        return f"account of participant {account.participant} in {account.instrument}: flags {account.flags}"
    return None


cdef object check_participants(EngineState* state):
    cdef const Participant* participant
    cdef uint32_t id, i
    for id in range(1, state.participants_count + 1):
        participant = &state.participants[id]
        if participant.presence & HAS_MESSAGE_RATE:
            if participant.rate_level > <uint64_t> (participant.rate_tokens * participant.rate_interval):
                return f"participant {id}: {participant.rate_level} in its bucket"
            if participant.rate_time > state.time:
                return f"participant {id}: its bucket was filled in the future"
        if participant.currencies_count > CURRENCIES_MAX:
            return f"participant {id}: limits in {participant.currencies_count} currencies"
        for i in range(participant.currencies_count):
            if currency_place(participant, participant.currencies[i].currency) != i + 1:
                return f"participant {id}: limits in one currency twice"
            fault = check_gross(state, &participant.currencies[i], id, 0, participant.currencies[i].currency)
            if fault:
                return fault
    return None


cdef object check_positions(EngineState* state):
    """What buyers have sellers lack: positions add up to what PositionAdjust has put there."""
    cdef uint32_t number, id
    sums = [0] * (state.instruments_count + 1)
    for number in range(1, state.accounts.count + 1):
        sums[state.accounts.accounts[number].instrument] += state.accounts.accounts[number].position
    for id in range(1, state.instruments_count + 1):
        if sums[id] % (1 << 64) != state.instruments[id].position_adjusted:
            return f"instrument {id}: positions add up to {sums[id]}, adjusted {state.instruments[id].position_adjusted}"
    return None


cdef object check_seats(EngineState* state):
    cdef uint32_t seat, taken = 0
    for seat in range(<uint32_t> ACCOUNT_SEATS):
        taken += state.accounts.seats[seat] != 0
    return None if taken == state.accounts.count else f"{taken} accounts in the map, counted {state.accounts.count}"
