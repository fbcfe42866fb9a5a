/* CRC32C steps: the processor's instruction where the compiler may use it, a table elsewhere. No inversion of the
 * initial or final value: callers seed and finish as their format says. */
#ifndef PRICETIME_CHECKSUM_H
#define PRICETIME_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A word's step takes and gives 64 bits, the upper half 0, as the instruction does: no narrowing between steps. */
#if defined(__SSE4_2__)
#include <nmmintrin.h>
#define CRC32C_IN_HARDWARE 1
static inline uint32_t crc32c_byte(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
static inline uint64_t crc32c_word(uint64_t crc, uint64_t word) { return _mm_crc32_u64(crc, word); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define CRC32C_IN_HARDWARE 1
static inline uint32_t crc32c_byte(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
static inline uint64_t crc32c_word(uint64_t crc, uint64_t word) { return __crc32cd((uint32_t)crc, word); }
#else
#define CRC32C_IN_HARDWARE 0
static inline uint32_t crc32c_byte(uint32_t crc, uint8_t byte) {
    /* One nibble at a time: the table fits a cache line and needs no set-up. */
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    crc ^= byte;
    crc = (crc >> 4) ^ table[crc & 15];
    return (crc >> 4) ^ table[crc & 15];
}
static inline uint64_t crc32c_word(uint64_t crc, uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8) crc = crc32c_byte((uint32_t)crc, (uint8_t)(word >> shift));
    return crc;
}
#endif

static inline uint32_t crc32c_bytes(uint32_t crc, const void *data, size_t size) {
    const uint8_t *bytes = (const uint8_t *)data;
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = (uint32_t)crc32c_word(crc, word);
    }
    for (; size; size--, bytes++) crc = crc32c_byte(crc, *bytes);
    return crc;
}
#endif
