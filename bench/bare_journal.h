/* The yardstick of the log: memcpy plus CRC32C. 64-byte lines go from an array into plain memory, each with a
 * checksum over its eight words; for reading, the checksums alone. Nothing else of a log: no sequence check, no valid word, no positions, no
 * segments, no file.
 *
 * Two forms. Chained: each line's checksum goes on from its predecessor's, as in the log, so that the eight steps
 * of a line wait for those before (three cycles a step). Unchained: every line starts anew, and the processor
 * overlaps lines. */
#ifndef PRICETIME_BARE_JOURNAL_H
#define PRICETIME_BARE_JOURNAL_H

#include "checksum.h"

#define BARE_LINE_BYTES 64

static inline uint32_t bare_checksum_line(uint32_t seed, const void *line) {
    return crc32c_bytes(seed, line, BARE_LINE_BYTES);
}

/* Copies one line and returns its checksum, which also replaces the copy's first 4 bytes: it must be stored
 * somewhere. */
static inline uint32_t bare_append_line(char *place, const char *line, uint32_t seed) {
    uint32_t crc = bare_checksum_line(seed, line);
    memcpy(place, line, BARE_LINE_BYTES);
    memcpy(place, &crc, sizeof crc);
    return crc;
}

static __attribute__((noinline)) uint32_t bare_append_chained(char *area, const char *lines, size_t count) {
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < count; i++)
        crc = bare_append_line(area + i * BARE_LINE_BYTES, lines + i * BARE_LINE_BYTES, crc);
    return crc;
}

static __attribute__((noinline)) uint32_t bare_append_unchained(char *area, const char *lines, size_t count) {
    uint32_t all = 0;
    for (size_t i = 0; i < count; i++)
        all ^= bare_append_line(area + i * BARE_LINE_BYTES, lines + i * BARE_LINE_BYTES, 0xFFFFFFFFu);
    return all;
}

/* Reading's: the same checksums of lines where they lie, nothing copied. */
static __attribute__((noinline)) uint32_t bare_read(const char *lines, size_t count) {
    uint32_t all = 0;
    for (size_t i = 0; i < count; i++) all ^= bare_checksum_line(0xFFFFFFFFu, lines + i * BARE_LINE_BYTES);
    return all;
}

/* What memory gives: its words added up. */
static __attribute__((noinline)) uint64_t bare_sum(const char *lines, size_t count) {
    uint64_t sum = 0, word;
    for (size_t i = 0; i < count * BARE_LINE_BYTES; i += sizeof word) {
        memcpy(&word, lines + i, sizeof word);
        sum += word;
    }
    return sum;
}
#endif
