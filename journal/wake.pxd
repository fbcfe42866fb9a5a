"""How a reader in another process sleeps until something is committed: DIR/tail, two words that both sides map.

    writer                                      reader that has found nothing
    ------                                      -----------------------------
    store committed (release), send reports     was = bell
    full fence                                  waiting = 1
    waiting? if so: waiting = 0,                full fence
             bell + 1, wake one (futex)         look at the log once more; nothing: sleep while bell == was
                                                woken: wake the next one, so that the writer need not wake them all

Of the two fences one comes first: either the writer sees `waiting`, or the reader sees what was committed. A reader that
dies while it waits costs one needless wake; one that was never woken looks again after a tenth of a second. To wake one
costs the writer some microseconds, however many sleep, and only where one does.
"""

from libc.stdint cimport uint64_t

from pricetime.journal.atomics cimport fence_full, load_relaxed

cdef enum:
    WAKE_BYTES = 4096

cdef struct WakeWords:
    uint64_t waiting                # 1: a reader sleeps, or is about to
    uint64_t zeros[15]
    uint64_t bell                   # how often readers were woken

cdef inline void wake_readers(WakeWords* words, bint surely) noexcept nogil:
    """After `committed` was stored; from any thread. NULL: nobody can wait. Where nobody does: a load of a word that nobody
    changes. No system call but where a reader sleeps.

    Surely: with the fence, so that none is overlooked that is about to sleep. It waits until the line with `committed`
    is back from the readers' processor (half a microsecond a batch beside a busy tail), so whoever publishes again soon
    does without, and does it surely before a rest."""
    if words == NULL:
        return
    if surely:
        fence_full()
    if load_relaxed(&words.waiting):
        wake_one(words)

cdef void wake_one(WakeWords* words) noexcept nogil
cdef int wake_open(const char* path, bint make, WakeWords** words) noexcept nogil
    # Map the file; `make`: where it is missing, make it. 0 or errno, and NULL in *words.
cdef void wake_close(WakeWords* words) noexcept nogil
