"""Looking ahead in a venue of many accounts: what the next commands will touch is asked for, a step of each a command.

A few instruments' ladders, and a few participants, stay in the first caches by themselves; engine_foresee (engine.pyx) then asks
for orders alone. With 100 instruments and 1,000 participants: 290 to 150 ns a command, of which these steps are 20.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    FEW_ACCOUNTS = 64           # up to here all of what is looked up for them is in the first caches
    LINES_AHEAD = 6
    LINES_KEPT = 8              # a power of two above it

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
    uint32_t reserved[2]        # 64 bytes: found without a multiplication

cdef struct LinesAhead:
    LineAhead lines[8]          # by number modulo LINES_KEPT
    size_t number               # of the line that is applied next

cdef struct Foresight:
    # What engine_foresee knows from one command to the next; zero at first.
    uint64_t keys[2]            # of the ClOrdIDs that the 4th and 5th line from here name (id_index.pxd)
    uint32_t slots[2]           # of the orders that the 2nd and 3rd name
    LinesAhead lines            # in a venue of many accounts


cdef void foresee_widely(EngineState* state, LinesAhead* ahead, const CommandLine* record, size_t available,
                         uint32_t session) noexcept nogil
    # engine_foresee where there are more accounts, and so an instrument. Changes nothing but *ahead, which is zero at first.
