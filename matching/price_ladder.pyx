"""The rare half of PriceLadder: levels outside the window, and moving the window. Level and block pools."""

from libc.stdint cimport INT64_MIN, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.matching.level_tree cimport (
    Block, Level, LevelPool, tree_above, tree_below, tree_insert, tree_lowest, tree_remove,
)
from pricetime.matching.memory cimport CACHE_LINE, count_leading_zeros, give_lines_back, take_lines

assert sizeof(Level) == CACHE_LINE and BLOCK_TICKS == 1 << BLOCK_TICKS_SHIFT and WINDOW_BLOCKS == SUMMARY_WORDS * 64
assert SUMMARY_WORDS <= 32, "top has one bit for each summary word"


cdef int level_pool_create(LevelPool* pool, uint32_t orders) noexcept nogil:
    """As many levels as orders, and a block for every 32 orders: two ticks an order. 0, or -1 where memory is short."""
    pool.blocks_capacity = orders // 32 + 64
    pool.levels = <Level*> take_lines((<size_t> orders + 1) * sizeof(Level))
    pool.blocks = <Block*> take_lines((<size_t> pool.blocks_capacity + 1) * sizeof(Block))
    pool.bitmaps = <uint64_t*> take_lines((<size_t> pool.blocks_capacity + 1) * sizeof(uint64_t))
    pool.places = <uint32_t**> take_lines((<size_t> pool.blocks_capacity + 1) * sizeof(uint32_t*))
    pool.levels_free = pool.levels_touched = pool.blocks_touched = pool.blocks_hand = 0
    if pool.levels is NULL or pool.blocks is NULL or pool.bitmaps is NULL or pool.places is NULL:
        return -1
    pool.levels[0].key = INT64_MIN
    return 0


cdef void level_pool_destroy(LevelPool* pool) noexcept nogil:
    give_lines_back(pool.levels)
    give_lines_back(pool.blocks)
    give_lines_back(pool.bitmaps)
    give_lines_back(pool.places)
    pool.levels = NULL
    pool.blocks = NULL
    pool.bitmaps = NULL
    pool.places = NULL


cdef int ladder_create(PriceLadder* self) noexcept nogil:
    """Take the window's directory (8 KiB) of a zeroed ladder. 0, or -1 where memory is short."""
    self.directory = <uint32_t*> calloc(WINDOW_BLOCKS, sizeof(uint32_t))
    return 0 if self.directory is not NULL else -1


cdef void ladder_destroy(PriceLadder* self) noexcept nogil:
    free(self.directory)
    self.directory = NULL


# ------------------------------------------------------------------------------------------------ the window

cdef uint32_t block_take(LevelPool* pool, uint32_t* place) noexcept nogil:
    """One that was never used; then one that stands empty somewhere, if it is among the next BLOCKS_LOOKED_AT."""
    cdef uint32_t number = 0, looks
    if pool.blocks_touched < pool.blocks_capacity:
        pool.blocks_touched += 1
        number = pool.blocks_touched
    else:
        for looks in range(<uint32_t> BLOCKS_LOOKED_AT):
            pool.blocks_hand = pool.blocks_hand % pool.blocks_capacity + 1
            if pool.bitmaps[pool.blocks_hand] == 0:
                number = pool.blocks_hand
                pool.places[number][0] = 0
                break
    if number != 0:
        pool.places[number] = place
        place[0] = number
    return number


cdef void ladder_add_outside(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    """A new level that the window does not cover (or has no block for): move the window where that pays, else keep it far."""
    cdef int64_t key = pool.levels[index].key
    cdef uint64_t position
    if self.top == 0:
        self.base = (~key >> BLOCK_TICKS_SHIFT) - WINDOW_BLOCKS // 2
        self.misses = 0
        position = window_position(self, key)
        if near_insert(self, pool, index, position):
            return
    tree_insert(&self.far, pool, index)
    self.misses += 1
    if self.misses >= REBASE_MISSES and pool.levels[self.best].block == 0:
        ladder_rebase(self, pool)


cdef void ladder_rebase(PriceLadder* self, LevelPool* pool) noexcept nogil:
    """Move the window so that the best level is in its middle. Costs in proportion to the levels that change place;
    it takes REBASE_MISSES new levels outside and the touch outside to bring it about."""
    cdef uint32_t index, lower
    cdef int64_t centre = ~pool.levels[self.best].key >> BLOCK_TICKS_SHIFT
    cdef uint64_t position
    self.misses = 0
    if centre - self.base >= 0 and centre - self.base < WINDOW_BLOCKS:
        return      # it is inside already: there was no block for it
    while True:
        index = near_best(self, pool)
        if index == 0:
            break
        near_remove(self, pool, index)
        tree_insert(&self.far, pool, index)
    self.base = centre - WINDOW_BLOCKS // 2
    index = self.best
    while index != 0:
        lower = tree_below(&self.far, pool, pool.levels[index].key)
        position = window_position(self, pool.levels[index].key)
        if position >= WINDOW_BLOCKS:
            break
        tree_remove(&self.far, pool, index)
        if not near_insert(self, pool, index, position):
            tree_insert(&self.far, pool, index)
            break
        index = lower


# ------------------------------------------------------------------------------- walking from the back (calls only)

cdef uint32_t near_above(const PriceLadder* self, const LevelPool* pool, uint64_t position, uint64_t tick) noexcept nogil:
    """The worst level in the window that is better than the tick (64: than none) of the block at `position`, or 0."""
    cdef uint32_t block = self.directory[position], word = <uint32_t> (position >> 6)
    cdef uint64_t bits = pool.bitmaps[block] & (~<uint64_t> 0 if tick == BLOCK_TICKS else (<uint64_t> 1 << tick) - 1)
    if bits == 0:
        bits = self.summary[word] & ((<uint64_t> 1 << (position & 63)) - 1)
        if bits == 0:
            bits = self.top & ((<uint64_t> 1 << word) - 1)
            if bits == 0:
                return 0
            word = 63 - count_leading_zeros(bits)
            bits = self.summary[word]
        block = self.directory[word * 64 + (63 - count_leading_zeros(bits))]
        bits = pool.bitmaps[block]
    return pool.blocks[block].levels[63 - count_leading_zeros(bits)]


cdef inline uint32_t near_worst(const PriceLadder* self, const LevelPool* pool) noexcept nogil:
    return near_above(self, pool, WINDOW_BLOCKS - 1, BLOCK_TICKS)


cdef inline uint32_t lower_of(const LevelPool* pool, uint32_t one, uint32_t other) noexcept nogil:
    if one == 0 or (other != 0 and pool.levels[other].key < pool.levels[one].key):
        return other
    return one


cdef uint32_t ladder_above(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    cdef uint64_t position = window_position(self, key)
    cdef uint32_t near = 0
    if position < WINDOW_BLOCKS:
        near = near_above(self, pool, position, tick_in_block(key))
    elif (~key >> BLOCK_TICKS_SHIFT) > self.base:
        near = near_worst(self, pool)
    return lower_of(pool, near, tree_above(&self.far, pool, key))


cdef uint32_t ladder_worst(const PriceLadder* self, const LevelPool* pool) noexcept nogil:
    return lower_of(pool, near_worst(self, pool), tree_lowest(&self.far, pool))
