"""Generate order flow: seeded, valid to the last command, fast enough not to matter (tens of nanoseconds a command).

Each command goes through a bare book on the way, so every cancel and replace names an order that is live at that
moment, by the ClOrdID that it has then. Gives the same flow twice: as COMMAND lines for the engine and as the bare
book's commands.

How the number of live orders is held near its target: an IOC is small while there are too few and large while there
are too many, and only while there are too many does one new or replaced order in 64 cross the spread; all else
rests. Where the mid travels, the orders that it has passed are the next to be cancelled or moved (it could not pass
them otherwise), and a cancel that would leave too few orders is a new one instead.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from pricetime.bench.bare_book cimport (BARE_BUY, BARE_CANCEL, BARE_IOC, BARE_LEVEL_MAX, BARE_LEVEL_MIN, BARE_LEVELS,
                                        BARE_NEW, BARE_REPLACE, BARE_SELL, BARE_SILENT, BareBook, BareCommand, BareOrder,
                                        bare_apply, bare_book_create, bare_book_destroy, bare_oldest, bare_order)
from pricetime.matching cimport records
from pricetime.matching.records cimport CommandLine

import numpy as np

from pricetime.bench.bare_book import BARE_COMMAND
from pricetime.matching.records import COMMAND

cdef enum:
    QUANTITY_MAX = 100          # of a new order
    TIME_STEP = 1000            # nanoseconds between commands
    INSTRUMENTS_MAX = 256
    _MID_LEVEL = BARE_LEVELS // 2

START_TIME = 1_700_000_000_000_000_000
MID_LEVEL = BARE_LEVELS // 2    # where the mid begins; the flow says which price that is


cdef struct Plan:
    uint64_t seed
    # Shares of the commands, in ten thousandths; what is left over is replaces.
    uint32_t new_share
    uint32_t ioc_share
    uint32_t cancel_share
    uint32_t live_target        # resting orders that the flow is held around
    uint32_t width              # ticks from the mid within which prices lie, crowded towards the mid
    uint32_t mid_every          # the mid makes a step once in so many commands; 0: it stands still
    uint32_t mid_step           # largest step, in ticks
    int32_t mid_range           # the steps keep the mid within so many ticks of where it began
    int32_t swing               # ticks that the mid goes up and down, along a straight line; 0: it makes steps
    uint32_t swing_period       # commands for once up, down and back
    bint makes_way              # the orders that the mid has passed are cancelled or moved first
    uint32_t sessions           # ids 1 to this, each its own participant
    uint32_t instruments        # ids 1 to this, as busy as each other, each with a book of its own
    int64_t price_offset        # price in ticks = level + this


cdef struct Venue:
    int64_t time                # of the newest command
    int64_t* marks              # session -> ClOrdID used last


cdef struct Generator:
    # Of one instrument.
    Plan plan
    Venue* venue
    uint32_t instrument
    uint32_t made               # commands after the fill
    uint64_t random
    int32_t mid
    BareBook* book
    uint32_t orders             # ids given so far: those of the engine's OrderIDs
    uint32_t* live              # ids that were live when last looked at
    uint32_t live_count
    uint32_t* owner             # id -> session
    int64_t* name               # id -> its newest ClOrdID


cdef inline uint64_t draw(Generator* g) noexcept nogil:
    """splitmix64."""
    g.random += <uint64_t> 0x9e3779b97f4a7c15
    cdef uint64_t z = g.random
    z = (z ^ (z >> 30)) * <uint64_t> 0xbf58476d1ce4e5b9
    z = (z ^ (z >> 27)) * <uint64_t> 0x94d049bb133111eb
    return z ^ (z >> 31)


cdef inline uint32_t below(Generator* g, uint32_t bound) noexcept nogil:
    return <uint32_t> (((draw(g) >> 32) * bound) >> 32)


cdef inline bint too_many(const Generator* g) noexcept nogil:
    return g.book.live > g.plan.live_target


cdef int32_t price_level(Generator* g, uint32_t side, bint may_cross) noexcept nogil:
    """A level on `side` of the mid: the least of two draws, so that most are near; moved behind the best opposite
    one."""
    cdef int32_t offset = 1 + <int32_t> min(below(g, g.plan.width), below(g, g.plan.width))
    cdef int32_t level
    if may_cross:
        offset = -offset
    level = g.mid - offset if side == BARE_BUY else g.mid + offset
    if not may_cross:
        if side == BARE_BUY:
            level = min(level, g.book.best[BARE_SELL] - 1)
        else:
            level = max(level, g.book.best[BARE_BUY] + 1)
    return min(max(level, <int32_t> BARE_LEVEL_MIN), <int32_t> BARE_LEVEL_MAX)


cdef uint32_t pick_live(Generator* g) noexcept nogil:
    """A random live order's id, 0 where there is none. Ids that were filled meanwhile are dropped on the way."""
    cdef uint32_t at, order
    while g.live_count:
        at = below(g, g.live_count)
        order = g.live[at]
        if g.book.links[order]:
            return order
        g.live_count -= 1
        g.live[at] = g.live[g.live_count]
    return 0


cdef inline uint32_t in_the_way(Generator* g) noexcept nogil:
    """The first order, by price and time, that the mid has passed; 0: none."""
    if g.book.best[BARE_SELL] <= g.mid:
        return bare_oldest(g.book, g.book.best[BARE_SELL])
    if g.book.best[BARE_BUY] >= g.mid:
        return bare_oldest(g.book, g.book.best[BARE_BUY])
    return 0


cdef void make_new(Generator* g, BareCommand* bare, bint immediate) noexcept nogil:
    cdef uint32_t most
    g.orders += 1
    g.owner[g.orders] = 1 + below(g, g.plan.sessions)
    bare.id = g.orders
    bare.side = <uint32_t> (draw(g) & 1)
    if immediate:
        bare.kind = BARE_IOC
        most = 4 * QUANTITY_MAX if too_many(g) else QUANTITY_MAX // 5
        bare.quantity = 1 + below(g, most)
        bare.level = price_level(g, bare.side, True)
    else:
        bare.kind = BARE_NEW
        bare.quantity = 1 + below(g, QUANTITY_MAX)
        bare.level = price_level(g, bare.side, too_many(g) and below(g, 64) == 0)


cdef void make_replace(Generator* g, BareCommand* bare, const BareOrder* order) noexcept nogil:
    """Six in eight move the price, one lowers the quantity (and keeps its place), one raises it."""
    cdef uint32_t what = below(g, 8)
    cdef int64_t total = order.open + order.filled
    bare.kind = BARE_REPLACE
    bare.level = order.level
    bare.quantity = total
    if what < 6:
        bare.level = price_level(g, bare.side, too_many(g) and below(g, 64) == 0)
    elif what == 6 or order.open > 10 * QUANTITY_MAX:
        bare.quantity = order.filled + 1 + below(g, <uint32_t> order.open)
    else:
        bare.quantity = total + 1 + below(g, QUANTITY_MAX // 2)


cdef void make_bare(Generator* g, BareCommand* bare, bint filling) noexcept nogil:
    """Decide the next command."""
    cdef uint32_t share = below(g, 10_000), id
    cdef bint is_cancel = share < g.plan.new_share + g.plan.ioc_share + g.plan.cancel_share
    cdef const BareOrder* order
    if filling or share < g.plan.new_share:
        make_new(g, bare, False)
        return
    if share < g.plan.new_share + g.plan.ioc_share:
        make_new(g, bare, True)
        return
    id = in_the_way(g) if g.plan.makes_way else 0
    if id == 0:
        id = pick_live(g)
    if id == 0 or (g.plan.makes_way and is_cancel and g.book.live < g.plan.live_target // 2):
        make_new(g, bare, False)
        return
    order = bare_order(g.book, g.book.links[id])
    bare.id = id
    bare.side = BARE_BUY if order.level <= g.book.best[BARE_BUY] else BARE_SELL
    if is_cancel:
        bare.kind = BARE_CANCEL
        bare.level = order.level
        bare.quantity = 0
    else:
        make_replace(g, bare, order)


cdef void make_line(Generator* g, const BareCommand* bare, CommandLine* line) noexcept nogil:
    """The same command as the engine reads it. Takes the next ClOrdID of the order's session."""
    cdef uint32_t session = g.owner[bare.id]
    cdef int attributes = records.BUY if bare.side == BARE_BUY else records.SELL
    memset(line, 0, sizeof(CommandLine))
    line.shape = records.RECORD_VERSION << 4 | 1
    g.venue.time += TIME_STEP
    line.time = g.venue.time
    line.session = session
    line.instrument = g.instrument
    g.venue.marks[session] += 1
    line.cl_ord_id = g.venue.marks[session]
    if bare.kind == BARE_CANCEL:
        line.type = records.ORDER_CANCEL_REQUEST
    else:
        attributes |= records.LIMIT << records.ORD_TYPE_SHIFT | records.HAS_PRICE | records.HAS_QUANTITY
        line.price = g.plan.price_offset + bare.level
        line.quantity = bare.quantity
        line.type = records.ORDER_CANCEL_REPLACE_REQUEST if bare.kind == BARE_REPLACE else records.NEW_ORDER_SINGLE
    if bare.kind == BARE_IOC:
        attributes |= records.IOC << records.TIME_IN_FORCE_SHIFT
    elif bare.kind == BARE_NEW:
        attributes |= records.GTC << records.TIME_IN_FORCE_SHIFT
    else:
        line.target = <uint64_t> g.name[bare.id]
    line.attributes = <unsigned short> attributes
    g.name[bare.id] = line.cl_ord_id


cdef void move_mid(Generator* g) noexcept nogil:
    """Along the line of the swing, or a step of the walk."""
    cdef int32_t step, quarter, at
    if g.plan.swing:
        quarter = <int32_t> (g.plan.swing_period // 4)
        at = <int32_t> (g.made % (4 * quarter))
        at = at if at < quarter else 2 * quarter - at if at < 3 * quarter else at - 4 * quarter
        g.mid = _MID_LEVEL + <int32_t> (<int64_t> g.plan.swing * at // quarter)
    elif g.plan.mid_every and below(g, g.plan.mid_every) == 0:
        step = 1 + <int32_t> below(g, g.plan.mid_step)
        g.mid += step if draw(g) & 1 else -step
        g.mid = min(max(g.mid, _MID_LEVEL - g.plan.mid_range), _MID_LEVEL + g.plan.mid_range)


cdef void generate_next(Generator* g, BareCommand* bare, CommandLine* line, bint filling) noexcept nogil:
    if not filling:
        move_mid(g)
        g.made += 1
    make_bare(g, bare, filling)
    make_line(g, bare, line)
    bare_apply(g.book, bare, BARE_SILENT)
    if bare.kind == BARE_NEW and g.book.links[bare.id]:
        g.live[g.live_count] = bare.id
        g.live_count += 1


cdef int begin(Generator* g, const Plan* plan, Venue* venue, uint32_t instrument, uint32_t most) noexcept nogil:
    """A generator of at most `most` commands, in zeroed memory. 0, or -1 where memory is short."""
    g.plan = plan[0]
    g.plan.live_target = max(plan.live_target // plan.instruments, <uint32_t> 1)
    g.venue = venue
    g.instrument = instrument
    g.random = plan.seed + (instrument - 1) * <uint64_t> 0xd1342543de82ef95
    g.mid = _MID_LEVEL
    g.book = bare_book_create(most + 1, most + 1)
    g.live = <uint32_t*> calloc(most + 2, sizeof(uint32_t))
    g.owner = <uint32_t*> calloc(most + 2, sizeof(uint32_t))
    g.name = <int64_t*> calloc(most + 2, sizeof(int64_t))
    return -1 if g.book == NULL or g.live == NULL or g.owner == NULL or g.name == NULL else 0


cdef void end(Generator* g) noexcept nogil:
    bare_book_destroy(g.book)
    free(g.live)
    free(g.owner)
    free(g.name)


cdef int generate_all(Generator* all, uint32_t instruments, BareCommand* bare, CommandLine* lines, Py_ssize_t fill,
                      Py_ssize_t total) noexcept nogil:
    """The fill goes to the instruments in turn, the rest in groups of one command each in an order drawn for each
    group."""
    cdef Generator chooser = all[0]
    cdef uint32_t[INSTRUMENTS_MAX] order
    cdef uint32_t at, other
    cdef Py_ssize_t i
    for at in range(instruments):
        order[at] = at
    for i in range(total):
        at = <uint32_t> (i % instruments)
        if instruments > 1 and i >= fill:
            other = at + below(&chooser, instruments - at)
            order[at], order[other] = order[other], order[at]
        generate_next(&all[order[at]], &bare[i], &lines[i], i < fill)
    return 0


def generate(*, uint64_t seed, uint32_t new, uint32_t ioc, uint32_t cancel, uint32_t live, uint32_t width,
             uint32_t mid_every, uint32_t mid_step, int32_t mid_range, int32_t swing, uint32_t swing_period,
             bint makes_way, uint32_t sessions, uint32_t instruments, int64_t price_offset, Py_ssize_t count):
    """(fill, lines, bare fill, bare commands): first as many new orders as shall be live, then `count` commands of
    the mix.

    `new`, `ioc` and `cancel` are ten thousandths; the fields of Plan say what the rest is. Lines are COMMAND
    arrays, one line a command, sequence 0; sessions 1 to `sessions` and instruments 1 to `instruments` are to be
    defined before. With several instruments the bare commands' ids are each instrument's own.
    """
    cdef Py_ssize_t total = live + count
    lines = np.zeros(total, COMMAND)
    commands = np.zeros(total, BARE_COMMAND)
    cdef CommandLine[::1] line_view = lines
    cdef BareCommand[::1] bare_view = commands
    cdef Plan plan = Plan(seed, new, ioc, cancel, live, width, mid_every, mid_step, mid_range, swing, swing_period,
                          makes_way, sessions, instruments, price_offset)
    cdef Venue venue
    cdef Generator* all
    cdef uint32_t i
    cdef int short_of_memory = 0
    if live < 1 or sessions < 1 or width < 1 or mid_step < 1 or new + ioc + cancel > 10_000:
        raise ValueError("a flow wants live, sessions, width and mid_step of 1 or more and shares of at most 10,000")
    if not 1 <= instruments <= INSTRUMENTS_MAX or (swing and swing_period < 4):
        raise ValueError(f"a flow wants 1 to {INSTRUMENTS_MAX} instruments, a swing a period of at least 4 commands")
    venue.time = START_TIME
    venue.marks = <int64_t*> calloc(sessions + 1, sizeof(int64_t))
    all = <Generator*> calloc(instruments, sizeof(Generator))
    try:
        if venue.marks == NULL or all == NULL:
            raise MemoryError("no memory for the flow")
        for i in range(instruments):
            short_of_memory |= begin(&all[i], &plan, &venue, i + 1, <uint32_t> (total // instruments + 2))
        if short_of_memory:
            raise MemoryError("no memory for the flow")
        with nogil:
            generate_all(all, instruments, &bare_view[0], &line_view[0], live, total)
    finally:
        if all != NULL:
            for i in range(instruments):
                end(&all[i])
        free(all)
        free(venue.marks)
    return lines[:live], lines[live:], commands[:live], commands[live:]
