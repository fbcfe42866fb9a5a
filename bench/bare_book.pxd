"""The bare ladder book of bare_book.h, the yardstick of the engine, for Cython. That header says what it is."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "bare_book.h" nogil:
    enum:
        BARE_LEVELS
        BARE_LEVEL_MIN
        BARE_LEVEL_MAX
        BARE_BUY
        BARE_SELL
        BARE_NEW
        BARE_IOC
        BARE_CANCEL
        BARE_REPLACE
        BARE_ACCEPTED
        BARE_TRADED
        BARE_CANCELED
        BARE_REPLACED
        BARE_SILENT

    ctypedef struct BareCommand:
        uint32_t id
        int32_t level
        int64_t quantity
        uint32_t kind
        uint32_t side

    ctypedef struct BareReport:
        uint32_t kind
        uint32_t id
        uint32_t maker
        int32_t level
        int64_t quantity
        int64_t open

    ctypedef struct BareSink:
        BareReport* reports
        size_t capacity
        size_t count
        void (*drain)(BareSink* sink) noexcept nogil
        void* context

    ctypedef struct BareOrder:
        int32_t level
        uint32_t id
        int64_t open
        int64_t filled

    ctypedef struct BareBook:
        int32_t best[2]
        uint32_t live
        uint64_t trades
        uint64_t checksum
        BareSink* sink
        uint32_t* links

    BareBook* bare_book_create(uint32_t live_max, uint32_t ids_max)
    BareOrder* bare_order(const BareBook* book, uint32_t link)
    uint32_t bare_oldest(const BareBook* book, int32_t level)
    void bare_book_destroy(BareBook* book)
    uint64_t bare_checksum(uint64_t checksum, uint32_t maker, int32_t level, int64_t quantity)
    void bare_apply(BareBook* book, const BareCommand* command, int mode)
    void bare_book_run(BareBook* book, const BareCommand* commands, size_t count)
    void bare_book_run_checked(BareBook* book, const BareCommand* commands, size_t count)
    void bare_book_apply_reporting(BareBook* book, const BareCommand* command)
