"""What must be true of accounts, limits and counters of risk."""

from pricetime.matching.state cimport EngineState

cdef object broken_risk(EngineState* state)
    # None, or the first thing that is not as it must be.
