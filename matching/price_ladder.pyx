"""The rare half of PriceLadder: levels outside the window, and moving the window. Level and block pools."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from pricetime.matching.memory cimport CACHE_LINE, count_trailing_zeros, take_lines

assert sizeof(Level) == CACHE_LINE and BLOCK_TICKS == 1 << BLOCK_TICKS_SHIFT and WINDOW_BLOCKS == SUMMARY_WORDS * 64
assert SUMMARY_WORDS <= 32, "top has one bit for each summary word"


cdef int level_pool_create(LevelPool* pool, uint32_t orders) noexcept nogil:
    """As many levels as orders, and a block for every 16 orders. 0, or -1 where memory is short."""
    pool.blocks_capacity = orders // 16 + 64
    pool.levels = <Level*> take_lines((<size_t> orders + 1) * sizeof(Level), &pool.levels_memory)
    pool.blocks = <Block*> calloc(<size_t> pool.blocks_capacity + 1, sizeof(Block))
    pool.levels_free = pool.levels_touched = pool.blocks_free = pool.blocks_touched = 0
    return 0 if pool.levels is not NULL and pool.blocks is not NULL else -1


cdef void level_pool_destroy(LevelPool* pool) noexcept nogil:
    free(pool.levels_memory)
    free(pool.blocks)
    pool.levels_memory = NULL
    pool.levels = NULL
    pool.blocks = NULL


cdef int ladder_create(PriceLadder* self) noexcept nogil:
    """Take the window's directory (8 KiB) of a zeroed ladder. 0, or -1 where memory is short."""
    self.directory = <uint32_t*> calloc(WINDOW_BLOCKS, sizeof(uint32_t))
    return 0 if self.directory is not NULL else -1


cdef void ladder_destroy(PriceLadder* self) noexcept nogil:
    free(self.directory)
    self.directory = NULL


# ------------------------------------------------------------------------------------- the treap of far levels
# Ordered by key; a parent's priority is above its children's. The priority is a hash of the key, so the shape is a
# function of the keys alone, its depth logarithmic.

cdef inline uint64_t priority(int64_t key) noexcept nogil:
    cdef uint64_t x = <uint64_t> key * <uint64_t> 0x9E3779B97F4A7C15
    x ^= x >> 32
    return x * <uint64_t> 0xD6E8FEB86659FD93


cdef uint32_t far_find(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The far level with this key, or 0."""
    cdef uint32_t index = self.far_root
    while index != 0 and pool.levels[index].key != key:
        index = pool.levels[index].left if key < pool.levels[index].key else pool.levels[index].right
    return index


cdef uint32_t far_below(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The highest far level below `key`, or 0."""
    cdef uint32_t index = self.far_root, found = 0
    while index != 0:
        if pool.levels[index].key < key:
            found = index
            index = pool.levels[index].right
        else:
            index = pool.levels[index].left
    return found


cdef inline void hang(PriceLadder* self, Level* levels, uint32_t parent, uint32_t old, uint32_t new) noexcept nogil:
    """Put `new` where `old` hangs below `parent` (0: the root)."""
    if parent == 0:
        self.far_root = new
    elif levels[parent].left == old:
        levels[parent].left = new
    else:
        levels[parent].right = new
    if new != 0:
        levels[new].parent = parent


cdef void rotate_up(PriceLadder* self, Level* levels, uint32_t index) noexcept nogil:
    """Exchange a level with its parent, keeping the order of keys."""
    cdef uint32_t parent = levels[index].parent, inner
    hang(self, levels, levels[parent].parent, parent, index)
    if levels[parent].left == index:
        inner = levels[index].right
        levels[parent].left = inner
        levels[index].right = parent
    else:
        inner = levels[index].left
        levels[parent].right = inner
        levels[index].left = parent
    if inner != 0:
        levels[inner].parent = parent
    levels[parent].parent = index


cdef void far_insert(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    cdef Level* levels = pool.levels
    cdef int64_t key = levels[index].key
    cdef uint32_t parent = 0, at = self.far_root
    while at != 0:
        parent = at
        at = levels[at].left if key < levels[at].key else levels[at].right
    levels[index].block = levels[index].left = levels[index].right = 0
    levels[index].parent = parent
    if parent == 0:
        self.far_root = index
    elif key < levels[parent].key:
        levels[parent].left = index
    else:
        levels[parent].right = index
    while levels[index].parent != 0 and priority(key) > priority(levels[levels[index].parent].key):
        rotate_up(self, levels, index)
    self.far_levels += 1


cdef void far_remove(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    cdef Level* levels = pool.levels
    cdef uint32_t left, right
    while True:
        left, right = levels[index].left, levels[index].right
        if left == 0 or right == 0:
            break
        if priority(levels[left].key) > priority(levels[right].key):
            rotate_up(self, levels, left)
        else:
            rotate_up(self, levels, right)
    hang(self, levels, levels[index].parent, index, left if left != 0 else right)
    self.far_levels -= 1


# ------------------------------------------------------------------------------------------------ the window

cdef void ladder_add_outside(PriceLadder* self, LevelPool* pool, uint32_t index) noexcept nogil:
    """A new level that the window does not cover (or has no block for): move the window where that pays, else keep it far."""
    cdef int64_t key = pool.levels[index].key
    cdef uint64_t position
    if self.near_levels == 0:
        self.base = (key >> BLOCK_TICKS_SHIFT) - WINDOW_BLOCKS // 2
        self.misses = 0
        position = window_position(self, key)
        if near_insert(self, pool, index, position):
            return
    far_insert(self, pool, index)
    self.misses += 1
    if self.misses >= REBASE_MISSES and pool.levels[self.best].block == 0:
        ladder_rebase(self, pool)


cdef void ladder_rebase(PriceLadder* self, LevelPool* pool) noexcept nogil:
    """Move the window so that the best level is in its middle. Costs in proportion to the levels that change place;
    it takes REBASE_MISSES new levels outside and the touch outside to bring it about."""
    cdef uint32_t index, lower
    cdef int64_t centre = pool.levels[self.best].key >> BLOCK_TICKS_SHIFT
    cdef uint64_t position
    self.misses = 0
    if centre - self.base >= 0 and centre - self.base < WINDOW_BLOCKS:
        return      # it is inside already: there was no block for it
    while True:
        index = near_best(self, pool)
        if index == 0:
            break
        near_remove(self, pool, index)
        far_insert(self, pool, index)
    self.base = centre - WINDOW_BLOCKS // 2
    index = self.best
    while index != 0:
        lower = far_below(self, pool, pool.levels[index].key)
        position = window_position(self, pool.levels[index].key)
        if position >= WINDOW_BLOCKS:
            break
        far_remove(self, pool, index)
        if not near_insert(self, pool, index, position):
            far_insert(self, pool, index)
            break
        index = lower


# ------------------------------------------------------------------------------- walking from the back (calls only)

cdef uint32_t near_above(const PriceLadder* self, const LevelPool* pool, uint64_t position, int low_tick) noexcept nogil:
    """The lowest level in the window at or above tick `low_tick` of the block at `position`, or 0."""
    cdef uint32_t block = self.directory[position], word = <uint32_t> (position >> 6)
    cdef uint64_t bits = pool.blocks[block].bitmap & (~<uint64_t> 0 << low_tick) if low_tick < BLOCK_TICKS else 0
    if bits == 0:
        bits = self.summary[word] & (~<uint64_t> 1 << (position & 63))
        if bits == 0:
            bits = self.top & (~<uint64_t> 1 << word)
            if bits == 0:
                return 0
            word = count_trailing_zeros(bits)
            bits = self.summary[word]
        block = self.directory[word * 64 + count_trailing_zeros(bits)]
        bits = pool.blocks[block].bitmap
    return pool.blocks[block].levels[count_trailing_zeros(bits)]


cdef uint32_t far_above(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    """The lowest far level above `key`, or 0."""
    cdef uint32_t index = self.far_root, found = 0
    while index != 0:
        if pool.levels[index].key > key:
            found = index
            index = pool.levels[index].left
        else:
            index = pool.levels[index].right
    return found


cdef inline uint32_t lower_of(const LevelPool* pool, uint32_t one, uint32_t other) noexcept nogil:
    if one == 0 or (other != 0 and pool.levels[other].key < pool.levels[one].key):
        return other
    return one


cdef uint32_t ladder_above(const PriceLadder* self, const LevelPool* pool, int64_t key) noexcept nogil:
    cdef uint64_t position = window_position(self, key)
    cdef uint32_t near = 0
    if position < WINDOW_BLOCKS:
        near = near_above(self, pool, position, <int> (key & (BLOCK_TICKS - 1)) + 1)
    elif (key >> BLOCK_TICKS_SHIFT) < self.base:
        near = near_above(self, pool, 0, 0)
    return lower_of(pool, near, far_above(self, pool, key))


cdef uint32_t ladder_worst(const PriceLadder* self, const LevelPool* pool) noexcept nogil:
    cdef uint32_t far = self.far_root
    while far != 0 and pool.levels[far].left != 0:
        far = pool.levels[far].left
    return lower_of(pool, near_above(self, pool, 0, 0), far)
