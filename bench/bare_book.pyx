"""Run the bare ladder book over prepared commands: what `bare/<flow>` measures, and the proof that it matches as
the engine does.

Owns nothing but the runs; bare_book.h is the book. Times are the thread's own, around the C loop alone.
"""

from time import thread_time_ns

import numpy as np


def _dtype():
    cdef BareCommand command
    return np.asarray(<BareCommand[:1]> &command).dtype


BARE_COMMAND = _dtype()
KIND_NEW, KIND_IOC, KIND_CANCEL, KIND_REPLACE = BARE_NEW, BARE_IOC, BARE_CANCEL, BARE_REPLACE
SIDE_BUY, SIDE_SELL = BARE_BUY, BARE_SELL
LEVELS, LEVEL_MIN, LEVEL_MAX = BARE_LEVELS, BARE_LEVEL_MIN, BARE_LEVEL_MAX


def _id_max(commands):
    return int(np.asarray(commands)["id"].max()) if len(commands) else 0


def _run(const BareCommand[::1] fill, const BareCommand[::1] commands, uint32_t live_max, bint checked):
    cdef BareBook* book = bare_book_create(live_max, max(_id_max(fill), _id_max(commands)))
    cdef size_t fill_count = fill.shape[0], count = commands.shape[0]
    if book == NULL:
        raise MemoryError("no memory for the bare book")
    try:
        if fill_count:
            with nogil:
                if checked:
                    bare_book_run_checked(book, &fill[0], fill_count)
                else:
                    bare_book_run(book, &fill[0], fill_count)
        start = thread_time_ns()
        if count:
            with nogil:
                if checked:
                    bare_book_run_checked(book, &commands[0], count)
                else:
                    bare_book_run(book, &commands[0], count)
        return thread_time_ns() - start, book.trades, book.checksum
    finally:
        bare_book_destroy(book)


def time_bare_book(fill, commands, live_max=1 << 17):
    """Nanoseconds of processor time that a new bare book takes for `commands` (a BARE_COMMAND array), `fill` having
    gone in before."""
    return _run(fill, commands, live_max, False)[0]


def bare_trades(fill, commands, live_max=1 << 17):
    """(number of trades, checksum over maker id, level and quantity of each) of fill and commands in a new bare
    book."""
    return _run(fill, commands, live_max, True)[1:]


def trades_checksum(const uint32_t[::1] makers, const int32_t[::1] levels, const int64_t[::1] quantities):
    """The checksum of bare_trades over trades that another engine made."""
    cdef uint64_t checksum = 0
    cdef Py_ssize_t i
    for i in range(makers.shape[0]):
        checksum = bare_checksum(checksum, makers[i], levels[i], quantities[i])
    return checksum
