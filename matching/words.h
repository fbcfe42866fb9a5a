/* Several fields of a struct read or written at once, as one word. A compiler otherwise takes it that a uint64_t is none of the
 * smaller fields that lie there, and may exchange the two accesses. */
#ifndef PRICETIME_WORDS_H
#define PRICETIME_WORDS_H

#include <stdint.h>

#if defined(__GNUC__)
typedef uint64_t __attribute__((__may_alias__)) Word;
typedef uint32_t __attribute__((__may_alias__)) HalfWord;
#else
#error "this compiler has no may_alias: tell it how words may be read where fields were written"
#endif
#endif
