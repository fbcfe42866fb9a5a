"""Mass cancel, and a participant's orders picked out. Rule 5."""

from libc.stdint cimport uint32_t

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.selection cimport Selection
from pricetime.matching.state cimport EngineState

cdef void mass_cancel(EngineState* state, const CommandLine* command, EventSink* sink) noexcept nogil
cdef Selection select_participant(EngineState* state, uint32_t participant, uint32_t instrument, int side,
                                  uint32_t session) noexcept nogil
    # A participant's live orders by OrderID, wherever they stand; of one instrument, side (Sell means both kinds) or session:
    # 0 is all.
