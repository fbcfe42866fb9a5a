from enum import IntEnum
from typing import Any

import numpy as np

MARKER: int
HEADER_BYTES: int
SECRET: int
INTERNAL: np.dtype[Any]

class InternalKind(IntEnum):
    ENROL = 1
    FORWARD = 2
    TRANSLATE = 3
    DELIVER = 4
    SUBMIT = 5
    RESULT = 6

class InternalRole(IntEnum):
    DESK = 1
    STEWARD = 2

class Encoding(IntEnum):
    LINES = 0
    MESSAGE_PACK = 1
