"""What does a message cost in Python, on its way to a record and back?

`codec/encode`, ns a message: Codec.encode_all() of the flow `move` as messages, checks of their values included.
Yardstick `bare/pack`: the same records by one struct.pack each, from whole numbers that lie ready. `codec/decode`:
Codec.decode() of the records; yardstick `bare/unpack`: struct.iter_unpack of them. Processor time of the thread.

Why it may mislead: prices and quantities come again and again, and the codec remembers the integers of 65,536 decimals.
The messages are orders, replaces and cancels without further lines, in one instrument; what has further lines costs
three times as much. Who fills arrays (docs/python.md) needs no codec.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pricetime.bench.flows import generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.gateway.codec import Codec
from pricetime.gateway.layout import COMMAND_LINE

MESSAGES = 60_000
MESSAGES_QUICK = 10_000
UNIT = "ns/message"
LIMIT = Limit(at_most=20.0)


def comparisons(options: Options) -> Iterator[Comparison]:
    """Encode, then decode."""
    flow = generated_flow("move", MESSAGES_QUICK if options.quick else MESSAGES)
    messages = codec_of(flow.definitions).decode(flow.lines)
    rows = list(COMMAND_LINE.iter_unpack(flow.lines.tobytes()))
    definitions, lines, count = flow.definitions, flow.lines, len(rows)
    if codec_of(definitions).encode_all(messages).tobytes() != lines.tobytes():
        raise AssertionError("the codec does not give the flow back")
    yield Comparison(
        Measure("codec/encode", UNIT, lambda: timed(codec_of(definitions).encode_all, messages) / count, count),
        Measure("bare/pack", UNIT, lambda: timed(pack, rows) / count, count),
        LIMIT)
    yield Comparison(
        Measure("codec/decode", UNIT, lambda: timed(codec_of(definitions).decode, lines) / count, count),
        Measure("bare/unpack", UNIT, lambda: timed(unpack, lines) / count, count))


def codec_of(definitions: np.ndarray) -> Codec:
    """A codec that knows the flow's names."""
    codec = Codec()
    codec.decode(definitions)
    return codec


def pack(rows: list[tuple[int, ...]]) -> bytes:
    """The yardstick of encoding."""
    return b"".join([COMMAND_LINE.pack(*row) for row in rows])


def unpack(lines: np.ndarray) -> list[tuple[int, ...]]:
    """The yardstick of decoding."""
    return list(COMMAND_LINE.iter_unpack(lines.tobytes()))


def timed(work: Callable[[Any], object], on: Any) -> float:
    """Nanoseconds of processor time."""
    started = time.thread_time_ns()
    work(on)
    return time.thread_time_ns() - started
