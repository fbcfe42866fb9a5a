"""NumPy's view of the record layouts: dtypes made from the C structs of records.pxd and canonical.pxd, so they cannot differ.

`COMMAND` describes the first line of a command; further lines are seen through their own dtypes (`lines.view(ADVANCED)`).
`EVENT` describes both lines of an event, `EVENT_LINE` its first alone. The enums of records.pxd are members of this module.
"""

import numpy as np

from pricetime.matching cimport canonical


def _dtypes():
    cdef CommandLine command
    cdef EventRecord event
    cdef NameLine name
    cdef InstrumentTermsLine terms
    cdef InstrumentLimitsLine limits
    cdef RiskOrderLimitsLine risk_order
    cdef RiskOpenLimitsLine risk_open
    cdef AdvancedLine advanced
    cdef TextLine text
    cdef canonical.StateHeader header
    cdef canonical.ParticipantState participant
    cdef canonical.NotionalLimitsState notional_limits
    cdef canonical.AccountState account
    cdef canonical.SessionState session
    cdef canonical.InstrumentState instrument
    cdef canonical.OrderState order
    views = {
        "COMMAND": <CommandLine[:1]> &command,
        "EVENT": <EventRecord[:1]> &event,
        "NAME": <NameLine[:1]> &name,
        "INSTRUMENT_TERMS": <InstrumentTermsLine[:1]> &terms,
        "INSTRUMENT_LIMITS": <InstrumentLimitsLine[:1]> &limits,
        "RISK_ORDER_LIMITS": <RiskOrderLimitsLine[:1]> &risk_order,
        "RISK_OPEN_LIMITS": <RiskOpenLimitsLine[:1]> &risk_open,
        "ADVANCED": <AdvancedLine[:1]> &advanced,
        "TEXT": <TextLine[:1]> &text,
        "STATE_HEADER": <canonical.StateHeader[:1]> &header,
        "PARTICIPANT_STATE": <canonical.ParticipantState[:1]> &participant,
        "NOTIONAL_LIMITS_STATE": <canonical.NotionalLimitsState[:1]> &notional_limits,
        "ACCOUNT_STATE": <canonical.AccountState[:1]> &account,
        "SESSION_STATE": <canonical.SessionState[:1]> &session,
        "INSTRUMENT_STATE": <canonical.InstrumentState[:1]> &instrument,
        "ORDER_STATE": <canonical.OrderState[:1]> &order,
    }
    dtypes = {key: _with_strings(np.asarray(view).dtype) for key, view in views.items()}
    dtypes["EVENT_LINE"] = _first_line(dtypes["EVENT"])
    return dtypes


def _first_line(dtype):
    """The fields of a dtype that lie within its first line."""
    names = [name for name in dtype.names if dtype.fields[name][1] < LINE_BYTES]
    return np.dtype({"names": names, "formats": [dtype.fields[name][0] for name in names],
                     "offsets": [dtype.fields[name][1] for name in names], "itemsize": LINE_BYTES})


def _with_strings(dtype):
    """char[n] fields as one string of n bytes: the buffer protocol has them as n strings of one."""
    fields = [(dtype.fields[name][0], dtype.fields[name][1]) for name in dtype.names]
    formats = [f"S{f.shape[0]}" if f.base == np.dtype("S1") else f for f, _ in fields]
    offsets = [offset for _, offset in fields]
    return np.dtype({"names": dtype.names, "formats": formats, "offsets": offsets, "itemsize": dtype.itemsize})


globals().update(_dtypes())
