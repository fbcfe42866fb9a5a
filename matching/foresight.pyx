"""The chain of a command's memory, six commands long: each step reads what the one before asked for.

    6 ahead     the line itself: its session, its instrument, where its ClOrdID stands
    5           the participant, the seat of its account; its price's place in the window, the best opposite level
    4           the order that it names, the account, the price's block
    3           the price's level, the first order on the other side
    2           what the named order's removal touches; the end of the queue that is joined
    1           the block of the level that is left

Nothing here depends on a command's type, which cannot be foretold: a field that says nothing asks for what nobody needs.
"""

from pricetime.matching.accounts cimport account_seat
from pricetime.matching.book cimport foresee_removal
from pricetime.matching.id_index cimport cl_ord_key, id_index_first, id_index_prefetch
from pricetime.matching.level_tree cimport Level
from pricetime.matching.memory cimport CACHE_LINE, prefetch, unlikely
from pricetime.matching.order_pool cimport Order
from pricetime.matching.price_ladder cimport WINDOW_BLOCKS, tick_in_block, window_position
from pricetime.matching.records cimport HAS_PRICE
from pricetime.matching.state cimport Instrument, divides, instrument_known, level_key, session_known, side_index

assert LINES_AHEAD < LINES_KEPT and LINES_KEPT & (LINES_KEPT - 1) == 0 and sizeof(LineAhead) == 64
assert sizeof((<Foresight*> NULL).keys) == 2 * KEYS_KEPT * sizeof(uint32_t)


cdef inline void prefetch_block(const EngineState* state, uint32_t block, int64_t key) noexcept nogil:
    prefetch(&state.level_pool.bitmaps[block])
    prefetch(&state.level_pool.blocks[block].levels[tick_in_block(key)])


cdef inline void foresee_trade(const EngineState* state, const Order* resting) noexcept nogil:
    """What trading an order, and its end, will touch."""
    prefetch(&state.pool.orders[resting.next])
    prefetch(&state.accounts.accounts[resting.account])
    prefetch(&state.sessions[resting.session])
    id_index_prefetch(&state.by_order_id, resting.order_id)
    id_index_prefetch(&state.by_cl_ord_id, cl_ord_key(&state.by_cl_ord_id, resting.session, resting.cl_ord_id))


cdef inline void read_line(EngineState* state, LineAhead* line, const CommandLine* record, const Foresight* foresight) noexcept nogil:
    cdef uint32_t session = session_of(foresight, record)
    cdef const char* instrument
    line.target = cl_ord_key(&state.by_cl_ord_id, session, <int64_t> record.target)
    line.session = session if session_known(state, session) else 0
    line.instrument = record.instrument if instrument_known(state, record.instrument) else 1
    line.key = record.price
    line.side = side_index(record.attributes)
    line.priced = -<uint32_t> ((record.attributes & HAS_PRICE) != 0)
    id_index_prefetch(&state.by_cl_ord_id, line.target)
    id_index_prefetch(&state.by_cl_ord_id, cl_ord_key(&state.by_cl_ord_id, session, record.cl_ord_id))
    prefetch(&state.sessions[line.session])
    instrument = <const char*> &state.instruments[line.instrument]
    prefetch(instrument)
    prefetch(instrument + CACHE_LINE)
    prefetch(&state.instruments[line.instrument].ladders[0])
    prefetch(&state.instruments[line.instrument].ladders[1])


cdef inline void look_up(EngineState* state, LineAhead* line) noexcept nogil:
    """From here on line.key is one, not a price."""
    cdef const Instrument* instrument = &state.instruments[line.instrument]
    cdef uint32_t participant = state.sessions[line.session].participant
    if unlikely(line.instrument == 0):      # nothing was read yet: the first lines
        return
    line.seat = account_seat(participant, line.instrument)
    divides(&instrument.tick, line.key, &line.key)     # of a price above 0: a guess is not worth a branch
    line.key = level_key(line.side, line.key)
    line.opposite = instrument.ladders[1 - line.side].best & line.priced
    prefetch(&state.participants[participant])
    prefetch(&state.accounts.seats[line.seat])
    line.position = window_position(&instrument.ladders[line.side], line.key) & (WINDOW_BLOCKS - 1)
    prefetch(&instrument.ladders[line.side].directory[line.position])
    prefetch(&state.level_pool.levels[line.opposite])


cdef inline void find(EngineState* state, LineAhead* line) noexcept nogil:
    cdef const Instrument* instrument = &state.instruments[line.instrument]
    if unlikely(line.instrument == 0):
        return
    line.slot = id_index_first(&state.by_cl_ord_id, line.target)
    line.block = instrument.ladders[line.side].directory[line.position]
    prefetch(&state.pool.orders[line.slot])
    prefetch(&state.accounts.accounts[state.accounts.seats[line.seat]])
    prefetch_block(state, line.block, line.key)


cdef void foresee_widely(EngineState* state, Foresight* foresight, const CommandLine* record) noexcept nogil:
    cdef LinesAhead* ahead = &foresight.lines
    cdef size_t number = ahead.number
    cdef LineAhead* line = &ahead.lines[(number + 3) & (LINES_KEPT - 1)]
    cdef const Order* order
    cdef const Level* best
    cdef const Level* left
    ahead.number = number + 1
    read_line(state, &ahead.lines[(number + LINES_AHEAD) & (LINES_KEPT - 1)],
              record + LINES_AHEAD if record + LINES_AHEAD < foresight.end else record, foresight)
    look_up(state, &ahead.lines[(number + 5) & (LINES_KEPT - 1)])
    find(state, &ahead.lines[(number + 4) & (LINES_KEPT - 1)])

    line.level = state.level_pool.blocks[line.block].levels[tick_in_block(line.key)]
    prefetch(&state.level_pool.levels[line.level])
    prefetch(&state.pool.orders[state.level_pool.levels[line.opposite].head])

    line = &ahead.lines[(number + 2) & (LINES_KEPT - 1)]
    order = &state.pool.orders[line.slot]
    foresee_removal(state, order)
    id_index_prefetch(&state.by_order_id, order.order_id)
    prefetch(&state.accounts.accounts[order.account])
    prefetch(&state.pool.orders[state.level_pool.levels[line.level].tail])
    best = &state.level_pool.levels[line.opposite]
    if unlikely(line.opposite != 0 and best.key >= ~line.key):      # the same price as a key of the other side
        foresee_trade(state, &state.pool.orders[best.head])

    order = &state.pool.orders[ahead.lines[(number + 1) & (LINES_KEPT - 1)].slot]
    left = &state.level_pool.levels[order.level]
    prefetch_block(state, left.block, left.key)


cdef int foresee_widely_before(EngineState* state, Foresight* ahead, const CommandLine* record, EventSink* sink,
                               Apply apply) noexcept nogil:
    foresee_widely(state, ahead, record)
    return apply(state, record, sink)
