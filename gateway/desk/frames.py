"""Internal frames for Python: bytes <-> Frame. The layout is gateway/internal.pxd's."""

import struct
from typing import NamedTuple

from pricetime.gateway.internal import HEADER_BYTES, MARKER, Encoding, InternalKind, InternalRole
from pricetime.matching.errors import CheckFailed

_HEADER = struct.Struct("<4BIQIIIBB2x32s")     # INTERNAL, field by field; a test compares
NO_SECRET = bytes(32)


class Frame(NamedTuple):
    """One frame. routing, session, user, encoding and report_lines are those of the client that it is about. reason: of
    what is delivered, where it is a refusal; THROTTLED, of what is forwarded and submitted: it came too fast."""

    kind: int
    payload: bytes = b""
    routing: int = 0
    session: int = 0
    encoding: int = Encoding.LINES
    report_lines: int = 1
    sequence: int = 0
    user: int = 0
    role: int = 0
    secret: bytes = NO_SECRET
    reason: int = 0

    def to_bytes(self) -> bytes:
        """Header and payload."""
        header = _HEADER.pack(
            MARKER, self.kind, self.role, self.encoding, self.routing, self.sequence, self.session, self.user,
            len(self.payload), self.report_lines, self.reason, self.secret,
        )
        return header + self.payload

    def answer(self, kind: InternalKind, payload: bytes, reason: int = 0) -> "Frame":
        """A frame about the same client."""
        return self._replace(kind=kind, payload=payload, reason=reason)


def frame_of(data: bytes) -> Frame:
    """A frame from its bytes. CheckFailed where they are none."""
    if len(data) < HEADER_BYTES or data[0] != MARKER:
        raise CheckFailed(f"a frame of {len(data)} bytes from the venue, expected a header of {HEADER_BYTES}")
    _, kind, role, encoding, routing, sequence, session, user, size, lines, reason, secret = _HEADER.unpack_from(data)
    if size != len(data) - HEADER_BYTES:
        raise CheckFailed(f"a frame with {len(data) - HEADER_BYTES} bytes of payload, its header says {size}")
    return Frame(kind, data[HEADER_BYTES:], routing, session, encoding, lines, sequence, user, role, secret,
                 reason)


def enrolment(secret: bytes, role: InternalRole) -> Frame:
    """The first frame of a helper."""
    return Frame(InternalKind.ENROL, role=role, secret=secret)
