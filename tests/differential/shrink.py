"""A failing stream made as short as it can be made by leaving commands out, and printed so that it can be replayed.

Knows commands as bytes and one question: does this stream fail? Each answer costs a run of it.
"""

from collections.abc import Callable, Iterable, Iterator

import commands as c
from differential.pair import Pair

from pricetime.matching.records import CommandType

Stream = list[bytes]
Question = Callable[[Stream], str]


def failure(stream: Iterable[bytes], pair: Pair, thorough: bool = True) -> tuple[int, str]:
    """(commands until it fails, what fails); (0, "") where nothing does. States are compared after every command."""
    for count, record in enumerate(stream, 1):
        try:
            pair.apply(record)
            pair.compare(thorough)
        except Exception as error:      # an engine's own exception is a failure too
            return count, f"{type(error).__name__}: {error}"
    return 0, ""


def shortest_prefix(stream: Stream, fails: Question) -> Stream:
    """By bisection; a stream that fails goes on failing whatever comes after."""
    passes, shortest = 0, len(stream)
    while shortest - passes > 1:
        middle = (passes + shortest) // 2
        if fails(stream[:middle]):
            shortest = middle
        else:
            passes = middle
    return stream[:shortest]


def shrunk(stream: Stream, fails: Question) -> Stream:
    """The shortest failing prefix, then without every command that is not needed: many at once at first, then each."""
    if not fails(stream):
        raise ValueError("this stream does not fail")
    stream = shortest_prefix(stream, fails)
    size = len(stream) // 2
    while size:
        stream, dropped = without_runs(stream, size, fails)
        if size == 1 and not dropped:
            return stream
        size = max(size // 2, 1)
    return stream


def without_runs(stream: Stream, size: int, fails: Question) -> tuple[Stream, bool]:
    """Leave out each run of `size` commands without which the stream still fails, from the end on."""
    dropped = False
    for at in range(len(stream) - size, -size, -size):
        shorter = stream[:max(at, 0)] + stream[max(at, 0) + size:]
        if len(shorter) < len(stream) and fails(shorter):
            stream, dropped = shorter, True
    return stream, dropped


# -------------------------------------------------------------------------------------- printed and read again


def as_text(stream: Stream) -> Iterator[str]:
    """A line of hexadecimal digits for each command, after it what it is."""
    for record in stream:
        first = c.layout.COMMAND.unpack(record)
        said = " ".join(f"{name}={value}" for name, value in first._asdict().items()
                        if value and name not in ("type", "shape", "checksum"))
        lines = [c.layout.FURTHER_LINES[record[at + 4]].unpack(record, at) for at in range(64, len(record), 64)]
        yield f"{record.hex()} # {CommandType(first.type).name} {said} {' '.join(map(str, lines))}".rstrip()


def from_text(lines: Iterable[str]) -> Stream:
    """What as_text wrote; blank lines and lines of words alone are passed over."""
    return [bytes.fromhex(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
