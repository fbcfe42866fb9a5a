"""Every bit of a small log flipped, one at a time, and the file cut off at every byte. Whoever reads it then (recovery,
the Reader) refuses it in one line, or gives exactly the commands that are in it; or, where the rules say that it may be
cut (not closed, another start of the machine, behind what was synced), fewer of them, and says so."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from journal_logs import SEGMENT_BYTES, clocks, definition, left_behind, machine_went_down

from pricetime.journal import Reader, Writer, layout
from pricetime.journal.directory import list_segments
from pricetime.journal.recovery import examine
from pricetime.matching.errors import UserError

HEADER = layout.HEADER_SIZE
IDENTITY = range(layout.IDENTITY_SIZE)
POSITIONS = {name: range(layout.HEADER.fields[name][1], layout.HEADER.fields[name][1] + 8) for name in layout.POSITIONS}
CLOSED = range(layout.HEADER.fields["closed"][1], layout.HEADER.fields["closed"][1] + 8)
LAST, SYNCED = 70, 66
KINDS = ("closed", "process died", "machine went down")
REFUSED, WHOLE, WHOLE_AND_SAID, FEWER = "refused", "whole", "whole, and cut behind it", "fewer"


@dataclass
class Log:
    """70 commands in two segments, the last one of two lines: 64 records fill the first segment. `segments`: their
    bytes, writable: what is changed there is changed in the file. used: how many bytes of each have something in
    them."""

    kind: str
    directory: Path
    segments: list[np.memmap]
    lines: bytes
    used: list[int]


def make(kind: str, folder: Path) -> Log:
    """A log that was closed, or left by a process that died, or by a machine that went down with 66 synced."""
    directory = folder / "closed"
    lines = np.concatenate([clocks(1, LAST - 1), definition(LAST, 1, b"member")])
    with Writer(directory, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(lines)
        if kind != "closed":
            directory = left_behind(directory, folder / "left")
    if kind == "machine went down":
        machine_went_down(directory, SYNCED)
    segments = [np.memmap(found.path, np.uint8, "r+") for found in list_segments(directory / "log")]
    used = [int(np.flatnonzero(segment)[-1]) // 64 * 64 + 64 for segment in segments]
    return Log(kind, directory, segments, lines.tobytes(), used)


def one_line(use: Callable[[], str]) -> str:
    """What comes of it: a refusal must be a UserError of one line; anything else that is raised is a failure."""
    try:
        return use()
    except UserError as error:
        assert str(error).isprintable(), f"not one line: {error!s}"
        return REFUSED


def recovered(log: Log) -> str:
    """What recovery would do: the records it keeps are those that were appended, for their checksums hold."""
    found = examine(log.directory / "log", thorough=True)       # a start leaves what a mark vouches for to its readers
    if found.last_sequence == LAST:
        return WHOLE_AND_SAID if found.notes else WHOLE
    assert SYNCED <= found.last_sequence < LAST, f"ends with command {found.last_sequence}"
    assert found.notes, f"ends with command {found.last_sequence} without a word"
    return FEWER


def read(log: Log) -> str:
    """What a Reader gives."""
    blocks = [np.array(block) for block in Reader(log.directory)]
    lines = np.concatenate(blocks) if blocks else np.zeros(0, clocks(1, 1).dtype)
    lines["checksum"] = 0
    assert log.lines.startswith(lines.tobytes()), "a command that was not appended"
    return WHOLE if len(lines) * 64 == len(log.lines) else FEWER


def expected(log: Log, index: int, offset: int) -> tuple[set[str], set[str]]:
    """What may come of a changed byte of a segment: for recovery, and for a Reader."""
    marked = log.kind == "closed" or (log.kind == "process died" and index == 0)
    if marked:
        return {REFUSED}, {REFUSED} if HEADER <= offset < log.used[index] else {REFUSED, WHOLE}
    if offset in POSITIONS["committed"]:        # nothing tells a reader of an open log what it was
        return {REFUSED, WHOLE}, {REFUSED, WHOLE, FEWER}
    if offset < HEADER:
        return {REFUSED, WHOLE}, {REFUSED, WHOLE}
    if offset >= log.used[index]:               # zeros behind the records: what comes there is cut, and said
        return {REFUSED, WHOLE_AND_SAID}, {REFUSED, WHOLE}
    if log.kind == "machine went down" and index == 1 and offset >= HEADER + (SYNCED - 64) * 64:
        return {FEWER}, {REFUSED}
    return {REFUSED}, {REFUSED}


def try_one(log: Log, index: int, offset: int, what: str) -> tuple[str, str]:
    """Both who would write and who reads; AssertionError says what was changed."""
    try:
        outcome = outcomes(log)
        for who, came, allowed in zip(("recovery", "the reader"), outcome, expected(log, index, offset), strict=True):
            assert came in allowed, f"{who}: {came}, expected {' or '.join(sorted(allowed))}"
    except Exception as error:
        raise AssertionError(f"{log.kind}: {what} of segment {index}: {error!r}") from error
    return outcome


def outcomes(log: Log) -> tuple[str, str]:
    return one_line(lambda: recovered(log)), one_line(lambda: read(log))


def every_bit(log: Log) -> Iterator[tuple[int, int]]:
    """(segment, bit): all of them."""
    for index, segment in enumerate(log.segments):
        for bit in range(8 * len(segment)):
            yield index, bit


def telling_bits(log: Log) -> Iterator[tuple[int, int]]:
    """Every bit of identities, positions and the last segment's records; and one bit, a different one each time, of
    every 16 bytes of the rest."""
    for index, segment in enumerate(log.segments):
        records = range(HEADER, log.used[index] if index else HEADER)
        told = {at for place in (IDENTITY, *POSITIONS.values(), CLOSED, records) for at in place}
        for at in sorted(told):
            yield from ((index, 8 * at + bit) for bit in range(8))
        for at in range(0, len(segment), 16):
            if at not in told:
                yield index, 8 * at + at // 16 % 128


def flip_bits(log: Log, bits: Iterable[tuple[int, int]]) -> Counter[tuple[str, str]]:
    """Flip each alone and look; how often each pair of outcomes came."""
    counts: Counter[tuple[str, str]] = Counter()
    for index, bit in bits:
        segment, offset = log.segments[index], bit // 8
        segment[offset] ^= 1 << bit % 8
        counts[try_one(log, index, offset, f"bit {bit % 8} of byte {offset}")] += 1
        segment[offset] ^= 1 << bit % 8
    assert outcomes(log) == (WHOLE, WHOLE)
    return counts


def cut_off(log: Log, sizes: Iterable[int]) -> int:
    """Cut each segment off at each of these sizes, the larger ones first: refused each time; how often."""
    done = 0
    folder = log.directory / "log"
    for path in [found.path for found in list_segments(folder)]:
        whole = path.read_bytes()
        path.rename(folder.parent / path.name)      # `segments` maps this one, which must keep its pages
        path.write_bytes(whole)
        for size in sizes:
            os.truncate(path, size)
            outcome = outcomes(log)
            assert outcome == (REFUSED, REFUSED), f"{log.kind}: {path.name} cut off at {size}: {outcome}"
            done += 1
        (folder.parent / path.name).rename(path)
    assert outcomes(log) == (WHOLE, WHOLE)
    return done
