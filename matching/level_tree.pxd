"""Price levels, the pool they come from, and LevelTree: levels by key, for those that no array covers.

A treap threaded through the levels: ordered by key, a parent's priority above its children's. The priority is a hash of the
key, so the shape is a function of the keys alone, its depth logarithmic; nothing is allocated. The far part of a price ladder
is one, and so are the stops of each side.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef struct Level:
    int64_t key
    int64_t quantity            # what its displayed orders show
    int64_t reserve             # what else is open here: hidden orders, icebergs behind their shown part
    uint32_t head               # oldest displayed order
    uint32_t tail               # youngest
    uint32_t count              # displayed orders
    uint32_t hidden_head        # oldest hidden order
    uint32_t hidden_tail
    uint32_t hidden_count
    uint32_t block              # near: its block; in a tree: 0
    uint32_t parent             # tree links, by level index
    uint32_t left               # lower keys; free list
    uint32_t right              # higher keys

cdef struct Block:
    uint32_t levels[64]         # of ticks in a row

cdef struct LevelPool:
    # Shared by all ladders and trees of an engine.
    Level* levels               # by index from 1; as many as orders. Level 0 is nobody's: the lowest key, and nothing in it
    uint32_t levels_free
    uint32_t levels_touched
    Block* blocks               # by number from 1
    uint64_t* bitmaps           # which levels a block has; 0: it may be taken away
    uint32_t** places           # in the directory of a ladder (price_ladder.pxd): where a block's number stands
    uint32_t blocks_capacity
    uint32_t blocks_touched
    uint32_t blocks_hand        # where the search for an empty one goes on, when all are touched

cdef struct LevelTree:
    uint32_t root               # 0: empty
    uint32_t count


cdef uint32_t tree_find(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil
    # The level with this key, or 0.
cdef uint32_t tree_below(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil
    # The highest level below `key`, or 0.
cdef uint32_t tree_above(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil
    # The lowest level above `key`, or 0.
cdef uint32_t tree_lowest(const LevelTree* self, const LevelPool* pool) noexcept nogil
cdef uint32_t tree_highest(const LevelTree* self, const LevelPool* pool) noexcept nogil
cdef void tree_insert(LevelTree* self, LevelPool* pool, uint32_t index) noexcept nogil
    # Put in a level whose key the tree has not.
cdef void tree_remove(LevelTree* self, LevelPool* pool, uint32_t index) noexcept nogil


cdef inline uint32_t level_take(LevelPool* pool, int64_t key) noexcept nogil:
    """A new, empty level; the pool has as many as there are orders, so there is always one. All but its key and links is 0: so
    the system gave it, and so the last order left it."""
    cdef uint32_t free = pool.levels_free, fresh = pool.levels_touched + 1
    cdef uint32_t index = free if free else fresh       # no branch: where levels come and go the list is often at its end
    pool.levels_touched += free == 0
    pool.levels_free = pool.levels[free].left
    pool.levels[index].key = key
    return index


cdef inline void level_give_back(LevelPool* pool, uint32_t index) noexcept nogil:
    """Of an empty level that is in no ladder and no tree any more."""
    pool.levels[index].left = pool.levels_free
    pool.levels_free = index


cdef inline bint level_is_empty(const Level* level) noexcept nogil:
    return (level.count | level.hidden_count) == 0
