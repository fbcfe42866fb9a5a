"""Notional: |price| x quantity in 128 bits, in the scale of a limit. Rule 13.

What reaches 2^127 is NOTIONAL_END, above every limit; sums of two values below it cannot wrap.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    typedef unsigned __int128 pricetime_u128;
    #define PRICETIME_NOTIONAL_END ((pricetime_u128) 1 << 127)
    static inline pricetime_u128 pricetime_power_of_ten(int exponent) {
        static const uint64_t powers[20] = {
            1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL,
            10000000000ULL, 100000000000ULL, 1000000000000ULL, 10000000000000ULL, 100000000000000ULL,
            1000000000000000ULL, 10000000000000000ULL, 100000000000000000ULL, 1000000000000000000ULL,
            10000000000000000000ULL};
        return exponent < 20 ? powers[exponent] : (pricetime_u128) powers[19] * powers[exponent - 19];
    }
    static inline pricetime_u128 pricetime_notional(int64_t price, int64_t quantity, int from, int to) {
        pricetime_u128 size = price < 0 ? -(uint64_t) price : (uint64_t) price, value = size * (uint64_t) quantity, power;
        if (from == to)
            return value;
        if (from > to) {
            power = pricetime_power_of_ten(from - to);
            return value / power + (value % power != 0);
        }
        power = pricetime_power_of_ten(to - from);
        return __builtin_mul_overflow(value, power, &value) || value > PRICETIME_NOTIONAL_END ? PRICETIME_NOTIONAL_END : value;
    }
    #define pricetime_u128_of(low, high) ((pricetime_u128) (high) << 64 | (low))
    """
    ctypedef unsigned long long Notional "pricetime_u128"
    const Notional NOTIONAL_END "PRICETIME_NOTIONAL_END"
    Notional notional_of "pricetime_notional"(int64_t price, int64_t quantity, int scale, int to_scale) noexcept nogil
        # `quantity` of 0 or more at `price`, both scales together in `scale` (0 to 36), rounded up to 10^-to_scale.
    Notional notional_join "pricetime_u128_of"(uint64_t low, uint64_t high) noexcept nogil

cdef enum:
    NOTIONAL_SCALE_MAX = 36

cdef inline uint64_t notional_low(Notional value) noexcept nogil:
    return <uint64_t> value

cdef inline uint64_t notional_high(Notional value) noexcept nogil:
    return <uint64_t> (value >> 64)
