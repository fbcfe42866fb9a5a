"""CRC32C (Castagnoli, RFC 3720): of records in the log, and the four lanes of the event digest."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from pricetime.matching.words cimport Word

cdef extern from "checksum.h" nogil:
    # Raw steps: no initial or final inversion.
    uint64_t crc32c_word(uint64_t crc, uint64_t word)
    uint32_t crc32c_bytes(uint32_t crc, const void* data, size_t size)
    int CRC32C_IN_HARDWARE

cdef struct EventDigest:
    uint32_t lanes[4]

cdef inline uint32_t record_checksum(const void* record, uint32_t lines, uint32_t predecessor) noexcept nogil:
    """CRC32C of a command record with its checksum field (the first 4 bytes) taken as 0, seeded with its predecessor's."""
    cdef const Word* words = <const Word*> record
    cdef uint64_t crc = crc32c_word(predecessor, words[0] & <uint64_t> 0xFFFFFFFF00000000)
    cdef uint32_t i
    for i in range(1, lines * 8):
        crc = crc32c_word(crc, words[i])
    return <uint32_t> crc

cdef inline void digest_event(EventDigest* digest, const void* event) noexcept nogil:
    """Add one 128-byte event: word i goes to lane i mod 4."""
    cdef const Word* words = <const Word*> event
    cdef uint64_t a = digest.lanes[0], b = digest.lanes[1], c = digest.lanes[2], d = digest.lanes[3]
    cdef uint32_t i
    for i in range(0, 16, 4):
        a = crc32c_word(a, words[i])
        b = crc32c_word(b, words[i + 1])
        c = crc32c_word(c, words[i + 2])
        d = crc32c_word(d, words[i + 3])
    digest.lanes[0] = <uint32_t> a
    digest.lanes[1] = <uint32_t> b
    digest.lanes[2] = <uint32_t> c
    digest.lanes[3] = <uint32_t> d

cdef inline uint64_t digest_low(const EventDigest* digest) noexcept nogil:
    return digest.lanes[0] | (<uint64_t> digest.lanes[1] << 32)

cdef inline uint64_t digest_high(const EventDigest* digest) noexcept nogil:
    return digest.lanes[2] | (<uint64_t> digest.lanes[3] << 32)
