"""Every invariant of the engine's memory, checked at a walk: for tests and for the curious, never on a path."""

from pricetime.matching.state cimport EngineState

cdef object broken_invariant(EngineState* state)
    # None, or a readable account of the first thing that is not as it must be.
