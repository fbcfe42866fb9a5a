"""The engine for C programs: one table of functions, which pricetime.h declares and pricetime_embed.h finds.

None of them needs the GIL or touches a Python object. A Cython module cimports engine.pxd and depth.pxd instead.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.matching.depth cimport BestPrices, DepthLevel
from pricetime.matching.engine cimport LinesApplied
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CommandLine
from pricetime.matching.state cimport EngineState

cdef enum:
    API_VERSION = 1             # a table that is not the next one's beginning is a new version

cdef struct Ahead:
    # What the engine has seen of the lines that are to come, from one `apply_screened` to the next.
    uint64_t inside[96]         # nobody's business

cdef struct Api:
    uint32_t api_version        # API_VERSION
    uint32_t size               # bytes of this table: functions are only ever added at its end
    # An empty engine with room for so many live orders (1 to 16,777,216; 131,072 is usual). The shard, 0 to 255, is
    # in the top 8 bits of every OrderID, ExecID and TrdMatchID. NULL: memory is short, or a number is not one of
    # these.
    EngineState* (*create)(uint32_t shard, uint32_t order_capacity) noexcept nogil
    # Give an engine's memory back; NULL is nothing.
    void (*destroy)(EngineState* engine) noexcept nogil
    # Work off whole records, one after another, until all `count` lines are done or a record cannot be taken; the
    # result says how far it came and why. Events go into the sink. The lines are only read.
    LinesApplied (*apply)(EngineState* engine, const CommandLine* lines, size_t count, EventSink* sink) noexcept nogil
    # The best displayed prices of an instrument; an unknown one has none.
    void (*best_prices)(const EngineState* engine, uint32_t instrument, BestPrices* best) noexcept nogil
    # At most n displayed prices of a side (Side: BUY or SELL), best first; how many there are.
    size_t (*depth)(const EngineState* engine, uint32_t instrument, int side, size_t n, DepthLevel* rows) noexcept nogil
    # Sequence number of the last command applied; 0: none yet.
    uint64_t (*sequence)(const EngineState* engine) noexcept nogil
    # Its time, UTC nanoseconds since 1970.
    int64_t (*time)(const EngineState* engine) noexcept nogil
    # The 128-bit digest of all events so far: low half, high half. Equal commands, equal digests, on any machine.
    void (*event_digest)(const EngineState* engine, uint64_t* halves) noexcept nogil
    # A drain for a sink whose events are one block from malloc: it takes none and doubles the block. Memory being
    # short ends the process.
    int (*lengthen)(EventSink* sink) noexcept nogil
    # Are the bytes at `record` a whole record of the `count` lines that there are: 0, or the Reason why not, and
    # *offset is then the byte of the record that is wrong.
    int (*screen)(const CommandLine* record, size_t count, uint32_t* offset) noexcept nogil
    # Before `apply_screened` takes the first of `count` lines in a row; *ahead is the caller's.
    void (*begin)(Ahead* ahead, const CommandLine* lines, size_t count) noexcept nogil
    # Work off one record, the next of these lines, that `screen` has passed: nothing of it is looked at again, nor its
    # `sequence`. What the lines behind it will touch is loaded meanwhile. APPLIED; DIGEST_DIFFERS; or the Reason of
    # the door, which one event says.
    int (*apply_screened)(EngineState* engine, Ahead* ahead, const CommandLine* record, EventSink* sink) noexcept nogil
