/* Every inline function of the module that includes this is really inlined: the plain order's way then is straight code, in which
 * the compiler sees that there are no terms and keeps what is known in registers. Left to itself it shares the large functions
 * between the plain and the rare callers. */
#ifndef PRICETIME_STRAIGHT_H
#define PRICETIME_STRAIGHT_H
#if defined(__GNUC__)
#undef CYTHON_INLINE
#define CYTHON_INLINE __inline__ __attribute__((always_inline))
#endif
#endif
