"""The door: is this a record at all? The door's other half, whether its sender may send it now, is engine_screen."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from pricetime.matching.records cimport *

cdef struct Shape:
    # What a command type looks like; index is the type.
    uint8_t known
    uint8_t lines               # bit n: LineType 129 + n may follow
    uint16_t attributes         # attribute bits that have a meaning

cdef Shape SHAPES[64]

cdef enum:
    FIRST_LINE_TYPE = NAME_LINE


cdef void shape(int type, int attributes, int lines) noexcept:
    SHAPES[type].known = 1
    SHAPES[type].attributes = <uint16_t> attributes
    SHAPES[type].lines = <uint8_t> lines


cdef int line_bit(int type) noexcept:
    return 1 << (type - FIRST_LINE_TYPE)


def _fill_shapes():
    memset(SHAPES, 0, sizeof(SHAPES))
    cdef int carried = line_bit(ACCOUNT_LINE) | line_bit(TEXT_LINE)
    cdef int name = line_bit(NAME_LINE)
    shape(NEW_ORDER_SINGLE, 0xFFFF, line_bit(ADVANCED_LINE) | carried)
    shape(ORDER_CANCEL_REQUEST, 0xFFFF, carried)
    shape(ORDER_CANCEL_REPLACE_REQUEST, 0xFFFF, line_bit(ADVANCED_LINE) | carried)
    shape(ORDER_MASS_CANCEL_REQUEST, SIDE_MASK | POSS_RESEND, 0)
    shape(ORDER_STATUS_REQUEST, BY_ORDER_ID, 0)
    shape(ORDER_MASS_STATUS_REQUEST, 0, 0)
    shape(SECURITY_DEFINITION, DISABLED, name | line_bit(INSTRUMENT_TERMS_LINE) | line_bit(INSTRUMENT_LIMITS_LINE))
    shape(PARTY_DEFINITION, DISABLED, name)
    shape(SESSION_DEFINITION, DISABLED | CANCEL_ON_DISCONNECT | RIGHTS_MASK, name)
    shape(RISK_LIMITS, 0, line_bit(RISK_ORDER_LIMITS_LINE) | line_bit(RISK_OPEN_LIMITS_LINE))
    shape(POSITION_ADJUST, 0, 0)
    shape(KILL_SWITCH, KILL_ON, 0)
    shape(TRADING_SESSION_STATUS, 0xFFFF, 0)
    shape(KEY_DEFINITION, DISABLED | RIGHTS_MASK, name | line_bit(TEXT_LINE))
    shape(VENUE_START, 0, 0)
    shape(LOGON, FULL_REPORTS, name)
    shape(LOGOUT, 0, 0)
    shape(DISCONNECT, 0, 0)
    shape(CLOCK, 0, 0)
    shape(EVENT_DIGEST, 0, 0)
    shape(HEARTBEAT, 0, 0)
    shape(TEST_REQUEST, 0, 0)
    shape(SECURITY_LIST_REQUEST, 0, 0)
    shape(RESEND_REQUEST, 0, 0)
    shape(PARTY_LIST_REQUEST, 0, 0)


_fill_shapes()


cdef uint32_t first_not_zero(const uint8_t* bytes, uint32_t start, uint32_t end) noexcept nogil:
    """The first byte in [start, end) that is not 0, or `end`."""
    while start < end and bytes[start] == 0:
        start += 1
    return start


cdef uint32_t text_fault(const uint8_t* bytes, uint32_t start, uint32_t end) noexcept nogil:
    """The first byte that is not 0 behind a text's end, or `end`."""
    while start < end and bytes[start] != 0:
        start += 1
    return first_not_zero(bytes, start, end)


cdef uint32_t presence_fault(const uint8_t* line, uint16_t defined) noexcept nogil:
    """The byte of the presence bits that holds an undefined one, or 64."""
    cdef uint16_t undefined = (line[6] | (<uint16_t> line[7] << 8)) & ~defined
    return 64 if undefined == 0 else 6 if undefined & 0xFF else 7


cdef uint32_t line_fault(const uint8_t* line) noexcept nogil:
    """The first byte of a further line that must be 0 and is not; 64: none."""
    cdef uint32_t fault = first_not_zero(line, 0, 4)
    cdef uint16_t defined = 0
    cdef uint32_t reserved = 64, text = 64
    if fault != 4:
        return fault
    if line[4] != ADVANCED_LINE and line[5] != 0:
        return 5
    if line[4] == NAME_LINE:
        text = 56
    elif line[4] == INSTRUMENT_TERMS_LINE:
        defined, reserved = PRICE_MAY_BE_NEGATIVE | HIDDEN_ALLOWED, 32
        if line[10] or line[11]:
            return 10 if line[10] else 11
    elif line[4] == INSTRUMENT_LIMITS_LINE:
        defined, reserved = 0x3F, 56
    elif line[4] == RISK_ORDER_LIMITS_LINE:
        defined, reserved = 0x7, 57
    elif line[4] == RISK_OPEN_LIMITS_LINE:
        defined, reserved = 0xF, 57
    elif line[4] == ADVANCED_LINE:
        defined, reserved = 0x1F, 48
    else:
        text = 64
    fault = presence_fault(line, defined)
    if fault != 64:
        return fault
    if reserved == 57:              # a risk line: its currency is a text
        fault = text_fault(line, 48, 56)
        if fault != 56:
            return fault
    if reserved != 64:
        return first_not_zero(line, reserved, 64)
    fault = text_fault(line, 8, text)
    return fault if fault != text else (64 if text == 64 else text_fault(line, text, 64))


cdef int record_screen(const CommandLine* record, size_t lines_available, uint32_t* offset) noexcept nogil:
    cdef const uint8_t* bytes = <const uint8_t*> record
    cdef uint32_t lines, i, fault
    cdef uint8_t before = 0, type
    cdef uint16_t undefined
    offset[0] = 0
    if lines_available == 0:
        return BAD_LENGTH
    offset[0] = 4
    if record.type >= 64 or not SHAPES[record.type].known:
        return UNKNOWN_MSG_TYPE
    offset[0] = 5
    if record_version(record) != RECORD_VERSION:
        return UNKNOWN_VERSION
    lines = record_lines(record)
    if lines == 0 or lines > LINES_MAX or lines > lines_available:
        return BAD_LINE_COUNT
    for i in range(1, lines):
        type = bytes[64 * i + 4]
        offset[0] = 64 * i + 4
        if type <= before or type < FIRST_LINE_TYPE or type > TEXT_LINE \
                or not (SHAPES[record.type].lines >> (type - FIRST_LINE_TYPE)) & 1:
            return BAD_FURTHER_LINE
        before = type
    undefined = record.attributes & ~SHAPES[record.type].attributes
    if undefined:
        offset[0] = 6 if undefined & 0xFF else 7
        return RESERVED_NOT_ZERO
    for i in range(1, lines):
        fault = line_fault(&bytes[64 * i])
        if fault != 64:
            offset[0] = 64 * i + fault
            return RESERVED_NOT_ZERO
    offset[0] = 0
    return 0
