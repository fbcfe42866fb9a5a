"""What a log holds after whatever happened to it: where it ends, what of its end must be cut, whether it is damaged.

`examine` only looks. `recover` does what is needed before a writer may go on: names the last segment, zeroes what is
cut, syncs, and marks the log as complete up to there. The rule: what is known to have been safe must be there, else the
log is damaged (CheckFailed); anything after it ends at the first hole. Known to be safe is what was synced; what was
appended, where the machine has not been started again since; and all of a log that was closed cleanly.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pricetime.journal import layout
from pricetime.journal.directory import SegmentFile, boot_id, explain, list_segments, lock, log_folder, sync_directory
from pricetime.journal.scan import EXPLANATION, Scan, ScanEnd, first_not_zero
from pricetime.matching.errors import CheckFailed

RESTORE = "restore this segment from another copy of the log"


@dataclass
class Recovered:
    """Where a new writer goes on. `notes`: a line for each thing that was cut or mended, to be shown to the
    operator."""

    folder: Path
    segments: list[SegmentFile] = field(default_factory=list)
    last_sequence: int = 0
    last_time: int = 0
    last_checksum: int = 0
    run: int = 0                # of the last segment; 0: there is none
    log_id: bytes = b""         # empty: there is no log yet
    closed: bool = True         # cleanly: nothing is to be done
    end_offset: int = 0         # in the last segment that stays, behind its last record
    cut: bool = False           # what is behind end_offset is to be zeroed
    doomed: list[SegmentFile] = field(default_factory=list)     # segments behind the cut, to be removed
    notes: list[str] = field(default_factory=list)


def recover(directory: str | os.PathLike[str]) -> Recovered:
    """Make the log of a venue's directory ready for a writer; what a Writer does first. Takes the writer's lock
    meanwhile.

    CheckFailed: damaged, with segment, offset and sequence number. UserError: no log, locked, not readable or writable.
    """
    folder = log_folder(directory)
    descriptor = lock(folder)
    try:
        return recover_locked(folder)
    finally:
        os.close(descriptor)


def recover_locked(folder: Path) -> Recovered:
    """`recover` for a caller that has the lock."""
    found = examine(folder)
    try:
        mend(found)
    except OSError as error:
        raise explain(error, f"cannot mend {error.filename or folder}") from error
    return found


def examine(folder: Path) -> Recovered:
    """Read every record of a log that no writer has open, and say where it ends. Changes nothing; raises as
    `recover` does."""
    found = Recovered(folder, list_segments(folder))
    if not found.segments:
        return found
    check_chain(found.segments)
    last = found.segments[-1]
    found.log_id = bytes(last.header["log_id"])
    found.run = int(last.header["run"])
    found.closed = mark_of(last) not in (0, layout.FULL)
    place = Scan(layout.HEADER_SIZE, 0, 0, layout.seed_of_log(found.log_id))
    for index, segment in enumerate(found.segments):
        place = Scan(layout.HEADER_SIZE, place.sequence, place.time, place.checksum)
        if not follows(segment, place):
            raise CheckFailed(f"{segment.path}: does not go on where command {place.sequence} ended: from another "
                              f"copy of this log; {RESTORE}")
        content = segment.map()
        end = place.go(content, layout.SEQUENCE_MAX)
        is_last = index == len(found.segments) - 1
        whole = is_last or found.segments[index + 1].first_sequence == place.sequence + 1
        behind = first_not_zero(content, place.offset)
        if not whole or behind is not None:
            judge(found, index, place, end, behind)
            break
        check_mark(segment, place, is_last)
    found.last_sequence, found.last_time, found.last_checksum = place.sequence, place.time, place.checksum
    found.end_offset = place.offset
    check_end(found, place)
    return found


def check_chain(segments: list[SegmentFile]) -> None:
    """What the headers alone can tell: one log, from its beginning, in order."""
    first = segments[0]
    if first.first_sequence != 1:
        raise CheckFailed(f"{first.path.parent / layout.segment_name(1)}: missing: the log begins with command "
                          f"{first.first_sequence}; {RESTORE}")
    for before, after in zip(segments, segments[1:], strict=False):
        if after.header["log_id"] != before.header["log_id"]:
            raise CheckFailed(f"{after.path}: of another log than {before.name}: log id "
                              f"{bytes(after.header['log_id']).hex()}, "
                              f"expected {bytes(before.header['log_id']).hex()}; {RESTORE}")
        if after.first_sequence == before.first_sequence:
            raise CheckFailed(f"{after.path}: begins with command {after.first_sequence} as {before.name} does; only "
                              "one of the two belongs here")
        if after.header["run"] < before.header["run"] or after.header["epoch"] < before.header["epoch"]:
            raise CheckFailed(f"{after.path}: run {after.header['run']} after run {before.header['run']}; {RESTORE}")


def follows(segment: SegmentFile, place: Scan) -> bool:
    """Whether a segment goes on exactly where the one before it ended."""
    header = segment.header
    return (segment.first_sequence, int(header["previous_time"]), int(header["checksum_seed"])) == (
        place.sequence + 1, place.time, place.checksum)


def safe_position(found: Recovered) -> int:
    """The last sequence number that is known to have been safe."""
    last = found.segments[-1].header
    if found.closed:
        return layout.SEQUENCE_MAX
    safe = max(int(segment.header["synced"]) for segment in found.segments)
    machine = boot_id()
    if bytes(last["boot_id"]) == machine and any(machine):
        safe = max(safe, *(int(s.header["appended"]) for s in found.segments if s.header["run"] == last["run"]))
    return safe


def judge(found: Recovered, index: int, place: Scan, end: ScanEnd, behind: int | None) -> None:
    """Records end at `place` in segment `index`, and something comes after. Damage, or noted as to be cut."""
    segment = found.segments[index]
    later = found.segments[index + 1:]
    expected = place.sequence + 1
    safe = safe_position(found)
    if expected <= safe or (later and later[0].first_sequence == expected):
        if later and end == ScanEnd.FULL:
            raise CheckFailed(f"{found.folder / layout.segment_name(expected)}: missing: {segment.name} ends at offset "
                              f"{place.offset} with command {place.sequence}, and {later[0].name} is next; {RESTORE}")
        raise CheckFailed(f"{segment.path}: damaged at offset {place.offset}, command {expected}: {EXPLANATION[end]}"
                          f"{told(found, safe, behind)}; {RESTORE}")
    found.cut = True
    found.doomed = later
    found.segments = found.segments[:index + 1]
    also = f", {len(later)} segment{'s' * (len(later) > 1)} behind it" if later else ""
    found.notes.append(f"{segment.path}: cut at offset {place.offset}, behind command {place.sequence}: "
                       f"{EXPLANATION[end]}, and what follows was never synced{also}")


def told(found: Recovered, safe: int, behind: int | None) -> str:
    """Why something has to be there."""
    if found.closed:
        return ", in a log that was closed cleanly" + (f" (byte {behind} is not zero)" if behind is not None else "")
    return f", and the log was safe up to command {safe}"


def mark_of(segment: SegmentFile) -> int:
    """FULL, CLOSED, 0 for neither, or what damage has made of it."""
    return int(segment.header["closed"]) >> 32


def check_mark(segment: SegmentFile, place: Scan, is_last: bool) -> None:
    """A segment that says that it is complete and synced must be: where its records end, by its checksum, and in its
    place."""
    header, mark = segment.header, mark_of(segment)
    if not header["closed"]:
        return
    if mark == layout.FULL and is_last:
        missing = segment.path.with_name(layout.segment_name(place.sequence + 1))
        raise CheckFailed(f"{missing}: missing: {segment.name} says that the log goes on there; {RESTORE}")
    positions = [int(header[name]) for name in layout.POSITIONS]
    right = layout.mark_of_close(segment.map()[:layout.HEADER_SIZE], mark)
    if mark not in (layout.FULL, layout.CLOSED) or header["closed"] != right or positions != [place.sequence] * 3:
        raise CheckFailed(f"{segment.path}: damaged: marked as complete with positions {positions}, but its records "
                          f"end with command {place.sequence} at offset {place.offset}; {RESTORE}")


def check_end(found: Recovered, place: Scan) -> None:
    """Whether the positions agree with where the records end."""
    last = found.segments[-1]
    safe = safe_position(found)
    if not found.closed and safe > place.sequence:
        raise CheckFailed(f"{last.path}: damaged at offset {place.offset}: the records end with command "
                          f"{place.sequence}, but the log was safe up to command {safe}; {RESTORE}")


def mend(found: Recovered) -> None:
    """Make what `examine` found true on the disk. May be interrupted at any point and done again."""
    folder = found.folder
    for segment in reversed(found.doomed):
        os.unlink(segment.path)
    if found.doomed:
        sync_directory(folder)
    if found.segments and not found.closed:
        settle(found)
    for name in layout.NEXT_NAMES:
        (folder / name).unlink(missing_ok=True)     # never used: one that was has its number now
    sync_directory(folder)


def settle(found: Recovered) -> None:
    """The run that was not closed: cut where it must be, on the disk under its names, and only then marked as
    complete."""
    run = found.segments[-1].header["run"]
    lasts = [segment.first_sequence - 1 for segment in found.segments[1:]] + [found.last_sequence]
    paths = []
    for segment, last_sequence in zip(found.segments, lasts, strict=True):
        if segment.header["run"] == run:
            is_last = segment is found.segments[-1]
            with mapped(segment.path) as content:
                if is_last and found.cut:
                    content[found.end_offset:] = bytes(len(content) - found.end_offset)
                header = np.frombuffer(content, layout.HEADER, 1)
                header["appended"] = header["committed"] = last_sequence
                del header
            path = found.folder / layout.segment_name(segment.first_sequence)
            if segment.path != path:
                os.rename(segment.path, path)
            paths.append((path, last_sequence, layout.CLOSED if is_last else layout.FULL))
    sync_directory(found.folder)
    # Only now: a mark says that its segment is on the disk, and under its name the next one. `synced` and the mark are
    # in one sector, the other positions, which a mark's checksum covers, are on the disk before it.
    for path, last_sequence, mark in paths:
        with mapped(path) as content:
            header = np.frombuffer(content, layout.HEADER, 1)
            header["synced"] = last_sequence
            header["closed"] = layout.mark_of_close(header.view("u1"), mark)
            del header


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """A segment's bytes to be changed; on the disk afterwards."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        yield content
        content.flush()
        os.fsync(file.fileno())
