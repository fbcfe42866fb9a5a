"""The fast engine: one door for commands, one sink for events, driven by pointer without the GIL; Engine is a thin coat over it.

What it never does: read a clock, a file, a socket or a random number. Rules: docs/rules.md; the plain engine that it is
held against: pricetime.matching.reference.
"""

import hashlib

import numpy as np

from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_AS_STRING
from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from pricetime.matching.accounts cimport account_table_create, account_table_destroy, account_table_touch
from pricetime.matching.administration cimport give_back_order_memory, make_room, take_order_memory
from pricetime.matching.auction cimport Uncross, auction_price
from pricetime.matching.canonical cimport OrderState, SessionState
from pricetime.matching.checksum cimport digest_high, digest_low
from pricetime.matching.depth cimport DepthLevel, depth
from pricetime.matching.dump cimport (
    dump_order, dump_orders_of, dump_session, dump_size, dump_state, dump_tables, tables_size,
)
from pricetime.matching.events cimport EventSink, sink_lengthen
from pricetime.matching.id_index cimport find_by_cl_ord_id, find_by_order_id
from pricetime.matching.invariants cimport broken_invariant
from pricetime.matching.load cimport load_state
from pricetime.matching.memory cimport touch_lines
from pricetime.matching.names cimport name_find, names_destroy
from pricetime.matching.price_ladder cimport ladder_destroy
from pricetime.matching.records cimport *
from pricetime.matching.state cimport (
    KINDS, OF_INSTRUMENTS, OF_PARTICIPANTS, OF_SESSIONS, ORDER_CAPACITY_DEFAULT, ORDER_CAPACITY_MAX, SHARD_SHIFT,
)

from pricetime.matching import records
from pricetime.matching.errors import not_lines

# ------------------------------------------------------------------------------------------- the C contract

cdef EngineState* engine_create_sized(uint32_t shard, uint32_t order_capacity) noexcept nogil:
    cdef EngineState* state = <EngineState*> calloc(1, sizeof(EngineState))
    cdef int kind
    if state is NULL:
        return NULL
    state.id_multiplier = <uint64_t> 0xD6E8FEB86659FD93
    for kind in range(KINDS):
        if make_room(state, kind, 0) != 0:
            engine_destroy(state)
            return NULL
    if take_order_memory(state, order_capacity) != 0 or account_table_create(&state.accounts) != 0:
        engine_destroy(state)
        return NULL
    state.shard = shard
    state.last_order_id = state.last_exec_id = state.last_trd_match_id = <uint64_t> shard << SHARD_SHIFT
    state.next_deadline = state.next_call_end = INT64_MAX
    memset(&state.event_digest, 0xFF, sizeof(state.event_digest))
    return state


cdef EngineState* engine_create(uint32_t shard) noexcept nogil:
    return engine_create_sized(shard, ORDER_CAPACITY_DEFAULT)


cdef void engine_destroy(EngineState* engine) noexcept nogil:
    cdef uint32_t id
    if engine is NULL:
        return
    for id in range(1, engine.instruments_count + 1):
        ladder_destroy(&engine.instruments[id].ladders[0])
        ladder_destroy(&engine.instruments[id].ladders[1])
    for id in range(1, engine.participants_count + 1):
        free(engine.participants[id].currencies)
    give_back_order_memory(engine)
    names_destroy(engine)
    account_table_destroy(&engine.accounts)
    free(engine.participants)
    free(engine.sessions)
    free(engine.instruments)
    free(engine.participant_names)
    free(engine.session_names)
    free(engine.instrument_names)
    free(engine)


# ---------------------------------------------------------------------------------------- the Python class


cdef apply_records(EngineState* state, const CommandLine* lines, size_t available, EventSink* sink):
    """Apply whole records until all are done or one cannot be; ValueError says which and why."""
    cdef LinesApplied done
    with nogil:
        done = engine_apply_lines(state, lines, available, sink)
    if done.status == OUT_OF_SEQUENCE:
        given = lines[done.lines].sequence
        raise ValueError(f"line {done.lines}: sequence is {given}, expected {state.sequence + 1} or 0")
    if done.status == DIGEST_DIFFERS:
        raise ValueError(f"line {done.lines}: the event digest differs after sequence {state.sequence}")
    if done.status != APPLIED:
        raise ValueError(f"line {done.lines}: {records.Reason(done.status).name} at byte {done.offset} of the record")


cdef depth_of(EngineState* state, uint32_t id, int side, Py_ssize_t levels):
    cdef size_t room = min(<size_t> max(levels, 0), <size_t> state.pool.live)       # no more levels than orders
    cdef DepthLevel[::1] rows = np.empty(room + 1, dtype=DEPTH)
    return np.asarray(rows)[:depth(state, id, side, room, &rows[0])]


cdef order_row(const EngineState* state, uint32_t slot):
    """One live order as an ORDER_STATE array; an empty one for slot 0."""
    cdef OrderState row
    if slot == 0:
        return np.empty(0, dtype=records.ORDER_STATE)
    dump_order(state, slot, &row)
    return np.frombuffer((<char*> &row)[:sizeof(OrderState)], dtype=records.ORDER_STATE)


def scatter_ids(Engine engine not None, uint64_t secret):
    """Hash ids with a multiplier that nobody knows, so that no client can choose ids that collide. It reaches neither state
    nor events. ValueError where the engine holds orders already."""
    if engine.state.pool.live:
        raise ValueError(f"{engine.state.pool.live} orders are live: ids are scattered before the first")
    engine.state.id_multiplier = secret | 1
    engine.state.by_cl_ord_id.others.multiplier = engine.state.by_order_id.others.multiplier = secret | 1


def touch(Engine engine not None):
    """Have the system provide an engine's pools and maps now, so that no order is the first to touch a page. Of what only orders
    with more than plain terms have, it provides an eighth: who needs more of it waits a microsecond for each 64 slots, once."""
    cdef EngineState* state = engine.state
    touch_lines(state.pool.orders, 1)
    touch_lines(state.pool.extras, 8)
    touch_lines(state.deadlines, 8)
    touch_lines(state.level_pool.levels, 1)
    touch_lines(state.level_pool.blocks, 1)
    touch_lines(state.level_pool.bitmaps, 1)
    touch_lines(state.level_pool.places, 1)
    touch_lines(state.by_cl_ord_id.slots, 1)
    touch_lines(state.by_cl_ord_id.others.entries, 1)
    touch_lines(state.by_order_id.slots, 1)
    touch_lines(state.by_order_id.others.entries, 1)
    account_table_touch(&state.accounts)


def fill(Engine engine not None, data):
    """Bring a new engine, its ids scattered or not, into the state that dump() wrote: bytes that a checksum has shown to be whole.

    All is checked that Engine.load checks, but for the order of its parts and what is reserved: that takes as long again. ValueError
    where the bytes are no state; the engine is of no use then."""
    cdef const unsigned char[::1] view = data
    cdef const char* fault
    if engine.state.sequence or engine.state.participants_count:
        raise ValueError(f"the engine is at sequence {engine.state.sequence}: a state is loaded into a new one")
    if view.shape[0] == 0:
        raise ValueError("not a state: it is empty")
    with nogil:
        fault = load_state(engine.state, <const char*> &view[0], view.shape[0])
    if fault is not NULL:
        raise ValueError((<bytes> fault).decode())


STATE_SECTIONS = {    # of dump(), behind the header, whose counts have the same names
    "participants": records.PARTICIPANT_STATE, "notional_limits": records.NOTIONAL_LIMITS_STATE,
    "accounts": records.ACCOUNT_STATE, "sessions": records.SESSION_STATE, "instruments": records.INSTRUMENT_STATE,
    "orders": records.ORDER_STATE,
}


def state_section(data, name):
    """One part of what dump() wrote as an array: no copy, and nothing is checked but that it is long enough."""
    offset = records.STATE_HEADER.itemsize
    header = np.frombuffer(data, dtype=records.STATE_HEADER, count=1)[0]
    for part, dtype in STATE_SECTIONS.items():
        if part == name:
            return np.frombuffer(data, dtype=dtype, count=int(header[part]), offset=offset)
        offset += int(header[part]) * dtype.itemsize
    raise KeyError(name)


cdef DepthLevel ONE_LEVEL
DEPTH = np.asarray(<DepthLevel[:1]> &ONE_LEVEL).dtype


cdef class Engine:
    """The fast engine. One thread at a time; nothing is shared between engines."""

    def __cinit__(self, order_capacity=ORDER_CAPACITY_DEFAULT, shard=0):
        if not 0 < order_capacity <= ORDER_CAPACITY_MAX:
            raise ValueError(f"order_capacity is {order_capacity}, expected 1 to {ORDER_CAPACITY_MAX}")
        if not 0 <= shard <= 255:
            raise ValueError(f"shard is {shard}, expected 0 to 255")
        self.state = engine_create_sized(shard, order_capacity)
        if self.state is NULL:
            raise MemoryError(f"no memory for {order_capacity} orders")

    def __dealloc__(self):
        engine_destroy(self.state)

    def apply(self, lines):
        """Work off whole records of COMMAND lines (an array of 64-byte items, or their bytes), one after another; returns the
        EVENT array of all that happened."""
        array = np.frombuffer(lines, np.uint8) if isinstance(lines, bytes) else np.ascontiguousarray(lines)
        if array.dtype.hasobject:
            raise not_lines(lines)
        cdef const uint8_t[::1] data = array.view(np.uint8)
        cdef size_t available = data.shape[0] // LINE_BYTES
        cdef EventSink sink
        if available and <uintptr_t> &data[0] % sizeof(uint64_t):
            data = array.view(np.uint8).copy()      # records stand on words' boundaries: a copy does
        if data.shape[0] % LINE_BYTES:
            raise ValueError(f"lines have {data.shape[0]} bytes, expected a multiple of {LINE_BYTES}")
        sink.capacity = 64 + 2 * available
        sink.count = 0
        sink.drain = sink_lengthen
        sink.context = NULL
        sink.events = <EventRecord*> malloc(sink.capacity * sizeof(EventRecord))
        if sink.events is NULL:
            raise MemoryError("no memory for events")
        try:
            if available:
                apply_records(self.state, <const CommandLine*> &data[0], available, &sink)
            return np.frombuffer(PyBytes_FromStringAndSize(<char*> sink.events, sink.count * sizeof(EventRecord)),
                                 dtype=records.EVENT)
        finally:
            free(sink.events)

    @property
    def sequence(self):
        """Sequence number of the last command applied."""
        return self.state.sequence

    @property
    def time(self):
        """Time of the last command applied, UTC nanoseconds since 1970."""
        return self.state.time

    @property
    def next_deadline(self):
        """When something is due by itself, an order's ExpireTime or a VolatilityCall's end: the first command whose time has
        reached it makes it happen. None: nothing is."""
        cdef uint32_t id
        if self.state.next_deadline != INT64_MAX or self.state.deadlines_count:
            return self.state.next_deadline
        for id in range(1, self.state.instruments_count + 1):
            if self.state.instruments[id].call_end:         # the last nanosecond that there is
                return self.state.next_deadline
        return None

    @property
    def run(self):
        """Number of the run that the last VenueStart began; 0: none yet."""
        return self.state.run

    @property
    def order_capacity(self):
        """How many orders may be live at once."""
        return self.state.pool.capacity

    @property
    def event_digest(self):
        """The 128-bit digest of all events so far: (low, high)."""
        return digest_low(&self.state.event_digest), digest_high(&self.state.event_digest)

    def digest(self):
        """32 bytes over the canonical state: SHA-256 of dump()."""
        return hashlib.sha256(self.dump()).digest()

    def dump(self):
        """The canonical state: equal states, equal bytes, whichever engine they come from."""
        cdef size_t size = dump_size(self.state)
        data = PyBytes_FromStringAndSize(NULL, size)
        dump_state(self.state, PyBytes_AS_STRING(data))
        return data

    @classmethod
    def load(cls, data):
        """An engine in the state that dump() wrote. ValueError where the bytes are no state."""
        cdef Engine engine = cls()
        fill(engine, data)
        if memoryview(engine.dump()) != memoryview(data).cast("B"):
            raise ValueError("not a state: its parts are out of order, or what is reserved is not 0")
        return engine

    def check(self):
        """Every invariant of the books, maps and counters. AssertionError with what is broken."""
        fault = broken_invariant(self.state)
        if fault:
            raise AssertionError(fault)

    def _section(self, name):
        """One part of dump() as an array. Orders, which may be many, are written only where they are asked for."""
        return state_section(self.dump() if name == "orders" else self._tables(), name)

    def _tables(self):
        """dump() without the orders."""
        data = PyBytes_FromStringAndSize(NULL, tables_size(self.state))
        dump_tables(self.state, PyBytes_AS_STRING(data))
        return data

    @property
    def participants(self):
        """PARTICIPANT_STATE array by id."""
        return self._section("participants")

    @property
    def notional_limits(self):
        """NOTIONAL_LIMITS_STATE array: limits of participants by currency, by participant id."""
        return self._section("notional_limits")

    @property
    def accounts(self):
        """ACCOUNT_STATE array by participant and instrument."""
        return self._section("accounts")

    @property
    def sessions(self):
        """SESSION_STATE array by id."""
        return self._section("sessions")

    @property
    def instruments(self):
        """INSTRUMENT_STATE array by id."""
        return self._section("instruments")

    def orders(self, symbol):
        """ORDER_STATE array of an instrument: buy side, then sell side, each in queue order, market orders first; then stops
        that wait, and AtTheClose orders that are set aside."""
        every = self._section("orders")
        return every[every["instrument"] == self._instrument(symbol)]

    def session(self, uint32_t id):
        """SESSION_STATE array of one session; KeyError where there is none."""
        cdef SessionState row
        if not 0 < id <= self.state.sessions_count:
            raise KeyError(id)
        memset(&row, 0, sizeof(SessionState))
        dump_session(self.state, id, &row)
        return np.frombuffer((<char*> &row)[:sizeof(SessionState)], dtype=records.SESSION_STATE)

    def order(self, uint64_t order_id):
        """ORDER_STATE array of the live order with this OrderID; empty where there is none."""
        return order_row(self.state, find_by_order_id(&self.state.by_order_id, self.state.pool.orders, order_id))

    def order_named(self, uint32_t session, int64_t cl_ord_id):
        """ORDER_STATE array of a session's live order with this ClOrdID; empty where there is none."""
        if not 0 < session <= self.state.sessions_count:
            return np.empty(0, dtype=records.ORDER_STATE)
        return order_row(self.state, find_by_cl_ord_id(&self.state.by_cl_ord_id, self.state.pool.orders, session,
                                                       cl_ord_id))

    def orders_of(self, uint32_t participant, uint32_t instrument=0):
        """ORDER_STATE array of a participant's live orders, in one instrument or (0) all, in OrderID order."""
        cdef OrderState* rows = <OrderState*> malloc((<size_t> self.state.pool.live + 1) * sizeof(OrderState))
        cdef OrderState* end
        if rows is NULL:
            raise MemoryError("no memory for orders")
        try:
            with nogil:
                end = dump_orders_of(self.state, participant, instrument, rows)
            found = np.frombuffer((<char*> rows)[:(end - rows) * sizeof(OrderState)], dtype=records.ORDER_STATE)
        finally:
            free(rows)
        return found[np.argsort(found["order_id"])]

    def depth(self, symbol, levels=10):
        """(bids, asks): DEPTH arrays of at most `levels` prices, best first, of displayed quantity. Market orders are not in it."""
        cdef uint32_t id = self._instrument(symbol)
        return depth_of(self.state, id, BUY, levels), depth_of(self.state, id, SELL, levels)

    def indicative(self, symbol):
        """(price, quantity) of an uncross now, or None where nothing would trade."""
        cdef Uncross uncross = auction_price(self.state, &self.state.instruments[<uint32_t> self._instrument(symbol)])
        return (uncross.price, uncross.quantity) if uncross.quantity else None

    def _instrument(self, symbol):
        if isinstance(symbol, str):
            return self.instrument_id(symbol)
        if not 0 < symbol <= self.state.instruments_count:
            raise KeyError(symbol)
        return symbol

    def instrument_id(self, name):
        """Id of a symbol; KeyError where there is none."""
        return _find(self.state, OF_INSTRUMENTS, name)

    def session_id(self, name):
        """Id of a session; KeyError where there is none."""
        return _find(self.state, OF_SESSIONS, name)

    def participant_id(self, name):
        """Id of a participant; KeyError where there is none."""
        return _find(self.state, OF_PARTICIPANTS, name)


cdef _find(const EngineState* state, int kind, name):
    """The id of a name; KeyError where nobody has it."""
    text = name.encode()
    cdef uint32_t id = 0
    if len(text) <= NAME_BYTES and not text.endswith(b"\0"):
        text = text.ljust(NAME_BYTES, b"\0")
        id = name_find(state, kind, text)
    if id == 0:
        raise KeyError(name)
    return id
