"""Looking ahead in a venue of many accounts or levels: what the next commands will touch is asked for, a step of each a command.

A few instruments' ladders, and a few participants, stay in the first caches by themselves; engine_foresee (apply.pyx) then asks
for orders alone. With 100 instruments and 1,000 participants: 290 to 150 ns a command, of which these steps are 20.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memset

from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    FEW = 63                    # accounts, up to which all that is looked up for them is in the first caches; a power of two less 1
    LEVELS_SHIFT = 8            # and levels in 256s: 16,384 are a megabyte, with their blocks nearly two
    LINES_AHEAD = 6
    LINES_KEPT = 8              # a power of two above it
    KEYS_KEPT = 16              # a power of two above what engine_foresee looks back to

cdef struct LineAhead:
    # What is known of a line so far. Guesses: whatever it holds is within the tables.
    uint64_t target             # key of the ClOrdID that it names (id_index.pxd)
    uint32_t slot               # of that order
    uint32_t session
    uint32_t instrument
    int64_t key                 # of its price
    uint32_t side
    uint32_t priced             # all bits set where it has one
    uint32_t seat               # where the search for its account begins
    uint32_t position           # of its price in the window
    uint32_t block              # there
    uint32_t level
    uint32_t opposite           # the best level that it could trade at
    uint32_t reserved           # 64 bytes: found without a multiplication

cdef struct LinesAhead:
    LineAhead lines[8]          # by number modulo LINES_KEPT
    size_t number               # of the line that is applied next

cdef struct Foresight:
    # What engine_foresee knows from one command to the next; see foresight_begin.
    const CommandLine* end      # of the lines that there are
    uint32_t session            # who sent them all; 0: each its own, and then
    uint32_t own                # all bits are set
    uint32_t keys[32]           # of the ClOrdIDs that the next lines name (id_index.pxd), by keep_key; no addresses: a VenueStart
                                # may change the engine's memory
    LinesAhead lines            # in a venue of many accounts


ctypedef int (*Apply)(EngineState* engine, const CommandLine* record, EventSink* sink) noexcept nogil


cdef inline void foresight_begin(Foresight* self, const CommandLine* lines, size_t available, uint32_t session) noexcept nogil:
    """Before the first of `available` lines, all of `session` (0: each of its own)."""
    memset(self, 0, sizeof(Foresight))
    self.end = lines + available
    self.session = session
    self.own = 0 if session else 0xFFFFFFFF


cdef inline uint32_t session_of(const Foresight* self, const CommandLine* line) noexcept nogil:
    return self.session | (line.session & self.own)


cdef inline const uint32_t* keep_key(Foresight* self, const CommandLine* record, uint32_t key) noexcept nogil:
    """Keep the key that was looked up with `record`; where it stands, with those of up to KEYS_KEPT - 1 lines before at [-1], [-2]...
    The records' addresses count lines; each key stands twice, so that none of these goes round."""
    cdef uint32_t* first = &self.keys[<uintptr_t> record // sizeof(CommandLine) & (KEYS_KEPT - 1)]
    first[0] = first[KEYS_KEPT] = key
    return first + KEYS_KEPT


cdef inline bint sees_widely(const EngineState* state) noexcept nogil:
    """Whether all of a command's way is asked for ahead, or orders alone. Either is more than FEW: one comparison for both."""
    return (state.accounts.count | state.level_pool.levels_touched >> LEVELS_SHIFT) > FEW


cdef void foresee_widely(EngineState* state, Foresight* ahead, const CommandLine* record) noexcept nogil
    # engine_foresee where there are more accounts, and so an instrument. Changes nothing but *ahead.

cdef int foresee_widely_before(EngineState* state, Foresight* ahead, const CommandLine* record, EventSink* sink,
                               Apply apply) noexcept nogil
    # The same, and then what `apply` gives. A jump is all that it takes its caller, who so need not keep anything for it.
