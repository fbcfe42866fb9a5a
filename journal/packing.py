"""Keep a log small: pack its old segments, remove those that a snapshot makes needless. For a process beside the venue.

Only segments are touched whose good mark says that they are complete and synced, so no writer has anything to do with
them any more. Whatever happens on the way, one good copy of each segment that is kept is there:

    pack:   X.segment.zst.new written, synced, unpacked and compared ─► renamed ─► directory synced ─► X.segment removed
    prune:  `pruned` says where the log begins, synced ─► segments removed, the oldest first ─► directory synced

One process at a time does it: the lock on DIR (the writer's is on DIR/log).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pricetime.journal import layout, packed
from pricetime.journal.directory import (
    PRUNED,
    SEGMENT_NAME,
    TEMPORARY_NAME,
    SegmentFile,
    explain,
    list_log,
    log_folder,
    read_pruned,
    read_segment,
    restore,
    sync_directory,
)
from pricetime.journal.recovery import before, check_chain, follows
from pricetime.journal.scan import EXPLANATION
from pricetime.matching.errors import CheckFailed, UserError


def pack(directory: str | os.PathLike[str], *, keep: int = 1) -> list[Path]:
    """Pack the complete segments of a log, the oldest first, but for its newest `keep`; returns the new files.

    Each is read and checked first. CheckFailed: it is damaged, and stays as it is. UserError: no log, no room, no
    zstandard, or another process is at it.
    """
    if keep < 1:
        raise UserError(f"keep {keep}: expected 1 or more segments that stay plain")
    folder = log_folder(directory)
    with _alone(folder), _explained(folder, "pack"):
        remove_leftovers(folder)
        segments, pruned = list_log(folder)
        check_chain(folder, segments, pruned)
        done = []
        for segment, later in zip(segments[:-keep], segments[1:], strict=False):
            if not segment.packed and segment.is_marked(later.first_sequence - 1):
                done.append(pack_segment(segment, later))
        return done


def pack_segment(segment: SegmentFile, later: SegmentFile) -> Path:
    """Put the packed form of a complete segment in its place."""
    content = segment.map()
    place = before(segment)
    end = place.go(content, later.first_sequence - 1)
    if not follows(later, place):
        raise CheckFailed(f"{segment.path}: damaged at offset {place.offset}, command {place.sequence + 1}: "
                          f"{EXPLANATION.get(end, 'it does not go on in ' + later.name)}; {restore(segment.path)}")
    path = segment.path.with_name(segment.name + packed.SUFFIX)
    temporary = path.with_name(path.name + ".new")
    try:
        packed.write(temporary, content)
        os.rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    segment.path.unlink()
    sync_directory(path.parent)
    return path


def prune(directory: str | os.PathLike[str], before_sequence: int) -> list[Path]:
    """Remove every segment whose commands are all at or before this one, the oldest first; returns the removed files.

    The caller knows of a good snapshot of the state behind `before_sequence`. The newest segment stays, and so do those
    from the first one on that is not marked as complete. A damaged one goes with the others, a missing one counts as
    removed: that is how a log goes on from a snapshot.
    """
    folder = log_folder(directory)
    with _alone(folder), _explained(folder, "prune"):
        remove_leftovers(folder)
        first = first_kept(folder, before_sequence)
        doomed = [folder / name for name in numbered(folder) if int(name[:20]) < first]
        if doomed or (1 < first <= before_sequence + 1 and oldest_by_mark(folder) != first):
            mark_pruned(folder, first)
        return remove(folder, doomed)


def tidy(directory: str | os.PathLike[str], keep_plain: int, prune_before: int) -> list[Path]:
    """What a policy asks for: prune up to command `prune_before` (0: not), then pack all but the newest `keep_plain`
    segments (0: none). Returns all files that were removed or made."""
    done = prune(directory, prune_before) if prune_before else []
    return done + (pack(directory, keep=keep_plain) if keep_plain else [])


def numbered(folder: Path) -> list[str]:
    """The names of segments with a number, plain and packed, the oldest first."""
    return sorted(name for name in os.listdir(folder) if SEGMENT_NAME.fullmatch(packed.plain_name(name)))


def first_kept(folder: Path, before_sequence: int) -> int:
    """The number of the segment that a log pruned up to this command begins with. Names tell where segments begin, so a
    damaged one can be passed."""
    names = {int(name[:20]): name for name in reversed(numbered(folder))}      # the plain one, where there are both
    first, *later = sorted(names) or [1]
    for number in later:
        if number > before_sequence + 1:
            break
        with suppress(CheckFailed):
            segment = read_segment(folder / names[first])
            if segment is not None and not segment.is_marked(int(segment.header["committed"])):
                break       # a writer or a recovery is not done with it
        first = number
    return first


def oldest_by_mark(folder: Path) -> int:
    """The first command by the file `pruned`; 1 where it is not there or not good."""
    with suppress(CheckFailed):
        pruned = read_pruned(folder)
        return 1 if pruned is None else int(pruned["first_sequence"])
    return 1


def mark_pruned(folder: Path, first_sequence: int) -> None:
    """Say durably that the log begins with this segment: the file `pruned` is the identity in its header."""
    path = folder / layout.segment_name(first_sequence)
    if not path.exists():
        path = path.with_name(path.name + packed.SUFFIX)
    segment = read_segment(path)
    assert segment is not None
    temporary = folder / f"{PRUNED}.new"
    with open(temporary, "wb") as file:
        file.write(segment.header.tobytes()[:layout.IDENTITY_SIZE])
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, folder / PRUNED)
    sync_directory(folder)


def remove_leftovers(folder: Path) -> None:
    """What an interrupted packing or pruning has left: temporary files, packed segments whose plain one is there,
    segments before the place where the log begins."""
    names = set(os.listdir(folder))
    oldest = oldest_by_mark(folder)
    doomed = [name for name in names if TEMPORARY_NAME.fullmatch(name)]
    doomed += [name for name in numbered(folder) if int(name[:20]) < oldest
               or (packed.is_packed(Path(name)) and packed.plain_name(name) in names)]
    remove(folder, [folder / name for name in doomed])


def remove(folder: Path, paths: list[Path]) -> list[Path]:
    """Unlink these, in this order, durably."""
    for path in paths:
        path.unlink()
    if paths:
        sync_directory(folder)
    return paths


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else packs or prunes meanwhile."""
    descriptor = os.open(folder.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(f"{folder.parent}: another process packs or prunes this log; wait until it has ended") from None
    finally:
        os.close(descriptor)


@contextmanager
def _explained(folder: Path, what: str) -> Iterator[None]:
    """A failed system call is one line."""
    try:
        yield
    except OSError as error:
        raise explain(error, f"cannot {what} {folder}; nothing is lost") from error
