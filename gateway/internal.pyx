"""The layout of internal frames for Python: the NumPy dtype beside internal.pxd, which has the picture."""

from libc.stddef cimport size_t

import numpy as np

MARKER = INTERNAL_MARKER
HEADER_BYTES = INTERNAL_BYTES
SECRET = SECRET_BYTES
INTERNAL = np.dtype([
    ("marker", "u1"), ("kind", "u1"), ("role", "u1"), ("encoding", "u1"), ("routing", "<u4"), ("sequence", "<u8"),
    ("session", "<u4"), ("user", "<u4"), ("payload_bytes", "<u4"), ("report_lines", "u1"),
    ("reason", "u1"), ("zeros", "<u2"), ("secret", "V32"),
])


def _check_layout():
    cdef InternalLine line
    offsets = {
        "marker": <size_t> <char*> &line.marker - <size_t> <char*> &line,
        "routing": <size_t> <char*> &line.routing - <size_t> <char*> &line,
        "sequence": <size_t> <char*> &line.sequence - <size_t> <char*> &line,
        "session": <size_t> <char*> &line.session - <size_t> <char*> &line,
        "user": <size_t> <char*> &line.user - <size_t> <char*> &line,
        "payload_bytes": <size_t> <char*> &line.payload_bytes - <size_t> <char*> &line,
        "report_lines": <size_t> <char*> &line.report_lines - <size_t> <char*> &line,
        "reason": <size_t> <char*> &line.reason - <size_t> <char*> &line,
        "secret": <size_t> <char*> &line.secret - <size_t> <char*> &line,
    }
    if sizeof(InternalLine) != INTERNAL.itemsize or any(INTERNAL.fields[name][1] != at for name, at in offsets.items()):
        raise AssertionError("INTERNAL is not InternalLine")


_check_layout()
