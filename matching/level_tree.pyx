"""LevelTree: a treap threaded through price levels."""

from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef inline uint64_t priority(int64_t key) noexcept nogil:
    cdef uint64_t x = <uint64_t> key * <uint64_t> 0x9E3779B97F4A7C15
    x ^= x >> 32
    return x * <uint64_t> 0xD6E8FEB86659FD93


cdef uint32_t tree_find(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil:
    cdef uint32_t index = self.root
    while index != 0 and pool.levels[index].key != key:
        index = pool.levels[index].left if key < pool.levels[index].key else pool.levels[index].right
    return index


cdef uint32_t tree_below(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil:
    cdef uint32_t index = self.root, found = 0
    while index != 0:
        if pool.levels[index].key < key:
            found = index
            index = pool.levels[index].right
        else:
            index = pool.levels[index].left
    return found


cdef uint32_t tree_above(const LevelTree* self, const LevelPool* pool, int64_t key) noexcept nogil:
    cdef uint32_t index = self.root, found = 0
    while index != 0:
        if pool.levels[index].key > key:
            found = index
            index = pool.levels[index].left
        else:
            index = pool.levels[index].right
    return found


cdef uint32_t tree_lowest(const LevelTree* self, const LevelPool* pool) noexcept nogil:
    cdef uint32_t index = self.root
    while index != 0 and pool.levels[index].left != 0:
        index = pool.levels[index].left
    return index


cdef uint32_t tree_highest(const LevelTree* self, const LevelPool* pool) noexcept nogil:
    cdef uint32_t index = self.root
    while index != 0 and pool.levels[index].right != 0:
        index = pool.levels[index].right
    return index


cdef inline void hang(LevelTree* self, Level* levels, uint32_t parent, uint32_t old, uint32_t new) noexcept nogil:
    """Put `new` where `old` hangs below `parent` (0: the root)."""
    if parent == 0:
        self.root = new
    elif levels[parent].left == old:
        levels[parent].left = new
    else:
        levels[parent].right = new
    if new != 0:
        levels[new].parent = parent


cdef void rotate_up(LevelTree* self, Level* levels, uint32_t index) noexcept nogil:
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


cdef void tree_insert(LevelTree* self, LevelPool* pool, uint32_t index) noexcept nogil:
    cdef Level* levels = pool.levels
    cdef int64_t key = levels[index].key
    cdef uint32_t parent = 0, at = self.root
    while at != 0:
        parent = at
        at = levels[at].left if key < levels[at].key else levels[at].right
    levels[index].block = levels[index].left = levels[index].right = 0
    levels[index].parent = parent
    if parent == 0:
        self.root = index
    elif key < levels[parent].key:
        levels[parent].left = index
    else:
        levels[parent].right = index
    while levels[index].parent != 0 and priority(key) > priority(levels[levels[index].parent].key):
        rotate_up(self, levels, index)
    self.count += 1


cdef void tree_remove(LevelTree* self, LevelPool* pool, uint32_t index) noexcept nogil:
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
    self.count -= 1
