"""CRC32C for Python: what the reference engine, the tests and tools need of the compiled checksums."""

from libc.stdint cimport uint32_t, uint64_t

HARDWARE = bool(CRC32C_IN_HARDWARE)


def crc32c(const unsigned char[::1] data not None, uint32_t seed=0):
    """CRC32C of `data` as RFC 3720 has it (inverted before and after); `seed` is the checksum of what came before."""
    if data.shape[0] == 0:
        return seed
    return crc32c_bytes(seed ^ 0xFFFFFFFF, &data[0], data.shape[0]) ^ 0xFFFFFFFF


def checksum_record(const unsigned char[::1] record not None, uint32_t predecessor):
    """The checksum of one command record (whole lines), seeded with its predecessor's."""
    if record.shape[0] % 64 or not 64 <= record.shape[0] <= 512:
        raise ValueError(f"record has {record.shape[0]} bytes, expected 1 to 8 lines of 64")
    return record_checksum(&record[0], record.shape[0] // 64, predecessor)


def digest_events(const unsigned char[::1] events not None, uint64_t low, uint64_t high):
    """Go on with a 128-bit event digest (low, high) over whole 128-byte events; returns the new (low, high)."""
    if events.shape[0] % 128:
        raise ValueError(f"events have {events.shape[0]} bytes, expected a multiple of 128")
    cdef EventDigest digest
    cdef Py_ssize_t offset
    digest.lanes[0], digest.lanes[1] = <uint32_t> low, <uint32_t> (low >> 32)
    digest.lanes[2], digest.lanes[3] = <uint32_t> high, <uint32_t> (high >> 32)
    for offset in range(0, events.shape[0], 128):
        digest_event(&digest, &events[offset])
    return digest_low(&digest), digest_high(&digest)
