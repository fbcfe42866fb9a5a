"""What a book shows. Reading changes nothing; a level costs what ladder_below does."""

from libc.stdint cimport uint16_t
from libc.string cimport memset

from pricetime.matching.price_ladder cimport PriceLadder, ladder_below
from pricetime.matching.records cimport BUY, SELL
from pricetime.matching.state cimport instrument_known, side_index


cdef const PriceLadder* ladder_of(const EngineState* state, uint32_t instrument, int side) noexcept nogil:
    """NULL where there is no such instrument or side."""
    if not instrument_known(state, instrument) or (side != BUY and side != SELL):
        return NULL
    return &state.instruments[instrument].ladders[side_index(<uint16_t> side)]


cdef size_t depth(const EngineState* state, uint32_t instrument, int side, size_t n, DepthLevel* rows) noexcept nogil:
    cdef const PriceLadder* ladder = ladder_of(state, instrument, side)
    cdef const Level* level
    cdef uint32_t index = 0 if ladder is NULL else ladder.best
    cdef size_t found = 0
    while index != 0 and found < n:
        level = &state.level_pool.levels[index]
        found += depth_level(state, level, &rows[found])
        index = ladder_below(ladder, &state.level_pool, level.key)
    return found


cdef void best_prices(const EngineState* state, uint32_t instrument, BestPrices* best) noexcept nogil:
    memset(best, 0, sizeof(BestPrices))
    best.has_bid = <uint8_t> depth(state, instrument, BUY, 1, &best.bid)
    best.has_ask = <uint8_t> depth(state, instrument, SELL, 1, &best.ask)
