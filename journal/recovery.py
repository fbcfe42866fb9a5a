"""What a log holds after whatever happened to it: where it ends, what of its end must be cut, whether it is damaged.

`examine` only looks. `recover` does what is needed before a writer may go on: names the last segment, zeroes what is
cut, syncs, and marks the log as complete up to there. The rule: what is known to have been safe must be there, else the
log is damaged (CheckFailed); anything after it ends at the first hole. Known to be safe is what was synced; what was
appended, where the machine has not been started again since; and all of a log that was closed cleanly.

A segment whose good mark says that it is complete and synced is not read: its header, its end and the header of the
next one must agree. So a start reads what the last run left open, however long the log is; `verify` reads all of it,
and so does `thorough`.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pricetime.journal import layout
from pricetime.journal.directory import (
    LIST_TRIES,
    PRUNED,
    SegmentFile,
    boot_id,
    explain,
    list_log,
    lock,
    log_folder,
    read_pruned,
    restore,
    sync_directory,
)
from pricetime.journal.scan import EXPLANATION, Scan, ScanEnd, ends_with, first_not_zero
from pricetime.matching.errors import CheckFailed, UserError


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
    unmarked: list[tuple[SegmentFile, int]] = field(default_factory=list)   # to be marked or named; the last command
    notes: list[str] = field(default_factory=list)


def recover(directory: str | os.PathLike[str], *, thorough: bool = False) -> Recovered:
    """Make the log of a venue's directory ready for a writer; what a Writer does first. Takes the writer's lock
    meanwhile. thorough: read every record, those of complete segments too.

    CheckFailed: damaged, with segment, offset and sequence number. UserError: no log, locked, not readable or writable.
    """
    folder = log_folder(directory)
    descriptor = lock(folder)
    try:
        return recover_locked(folder, thorough=thorough)
    finally:
        os.close(descriptor)


def recover_locked(folder: Path, *, thorough: bool = False) -> Recovered:
    """`recover` for a caller that has the lock."""
    found = examine(folder, thorough=thorough)
    try:
        mend(found)
    except OSError as error:
        raise explain(error, f"cannot mend {error.filename or folder}") from error
    return found


def examine(folder: Path, *, thorough: bool = False) -> Recovered:
    """Say where a log ends that no writer has open. Changes nothing; raises as `recover` does."""
    for _ in range(LIST_TRIES):
        with suppress(FileNotFoundError):       # packed or pruned since it was listed
            return _examine_once(folder, thorough)
    raise UserError(f"{folder}: files go while they are read; is something else than pricetime at work there?")


def _examine_once(folder: Path, thorough: bool) -> Recovered:
    segments, pruned = list_log(folder)
    found = Recovered(folder, segments)
    check_chain(folder, segments, pruned)
    if not segments:
        return found
    last = segments[-1]
    found.log_id = bytes(last.header["log_id"])
    found.run = int(last.header["run"])
    found.closed = last.mark not in (0, layout.FULL)
    place = beginning(segments[0], pruned)
    for index, segment in enumerate(segments):
        later = segments[index + 1] if index + 1 < len(segments) else None
        if not follows(segment, place):
            raise CheckFailed(f"{segment.path}: does not go on where command {place.sequence} ended: from another "
                              f"copy of this log; {restore(segment.path)}")
        if later is not None and not thorough and vouched(segment, later):
            place = before(later)
            continue
        place = before(segment)
        if not read_segment_records(found, index, place):
            break
    found.last_sequence, found.last_time, found.last_checksum = place.sequence, place.time, place.checksum
    found.end_offset = place.offset
    check_end(found, place)
    return found


def read_segment_records(found: Recovered, index: int, place: Scan) -> bool:
    """Read one segment, with `place` before its first record. False: the log is to be cut there."""
    segment, is_last = found.segments[index], index == len(found.segments) - 1
    content = segment.map()
    end = place.go(content, layout.SEQUENCE_MAX)
    whole = is_last or found.segments[index + 1].first_sequence == place.sequence + 1
    behind = first_not_zero(content, place.offset)
    bad = not whole or behind is not None
    if bad:
        judge(found, index, place, end, behind)
    else:
        check_mark(segment, place, is_last)
    if not segment.is_marked(place.sequence) or segment.name in layout.NEXT_NAMES:
        found.unmarked.append((segment, place.sequence))
    return not bad


def before(segment: SegmentFile) -> Scan:
    """The place before a segment's first record, as its header says it."""
    header = segment.header
    return Scan(layout.HEADER_SIZE, segment.first_sequence - 1, int(header["previous_time"]),
                int(header["checksum_seed"]))


def beginning(first: SegmentFile, pruned: np.void | None) -> Scan:
    """The place before a log's first record: nothing, or what the mark of pruning says."""
    if pruned is None:
        return Scan(layout.HEADER_SIZE, 0, 0, layout.seed_of_log(bytes(first.header["log_id"])))
    return Scan(layout.HEADER_SIZE, int(pruned["first_sequence"]) - 1, int(pruned["previous_time"]),
                int(pruned["checksum_seed"]))


def vouched(segment: SegmentFile, later: SegmentFile) -> bool:
    """Whether a segment need not be read: its good mark says that it is complete and synced, and what can be seen of
    its end goes on in the next one. A doubt is no damage yet: who reads the segment finds out."""
    last, time, seed = later.first_sequence - 1, int(later.header["previous_time"]), int(later.header["checksum_seed"])
    if (not segment.is_marked(last) or time < segment.header["previous_time"]
            or segment.name in layout.NEXT_NAMES):      # to be named, and so to be read
        return False
    if segment.packed or segment.mark != layout.FULL:
        return True         # where it ends is known only to who unpacks it, or reads it from its beginning
    return ends_with(segment.map(), last, time, seed)


def check_chain(folder: Path, segments: list[SegmentFile], pruned: np.void | None) -> None:
    """What the headers alone can tell: one log, from its beginning (or where it was pruned), in order."""
    if not segments:
        if pruned is None:
            return
        missing = folder / layout.segment_name(int(pruned["first_sequence"]))
        raise CheckFailed(f"{missing}: missing: {folder / PRUNED} says that the log begins there; {restore(missing)}")
    first = segments[0]
    oldest = 1 if pruned is None else int(pruned["first_sequence"])
    if first.first_sequence != oldest:
        missing = folder / layout.segment_name(oldest)
        raise CheckFailed(f"{missing}: missing: the log begins with command {first.first_sequence}"
                          + (f", and no file {PRUNED} says that it was pruned" if pruned is None else
                             f", and {folder / PRUNED} says {oldest}") + f"; {restore(missing)}")
    if pruned is not None and bytes(pruned["log_id"]) != bytes(first.header["log_id"]):
        raise CheckFailed(f"{folder / PRUNED}: of another log than {first.name}: log id "
                          f"{bytes(pruned['log_id']).hex()}, expected {bytes(first.header['log_id']).hex()}; "
                          f"{restore(folder / PRUNED)}")
    for earlier, after in zip(segments, segments[1:], strict=False):
        if after.header["log_id"] != earlier.header["log_id"]:
            raise CheckFailed(f"{after.path}: of another log than {earlier.name}: log id "
                              f"{bytes(after.header['log_id']).hex()}, "
                              f"expected {bytes(earlier.header['log_id']).hex()}; {restore(after.path)}")
        if after.first_sequence == earlier.first_sequence:
            raise CheckFailed(f"{after.path}: begins with command {after.first_sequence} as {earlier.name} does; only "
                              "one of the two belongs here: move the other one elsewhere (pricetime verify on a copy "
                              "tells which)")
        if after.header["run"] < earlier.header["run"] or after.header["epoch"] < earlier.header["epoch"]:
            raise CheckFailed(f"{after.path}: run {after.header['run']} after run {earlier.header['run']}; "
                              f"{restore(after.path)}")


def oldest_sequence(folder: Path) -> int:
    """The oldest command that a log still has: 1, unless it was pruned."""
    pruned = read_pruned(folder)
    return 1 if pruned is None else int(pruned["first_sequence"])


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
        if later and (end == ScanEnd.FULL or ends_here(segment, place, behind)):
            missing = found.folder / layout.segment_name(expected)
            raise CheckFailed(f"{missing}: missing: {segment.name} ends at offset {place.offset} with command "
                              f"{place.sequence}, and {later[0].name} is next; {restore(missing)}")
        raise CheckFailed(f"{segment.path}: damaged at offset {place.offset}, command {expected}: {EXPLANATION[end]}"
                          f"{told(found, safe, behind)}; {restore(segment.path)}")
    found.cut = True
    found.doomed = later
    found.segments = found.segments[:index + 1]
    also = f", {len(later)} segment{'s' * (len(later) > 1)} behind it" if later else ""
    found.notes.append(f"{segment.path}: cut at offset {place.offset}, behind command {place.sequence}: "
                       f"{EXPLANATION[end]}, and what follows was never synced{also}")


def ends_here(segment: SegmentFile, place: Scan, behind: int | None) -> bool:
    """Whether a segment with room left says itself that this was its last record."""
    return behind is None and int(segment.header["appended"]) == place.sequence


def told(found: Recovered, safe: int, behind: int | None) -> str:
    """Why something has to be there."""
    if found.closed:
        return ", in a log that was closed cleanly" + (f" (byte {behind} is not zero)" if behind is not None else "")
    return f", and the log was safe up to command {safe}"


def check_mark(segment: SegmentFile, place: Scan, is_last: bool) -> None:
    """A segment that says that it is complete and synced must be: where its records end, by its checksum, and in its
    place."""
    if not segment.header["closed"]:
        return
    if segment.mark == layout.FULL and is_last:
        missing = segment.path.with_name(layout.segment_name(place.sequence + 1))
        raise CheckFailed(f"{missing}: missing: {segment.name} says that the log goes on there; {restore(missing)}")
    if not segment.is_marked(place.sequence):
        positions = [int(segment.header[name]) for name in layout.POSITIONS]
        raise CheckFailed(f"{segment.path}: damaged: marked as complete with positions {positions}, but its records "
                          f"end with command {place.sequence} at offset {place.offset}; {restore(segment.path)}")


def check_end(found: Recovered, place: Scan) -> None:
    """Whether the positions agree with where the records end."""
    last = found.segments[-1]
    safe = safe_position(found)
    if not found.closed and safe > place.sequence:
        raise CheckFailed(f"{last.path}: damaged at offset {place.offset}: the records end with command "
                          f"{place.sequence}, but the log was safe up to command {safe}; {restore(last.path)}")


def mend(found: Recovered) -> None:
    """Make what `examine` found true on the disk. May be interrupted at any point and done again."""
    folder = found.folder
    for segment in reversed(found.doomed):
        os.unlink(segment.path)
    if found.doomed:
        sync_directory(folder)
    settle(found)
    for name in layout.NEXT_NAMES:
        (folder / name).unlink(missing_ok=True)     # never used: one that was has its number now
    sync_directory(folder)


def settle(found: Recovered) -> None:
    """All that has no mark, or no name: cut where it must be, on the disk under its name, and only then marked as
    complete."""
    paths = []
    for segment, last_sequence in found.unmarked:
        if segment.packed:
            raise CheckFailed(f"{segment.path}: packed, but not complete: its mark is missing; unpack it to mend it: "
                              f"zstd -d --rm {segment.path}")
        is_last = segment is found.segments[-1]
        # On the disk before a reader may see it: `committed` at level `power` promises that.
        with mapped(segment.path) as content:
            if is_last and found.cut:
                content[found.end_offset:] = bytes(len(content) - found.end_offset)
        with mapped(segment.path) as content:
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
