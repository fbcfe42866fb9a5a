"""The uncross of a call: its price, and its trades. Rule 6."""

from libc.stdint cimport int64_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.state cimport EngineState, Instrument

cdef struct Uncross:
    int64_t price
    int64_t quantity            # 0: nothing trades

cdef Uncross auction_price(EngineState* state, Instrument* instrument) noexcept nogil
    # What an uncross now would trade, and where. Changes nothing.
cdef void auction_trade(EngineState* state, Instrument* instrument, Uncross uncross, EventSink* sink) noexcept nogil
    # Trade it, and show the next parts of icebergs.
