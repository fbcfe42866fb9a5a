"""How a helper thread sleeps until another thread has left it something to do: POSIX's mutex and condition, and a word that spares the
other side the system call where nobody sleeps.

    other thread: store what is to be done, parking_wake        helper: found nothing, parking_sleep
"""

from libc.stdint cimport uint64_t

from pricetime.journal.atomics cimport fence_full, load_relaxed, store_relaxed

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    int pthread_mutex_init(pthread_mutex_t* mutex, const void* attributes)
    int pthread_mutex_lock(pthread_mutex_t* mutex)
    int pthread_mutex_unlock(pthread_mutex_t* mutex)
    int pthread_mutex_destroy(pthread_mutex_t* mutex)
    int pthread_cond_init(pthread_cond_t* condition, const void* attributes)
    int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex)
    int pthread_cond_signal(pthread_cond_t* condition)
    int pthread_cond_destroy(pthread_cond_t* condition)

cdef struct Parking:
    uint64_t parked                 # 1: the helper sleeps, or is about to
    pthread_mutex_t mutex
    pthread_cond_t wake

# Whether the owner's helper has something to do, or is to end: called with `parked` already set.
ctypedef bint (*WorkWaits)(const void* owner) noexcept nogil


cdef inline int parking_init(Parking* parking) noexcept nogil:
    """0 or errno."""
    cdef int error
    parking.parked = 0
    error = pthread_mutex_init(&parking.mutex, NULL)
    return error if error else pthread_cond_init(&parking.wake, NULL)


cdef inline void parking_free(Parking* parking) noexcept nogil:
    """After the helper has ended."""
    pthread_cond_destroy(&parking.wake)
    pthread_mutex_destroy(&parking.mutex)


cdef inline void parking_sleep(Parking* parking, WorkWaits work_waits, const void* owner) noexcept nogil:
    """The helper: sleep until woken, or not at all where work waits. The full fence pairs with the one in parking_wake: one of the
    two sides sees the other's store."""
    pthread_mutex_lock(&parking.mutex)
    store_relaxed(&parking.parked, 1)
    fence_full()
    while load_relaxed(&parking.parked) and not work_waits(owner):
        pthread_cond_wait(&parking.wake, &parking.mutex)
    store_relaxed(&parking.parked, 0)
    pthread_mutex_unlock(&parking.mutex)


cdef inline void parking_wake(Parking* parking) noexcept nogil:
    """Any other thread, after its store: end the helper's sleep. A system call only where it sleeps."""
    fence_full()
    if load_relaxed(&parking.parked):
        pthread_mutex_lock(&parking.mutex)
        store_relaxed(&parking.parked, 0)
        pthread_cond_signal(&parking.wake)
        pthread_mutex_unlock(&parking.mutex)
