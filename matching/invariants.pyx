"""Every invariant of the engine's memory: books, maps, counts, and the rule that no book is crossed. What stands in a queue:
standing.pyx."""

from libc.stdint cimport INT64_MIN, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.matching.auction cimport Uncross, auction_price
from pricetime.matching.id_index cimport IdIndex, id_index_has
from pricetime.matching.memory cimport count_trailing_zeros
from pricetime.matching.names cimport name_find, names_of
from pricetime.matching.level_tree cimport Level, level_is_empty
from pricetime.matching.order_pool cimport Order
from pricetime.matching.phases cimport is_call
from pricetime.matching.price_ladder cimport (
    SUMMARY_WORDS, WINDOW_BLOCKS, PriceLadder, ladder_above, ladder_below, ladder_find, ladder_worst,
)
from pricetime.matching.records cimport CONTINUOUS, VOLATILITY_CALL
from pricetime.matching.risk_invariants cimport broken_risk
from pricetime.matching.standing cimport (
    check_aside, check_deadlines, check_flags, check_level, check_market, check_stops,
)
from pricetime.matching.rights cimport set_senders
from pricetime.matching.state cimport KINDS, WATCH_TRADED, EngineState, Instrument, set_watch

from pricetime.matching.records import Phase

_KIND_NAMES = ("participants", "sessions", "instruments")


cdef object broken_invariant(EngineState* state):
    cdef uint8_t* seen = <uint8_t*> calloc(<size_t> state.pool.capacity + 1, 1)
    if seen is NULL:
        raise MemoryError("no memory to check with")
    try:
        return (check_books(state, seen) or check_pool(state, seen) or check_names(state) or check_sessions(state)
                or check_levels(state) or check_free(state) or check_deadlines(state) or check_indicatives(state)
                or broken_risk(state))
    finally:
        free(seen)


cdef object check_books(EngineState* state, uint8_t* seen):
    cdef uint32_t id
    cdef int side
    for id in range(1, state.instruments_count + 1):
        for side in range(2):
            fault = check_market(state, id, side, seen) or check_ladder(state, id, side, seen)
            fault = fault or check_stops(state, id, side, seen)
            if fault:
                return fault
        fault = check_aside(state, id, seen) or check_instrument(state, id)
        if fault:
            return fault
    return None


cdef object check_instrument(EngineState* state, uint32_t id):
    cdef Instrument* instrument = &state.instruments[id]
    cdef uint32_t watch = instrument.watch
    set_watch(instrument)       # what it should be already
    if watch != instrument.watch or watch & WATCH_TRADED:
        return f"instrument {id}: watch is {watch}, should be {instrument.watch} without {WATCH_TRADED}"
    if instrument.call_end and instrument.phase != VOLATILITY_CALL:
        return f"instrument {id}: a call ends at {instrument.call_end}, and there is none"
    if instrument.phase == CONTINUOUS:
        if instrument.market[0].count or instrument.market[1].count:
            return f"instrument {id}: market orders rest in Continuous"
        if instrument.elected[0] or instrument.elected[1]:
            return f"instrument {id}: elected stops wait in Continuous"
        if (instrument.ladders[0].best and instrument.ladders[1].best
                and state.level_pool.levels[instrument.ladders[0].best].key
                >= ~state.level_pool.levels[instrument.ladders[1].best].key):
            return f"instrument {id}: crossed in Continuous"
    if not Phase.CLOSED <= instrument.phase <= Phase.HALTED:
        return f"instrument {id}: phase {instrument.phase}"
    return None


cdef object check_ladder(EngineState* state, uint32_t id, int side, uint8_t* seen):
    cdef PriceLadder* ladder = &state.instruments[id].ladders[side]
    cdef uint32_t index = ladder.best, levels = 0, near = 0, last = 0, position, block
    cdef Level* level
    where = f"instrument {id} side {side}"
    while index != 0:
        level = &state.level_pool.levels[index]
        levels += 1
        near += level.block != 0
        if last != 0 and level.key >= state.level_pool.levels[last].key:
            return f"{where}: level {level.key} stands behind {state.level_pool.levels[last].key}"
        if ladder_find(ladder, &state.level_pool, level.key) != index:
            return f"{where}: level {level.key} is not found by its key"
        if ladder_above(ladder, &state.level_pool, level.key) != last:
            return f"{where}: the walks to and fro differ at level {level.key}"
        if level_is_empty(level):
            return f"{where}: level {level.key} is empty"
        fault = check_level(state, id, side, level, index, seen)
        if fault:
            return fault
        last = index
        index = ladder_below(ladder, &state.level_pool, level.key)
    if last != ladder_worst(ladder, &state.level_pool):
        return f"{where}: the worst level is not the last"
    if near != near_levels(state, ladder) or levels - near != ladder.far.count:
        return (f"{where}: {near} near and {levels - near} far levels, marked {near_levels(state, ladder)} and counted "
                f"{ladder.far.count}")
    for position in range(<uint32_t> WINDOW_BLOCKS):
        block = ladder.directory[position]
        if (state.level_pool.bitmaps[block] != 0) != ((ladder.summary[position >> 6] >> (position & 63)) & 1):
            return f"{where}: window position {position} and its bit differ"
        if block and state.level_pool.places[block] != &ladder.directory[position]:
            return f"{where}: the block at window position {position} is not its own"
    return None


cdef uint32_t near_levels(EngineState* state, const PriceLadder* ladder) noexcept nogil:
    """The levels that the blocks of the window mark."""
    cdef uint32_t levels = 0, word
    cdef uint64_t positions, bits
    for word in range(<uint32_t> SUMMARY_WORDS):
        positions = ladder.summary[word]
        while positions:
            bits = state.level_pool.bitmaps[ladder.directory[word * 64 + count_trailing_zeros(positions)]]
            positions &= positions - 1
            while bits:
                bits &= bits - 1
                levels += 1
    return levels


cdef uint64_t names_in(const IdIndex* index) noexcept nogil:
    cdef uint64_t names = 0, i
    for i in range(<uint64_t> index.mask + 1):
        names += index.slots[i] != 0
    for i in range(<uint64_t> index.others.mask + 1):
        names += index.others.entries[i].slot != 0
    return names


cdef object check_pool(EngineState* state, const uint8_t* seen):
    cdef uint32_t slot, live = 0
    cdef uint64_t names
    cdef Order* order
    for slot in range(1, state.pool.touched + 1):
        order = &state.pool.orders[slot]
        if (order.session != 0) != seen[slot]:
            return f"slot {slot}: in a queue {bool(seen[slot])}, owner {order.session}"
        if order.session == 0:
            continue
        live += 1
        fault = check_flags(state, slot)
        if fault:
            return fault
        if not id_index_has(&state.by_order_id, 0, order.order_id, slot):
            return f"order {order.order_id}: not found by its OrderID"
        if not id_index_has(&state.by_cl_ord_id, order.session, <uint64_t> order.cl_ord_id, slot):
            return f"order {order.order_id}: not found by its ClOrdID"
        if order.order_id > state.last_order_id or order.cl_ord_id > state.sessions[order.session].mark:
            return f"order {order.order_id}: an id above its counter"
    if live != state.pool.live:
        return f"{live} live orders, counted {state.pool.live}"
    names = names_in(&state.by_order_id) + names_in(&state.by_cl_ord_id)
    if names != 2 * <uint64_t> live:
        return f"{names} names for {live} live orders, expected two each"
    return None


cdef object check_indicatives(EngineState* state):
    """What is known of an indicative price is so."""
    cdef Instrument* instrument
    cdef Uncross uncross
    cdef uint32_t id, known = 0
    for id in range(1, state.instruments_count + 1):
        instrument = &state.instruments[id]
        known += instrument.indicative_known
        if not instrument.indicative_known:
            continue
        uncross = auction_price(state, instrument)
        if uncross.quantity != instrument.reported_quantity or (
                uncross.quantity != 0 and uncross.price != instrument.reported_price):
            return (f"instrument {id}: an uncross gives {uncross.quantity} at {uncross.price}, known as "
                    f"{instrument.reported_quantity} at {instrument.reported_price}")
        if not is_call(instrument.phase):
            return f"instrument {id}: an indicative price is known, and there is no call"
    if known != state.indicatives_known:
        return f"{known} indicative prices are known, counted {state.indicatives_known}"
    return None


cdef object check_names(EngineState* state):
    """Every name is found, and nothing else is in the maps."""
    cdef uint32_t id, i, entries
    cdef int kind
    counts = state.participants_count, state.sessions_count, state.instruments_count
    for kind in range(KINDS):
        entries = 0
        for i in range(state.ids_by_name[kind].mask + 1):
            entries += state.ids_by_name[kind].entries[i].slot != 0
        if entries != counts[kind]:
            return f"{entries} names for {counts[kind]} {_KIND_NAMES[kind]}"
        for id in range(1, <uint32_t> counts[kind] + 1):
            if name_find(state, kind, names_of(state, kind)[id].text) != id:
                return f"{_KIND_NAMES[kind]}: {id} is not found by its name"
    return None


cdef object check_sessions(EngineState* state):
    cdef uint32_t session, slot
    counts = [0] * (state.sessions_count + 1)
    for slot in range(1, state.pool.touched + 1):
        counts[state.pool.orders[slot].session] += 1
    for session in range(1, state.sessions_count + 1):
        senders = state.sessions[session].senders, state.sessions[session].may_send
        set_senders(&state.sessions[session])       # what they should be already
        if senders != (state.sessions[session].senders, state.sessions[session].may_send):
            return f"session {session}: senders are {senders}, not what its rights and its logon come to"
        if counts[session] != state.sessions[session].open_orders:
            return f"session {session}: {counts[session]} live orders, counted {state.sessions[session].open_orders}"
    return None


cdef object check_levels(EngineState* state):
    """Every level is in a ladder, in a tree or free, and then as level_take wants it; level 0 is nobody's."""
    cdef uint32_t id, index = state.level_pool.levels_free, levels = 0
    cdef int side
    cdef const Level* level
    if state.level_pool.levels[0].key != INT64_MIN or state.level_pool.levels[0].left != 0:
        return f"level 0: key {state.level_pool.levels[0].key}, not the lowest, or in a list"
    while index != 0 and levels <= state.level_pool.levels_touched:
        levels += 1
        level = &state.level_pool.levels[index]
        if (level.quantity | level.reserve | level.head | level.tail | level.count | level.hidden_head | level.hidden_tail
                | level.hidden_count) != 0:
            return f"free level {index}: not empty"
        index = level.left
    for id in range(1, state.instruments_count + 1):
        for side in range(2):
            levels += near_levels(state, &state.instruments[id].ladders[side]) + state.instruments[id].ladders[side].far.count
            levels += state.instruments[id].stops[side].count
    if levels != state.level_pool.levels_touched:
        return f"{levels} levels in use or free of {state.level_pool.levels_touched} ever taken"
    return None


cdef object check_free(EngineState* state):
    """Every slot is live or in the free list, every block in a window."""
    cdef uint32_t id, slot = state.pool.free_head, slots = 0, blocks = 0, position
    cdef int side
    while slot != 0 and slots <= state.pool.touched:
        if slot > state.pool.touched or state.pool.orders[slot].session != 0:
            return f"slot {slot}: said to be free"
        slots += 1
        slot = state.pool.orders[slot].next
    if slots + state.pool.live != state.pool.touched:
        return f"{state.pool.live} slots in use and {slots} free of {state.pool.touched} ever taken"
    for id in range(1, state.instruments_count + 1):
        for side in range(2):
            for position in range(<uint32_t> WINDOW_BLOCKS):
                blocks += state.instruments[id].ladders[side].directory[position] != 0
    if blocks != state.level_pool.blocks_touched:
        return f"{blocks} blocks in windows of {state.level_pool.blocks_touched} ever taken"
    return None
