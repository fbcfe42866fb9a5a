"""Frames between the loop and its own helpers, which are peers of its socket like any client: the desk (a process that answers
what takes time, docs/architecture.md) and the steward (a thread that journals the venue's own commands).

    0   marker   kind   role   encoding │ routing
    8   sequence
    16  session │ user
    24  payload's bytes │ lines a report   reason
    32  secret of this start (ENROL), else zero
    64  payload

The first byte of a payload tells what it is: 0xC1 is no MessagePack and no record of ours.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    INTERNAL_MARKER = 0xC1
    INTERNAL_BYTES = 64
    SECRET_BYTES = 32

cpdef enum InternalKind:
    """What a frame is for, and who sends it."""
    ENROL = 1               # helper: I am, with the secret. Answered by RESULT
    FORWARD = 2             # loop to desk: a client's payload as it came: MessagePack, or one record
    TRANSLATE = 3           # loop to desk: reports for a client that speaks MessagePack
    DELIVER = 4             # desk to loop: payload for a client, as it is
    SUBMIT = 5              # desk to loop: records on behalf of a client; steward to loop, routing 0: of the venue itself
    RESULT = 6              # loop to helper: the payload has a Reason for each record of a steward's SUBMIT, a byte each

cpdef enum InternalRole:
    """Who a helper is."""
    DESK = 1
    STEWARD = 2

cpdef enum Encoding:
    """Of a connection, from its Logon to its end."""
    LINES = 0
    MESSAGE_PACK = 1

cdef struct InternalLine:
    uint8_t marker
    uint8_t kind
    uint8_t role            # ENROL
    uint8_t encoding        # of the client's connection
    uint32_t routing        # the number in the client's routing id, as its 4 bytes stand in memory; 0: nobody's
    uint64_t sequence       # FORWARD, RESULT: last command that was applied
    uint32_t session        # of the client's connection; 0: not logged on
    uint32_t user           # key that its messages come with; 0: none
    uint32_t payload_bytes
    uint8_t report_lines    # 1, or 2 with FULL_REPORTS
    uint8_t reason          # DELIVER: a Reason, where the payload is a refusal. FORWARD, SUBMIT: THROTTLED where it came too fast
    uint16_t zeros
    uint8_t secret[SECRET_BYTES]


cdef inline bint is_message_pack(uint8_t first) noexcept nogil:
    """Whether a payload that begins so is a map or an array of MessagePack. A record on the wire has a checksum of 0."""
    return 0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF
