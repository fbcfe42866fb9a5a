"""PriceLadder: the price levels of one side of one book, best first.

Levels are ordered by a key: the tick number of a buy, its bitwise complement for a sell. The best level is the highest key
on either side, so that one mechanism serves both.

    near: a window of 2,048 blocks of 64 ticks, best first, an array index away:
          top (1 word) -> summary (32 words) -> bitmap of the block (1 word) -> its levels[64] -> Level
    far:  every level outside the window, or for which no block was left, in a tree (level_tree.pxd)

Blocks come from one pool for all ladders, on demand. An empty one stays where it is, for the next level there or, when the window
has moved, elsewhere; with the pool used up it is taken from there (block_take). A price allocates nothing: with no block to be had
a level is a far one. The window moves when the best level is outside it (ladder_rebase). Where a level is kept never shows.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pricetime.matching.level_tree cimport (
    LevelPool, LevelTree, level_give_back, level_take, tree_below, tree_find, tree_remove,
)
from pricetime.matching.memory cimport count_trailing_zeros, unlikely

cdef enum:
    BLOCK_TICKS_SHIFT = 6
    BLOCK_TICKS = 64
    WINDOW_BLOCKS = 2048
    SUMMARY_WORDS = 32
    REBASE_MISSES = 64          # far insertions with the best level outside before the window moves
    BLOCKS_LOOKED_AT = 16       # for an empty one, where a level wants a block and all have been used

cdef struct PriceLadder:
    uint32_t best               # level of the highest key; 0: none
    uint32_t top                # which summary words are not 0; 0: no level is near
    LevelTree far
    uint32_t misses
    int64_t base                # first block of the window (~key >> 6)
    uint32_t* directory         # block of each window position; 0: none
    uint64_t summary[32]        # which window positions have a block that is not empty


cdef int level_pool_create(LevelPool* pool, uint32_t orders) noexcept nogil
cdef void level_pool_destroy(LevelPool* pool) noexcept nogil
cdef int ladder_create(PriceLadder* self) noexcept nogil
cdef void ladder_destroy(PriceLadder* self) noexcept nogil
cdef uint32_t ladder_above(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil
    # The worst level better than `key`, or 0.
cdef uint32_t ladder_worst(const PriceLadder* self, const LevelPool* pool) noexcept nogil
    # The lowest level, or 0.
cdef uint32_t block_take(LevelPool* pool, uint32_t* place) noexcept nogil
    # An empty block for a place in a directory that has none, or 0.
cdef void ladder_add_outside(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil


cdef inline uint64_t window_position(const PriceLadder* self, int64_t key) noexcept nogil:
    """Where in the window the key's block stands; WINDOW_BLOCKS or more: outside. The best has the lowest place, and so the lowest
    bit: to find that is a quick step on every processor (TZCNT, which old ones take for BSF), the highest is not."""
    return <uint64_t> ((~key >> BLOCK_TICKS_SHIFT) - self.base)


cdef inline uint64_t tick_in_block(int64_t key) noexcept nogil:
    """0 is the best of its block."""
    return <uint64_t> ~key & (BLOCK_TICKS - 1)


cdef inline uint32_t ladder_near(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The level with this key where it is in the window, or 0."""
    cdef uint64_t position = window_position(self, key)
    if position >= WINDOW_BLOCKS:
        return 0
    # Block 0 of the pool is empty for ever: a position without a block needs no branch.
    return pool.blocks[self.directory[position]].levels[tick_in_block(key)]


cdef inline uint32_t ladder_find(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The level with this key, or 0."""
    cdef uint32_t index = ladder_near(self, pool, key)
    if index == 0 and self.far.count != 0:
        index = tree_find(&self.far, pool, key)
    return index


cdef inline bint near_insert(PriceLadder* self, LevelPool* pool, uint32_t index, uint64_t position) noexcept nogil:
    """Put a level into the window at `position`; False where no block is to be had."""
    cdef int64_t key = pool.levels[index].key
    cdef uint32_t number = self.directory[position]
    if unlikely(number == 0):
        number = block_take(pool, &self.directory[position])
        if number == 0:
            return False
    self.summary[position >> 6] |= <uint64_t> 1 << (position & 63)
    self.top |= <uint32_t> 1 << (position >> 6)
    pool.bitmaps[number] |= <uint64_t> 1 << tick_in_block(key)
    pool.blocks[number].levels[tick_in_block(key)] = index
    pool.levels[index].block = number
    return True


cdef inline void near_remove(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    """Without a branch: where levels are few and far between, half of them are alone in their block, and which cannot be foretold."""
    cdef int64_t key = pool.levels[index].key
    cdef uint32_t block = pool.levels[index].block
    cdef uint64_t position = window_position(self, key)
    cdef uint64_t bitmap = pool.bitmaps[block] & ~(<uint64_t> 1 << tick_in_block(key))
    cdef uint64_t summary = self.summary[position >> 6] & ~(<uint64_t> (bitmap == 0) << (position & 63))
    pool.blocks[block].levels[tick_in_block(key)] = 0
    pool.bitmaps[block] = bitmap
    self.summary[position >> 6] = summary
    self.top &= ~(<uint32_t> (summary == 0) << (position >> 6))


cdef inline uint32_t near_best(const PriceLadder* self, const LevelPool* pool) noexcept nogil:
    """The highest level in the window, or 0."""
    cdef uint32_t word, position, block
    if self.top == 0:
        return 0
    word = count_trailing_zeros(self.top)
    position = word * 64 + count_trailing_zeros(self.summary[word])
    block = self.directory[position]
    return pool.blocks[block].levels[count_trailing_zeros(pool.bitmaps[block])]


cdef inline uint32_t near_below(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The highest level in the window below `key`, or 0."""
    cdef uint64_t position = window_position(self, key), bits
    cdef uint32_t block, word
    if position >= WINDOW_BLOCKS:
        return near_best(self, pool) if (~key >> BLOCK_TICKS_SHIFT) < self.base else 0
    block = self.directory[position]
    bits = pool.bitmaps[block] & (~<uint64_t> 1 << tick_in_block(key))
    if bits == 0:
        word = <uint32_t> (position >> 6)
        bits = self.summary[word] & (~<uint64_t> 1 << (position & 63))
        if bits == 0:
            bits = self.top & (~<uint64_t> 1 << word)
            if bits == 0:
                return 0
            word = count_trailing_zeros(bits)
            bits = self.summary[word]
        block = self.directory[word * 64 + count_trailing_zeros(bits)]
        bits = pool.bitmaps[block]
    return pool.blocks[block].levels[count_trailing_zeros(bits)]


cdef inline uint32_t ladder_below(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The best level worse than `key`, or 0."""
    cdef uint32_t near = near_below(self, pool, key), far
    if self.far.count == 0:
        return near
    far = tree_below(&self.far, pool, key)
    if near == 0 or (far != 0 and pool.levels[far].key > pool.levels[near].key):
        return far
    return near


cdef inline void best_of(PriceLadder* self, const LevelPool* pool, uint32_t index, int64_t key) noexcept nogil:
    """Of the best level and this one, with its key, the better is the best: computed, as it cannot be foretold."""
    cdef uint32_t better = -<uint32_t> (key >= pool.levels[self.best].key)      # all bits
    self.best ^= (self.best ^ index) & better


cdef inline uint32_t ladder_add(PriceLadder* self, LevelPool* pool, int64_t key) noexcept nogil:
    """A new, empty level for a key that has none."""
    cdef uint32_t index = level_take(pool, key)
    cdef uint64_t position = window_position(self, key)
    best_of(self, pool, index, key)
    if position >= WINDOW_BLOCKS or not near_insert(self, pool, index, position):
        ladder_add_outside(self, pool, index)
    return index


cdef inline void ladder_remove(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    """Take an empty level away."""
    cdef int64_t key = pool.levels[index].key
    if pool.levels[index].block != 0:
        near_remove(self, pool, index)
    else:
        tree_remove(&self.far, pool, index)
    if self.far.count == 0:
        self.best = near_best(self, pool)       # whether it was the best is not asked: to guess costs more than to look
    elif self.best == index:
        self.best = ladder_below(self, pool, key)
    level_give_back(pool, index)
