"""Snapshots: an engine's state in a file, so that a start needs not the whole log. Made by whoever reads the log, never
by the venue's hot thread.

    DIR/snapshots/<sequence number, 20 digits>.snapshot

    0   magic            8   byte_order 12  format 14  rules 16                  log_id                  32
    32  sequence         40  time       48  length of state  56  state_checksum 60  log_checksum         64
    64  run              72  epoch      80          SHA-256 of the state                                112
    112 zeros           124  header_checksum                                                            128
    128 the state: what engine.dump() gives (docs/records.md)

Nothing random and no clock is in it: a state of a log has one snapshot, whoever makes it. `log_checksum` is that of the
record with this sequence number: where commands were cut since, and others took their place, the snapshot is found out
by it.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from pricetime.journal.directory import (
    SEGMENT_NAME,
    SegmentFile,
    explain,
    list_segments,
    log_folder,
    read_segment,
    sync_directory,
)
from pricetime.journal.packed import plain_name
from pricetime.journal.reader import Reader
from pricetime.journal.recovery import before
from pricetime.matching.checksum import crc32c
from pricetime.matching.engine import Engine, fill
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import RULES_VERSION

SNAPSHOT_FOLDER = "snapshots"
SNAPSHOT_NAME = re.compile(r"(\d{20})\.snapshot")
TEMPORARY_NAME = re.compile(r"\d{20}\.snapshot\.\d+\.temporary")
MAGIC = b"PTIMESNP"
BYTE_ORDER = 0x01020304
FORMAT = 1
HEADER = np.dtype([
    ("magic", "S8"), ("byte_order", "<u4"), ("format_version", "<u2"), ("rules_version", "<u2"), ("log_id", "V16"),
    ("sequence", "<u8"), ("time", "<i8"), ("length", "<u8"), ("state_checksum", "<u4"), ("log_checksum", "<u4"),
    ("run", "<u8"), ("epoch", "<u8"), ("digest", "V32"), ("reserved", "V12"), ("header_checksum", "<u4"),
])  # fmt: skip
CHECKED_BYTES = HEADER.itemsize - 4     # the header's, by its checksum
WRITE_BYTES = 1 << 24       # at once: an interrupt gets through in between
assert HEADER.itemsize == 128
E = TypeVar("E", bound=EitherEngine)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot file whose header is good. `size`: bytes of the whole file."""

    path: Path
    header: np.void
    size: int

    @property
    def sequence(self) -> int:
        """The last command that is in it."""
        return int(self.header["sequence"])

    @property
    def time(self) -> int:
        """Of that command."""
        return int(self.header["time"])

    @property
    def digest(self) -> bytes:
        """SHA-256 of the state: what engine.digest() was."""
        return bytes(self.header["digest"])

    def state(self) -> np.ndarray:
        """The state's bytes, mapped, read-only; its checksum is checked. CheckFailed where it is wrong."""
        state = np.asarray(np.memmap(self.path, np.uint8, "r"))[HEADER.itemsize:]
        found = crc32c(state)
        if found != self.header["state_checksum"]:
            raise CheckFailed(f"{self.path}: the state's checksum is {found:#010x}, expected "
                              f"{int(self.header['state_checksum']):#010x}")
        return state


def snapshot_name(sequence: int) -> str:
    """The file name of the snapshot behind this command."""
    return f"{sequence:020d}.snapshot"


# ------------------------------------------------------------------------------------------------ writing


def write(directory: str | os.PathLike[str], engine: EitherEngine, reader: Reader) -> Snapshot:
    """Write the state of an engine that has applied all that `reader` delivered; where a good one for this command is
    there, it stays.

    It gets its name when all of it is on the disk. UserError, and nothing left behind: no room, not writable.
    """
    if engine.sequence != reader.sequence or not engine.sequence:
        raise ValueError(f"the engine stands at command {engine.sequence}, the reader at {reader.sequence}")
    found = present(directory, reader)
    if found is not None:
        return found
    folder = Path(directory) / SNAPSHOT_FOLDER
    path = folder / snapshot_name(engine.sequence)
    state = engine.dump()
    header = header_of(engine, reader, state)
    try:
        if not folder.is_dir():
            folder.mkdir()
            sync_directory(folder.parent)
        remove_leftovers(folder)
        write_file(path, header.tobytes(), state)
    except OSError as error:
        raise explain(error, f"{path}: no snapshot was made") from error
    return Snapshot(path, header, HEADER.itemsize + len(state))


def present(directory: str | os.PathLike[str], reader: Reader) -> Snapshot | None:
    """The good snapshot that is there already of the last command that `reader` delivered."""
    found = intact(Path(directory) / SNAPSHOT_FOLDER / snapshot_name(reader.sequence))
    if found is None or found.header["log_id"].tobytes() != reader.log_id \
            or found.header["log_checksum"] != reader.checksum:
        return None
    return found


def header_of(engine: EitherEngine, reader: Reader, state: bytes) -> np.void:
    """The header of a snapshot of this state."""
    header = np.zeros((), HEADER)
    header["magic"], header["byte_order"] = MAGIC, BYTE_ORDER
    header["format_version"], header["rules_version"] = FORMAT, RULES_VERSION
    header["log_id"] = np.void(reader.log_id)
    header["sequence"], header["time"], header["run"] = engine.sequence, engine.time, engine.run
    header["length"], header["state_checksum"] = len(state), crc32c(state)
    header["log_checksum"] = reader.checksum
    header["digest"] = np.void(hashlib.sha256(state).digest())
    header["header_checksum"] = crc32c(header.tobytes()[:CHECKED_BYTES])
    made: np.void = np.frombuffer(header.tobytes(), HEADER)[0]
    return made


def write_file(path: Path, *parts: bytes) -> None:
    """All of it under a temporary name, synced, then renamed; the temporary file is gone whatever happens."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.temporary")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            for part in parts:
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(descriptor, rest[:WRITE_BYTES]):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
        sync_directory(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of processes that are no more."""
    for name in os.listdir(folder):
        if TEMPORARY_NAME.fullmatch(name) and not is_running(int(name.split(".")[2])):
            (folder / name).unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether there is a process with this number, other than this one: it has left what it once began."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def prune(directory: str | os.PathLike[str], keep: int) -> list[Path]:
    """Remove all snapshots that are older than the newest `keep` that the log goes on from whatever happens to the
    machine (`lasting`); returns what was removed."""
    if keep < 1:
        raise UserError(f"keep {keep}: expected 1 or more snapshots")
    kept = [snapshot.path for snapshot in islice(lasting(directory), keep)]
    if len(kept) < keep:
        return []
    removed = []
    for path in paths(directory):
        if path.name < kept[-1].name and path.is_file():
            try:
                path.unlink()
            except OSError as error:
                raise explain(error, f"{path}: cannot be removed") from error
            removed.append(path)
    return removed


# ------------------------------------------------------------------------------------------------ reading


def paths(directory: str | os.PathLike[str]) -> list[Path]:
    """What has the name of a snapshot, the newest first; good or not."""
    folder = Path(directory) / SNAPSHOT_FOLDER
    try:
        names = sorted((name for name in os.listdir(folder) if SNAPSHOT_NAME.fullmatch(name)), reverse=True)
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise UserError(f"{folder}: expected a directory with snapshots, found a file") from None
    except OSError as error:
        raise explain(error, f"cannot read {folder}") from error
    return [folder / name for name in names]


def read(path: Path) -> Snapshot:
    """A snapshot by its header, which is checked; the state is not looked at. CheckFailed says what is wrong."""
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):      # a pipe would be waited for
            what = "a directory" if stat.S_ISDIR(mode) else "something that is no file"
            raise CheckFailed(f"{path}: expected a snapshot, found {what}")
        with open(path, "rb") as file:
            raw = file.read(HEADER.itemsize)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise CheckFailed(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(raw) < HEADER.itemsize:
        raise CheckFailed(f"{path}: {len(raw)} bytes, its header alone has {HEADER.itemsize}")
    header = np.frombuffer(raw, HEADER)[0]
    if header["magic"] != MAGIC:
        raise CheckFailed(f"{path}: not a snapshot: begins with {raw[:8]!r}, expected {MAGIC!r}")
    if header["byte_order"] != BYTE_ORDER:
        raise CheckFailed(f"{path}: byte order mark {int(header['byte_order']):#010x}, expected {BYTE_ORDER:#010x}")
    found = crc32c(raw[:CHECKED_BYTES])
    if found != header["header_checksum"]:
        raise CheckFailed(f"{path}: the header's checksum is {found:#010x}, expected "
                          f"{int(header['header_checksum']):#010x}")
    if header["format_version"] != FORMAT:
        raise CheckFailed(f"{path}: snapshot format {header['format_version']}, this pricetime reads {FORMAT}")
    if header["rules_version"] != RULES_VERSION:
        raise CheckFailed(f"{path}: under rules version {header['rules_version']}, this pricetime has {RULES_VERSION}")
    if path.name != snapshot_name(int(header["sequence"])):
        raise CheckFailed(f"{path}: holds the state behind command {header['sequence']}: renamed")
    if size != HEADER.itemsize + int(header["length"]):
        raise CheckFailed(f"{path}: {size} bytes, its header says {HEADER.itemsize + int(header['length'])}")
    return Snapshot(path, header, size)


def intact(path: Path) -> Snapshot | None:
    """A snapshot whose header and state are whole, by their checksums; None where it is none."""
    with suppress(CheckFailed):
        snapshot = read(path)
        snapshot.state()
        return snapshot
    return None


def good(directory: str | os.PathLike[str]) -> Iterator[Snapshot]:
    """The snapshots that a start could take, the newest first: whole, and of commands that the log has."""
    for path in paths(directory):
        found = intact(path)
        if found is not None:
            with suppress(UserError):
                reader = Reader(directory, from_sequence=found.sequence + 1)
                reader.go_to_first()
                check_place(found, reader)
                yield found


def lasting(directory: str | os.PathLike[str]) -> Iterator[Snapshot]:
    """Of the good ones those of commands that are synced, the newest first. One of commands that a loss of power may
    take is for a start, and no reason to remove anything."""
    safe = synced(log_folder(directory))
    return (found for found in good(directory) if found.sequence <= safe)


def vouched(directory: str | os.PathLike[str]) -> Iterator[Snapshot]:
    """Whole ones of synced commands that the segment with the last of them has, the newest first: of a log whose
    beginning is damaged or missing, so that it cannot be read."""
    folder = log_folder(directory)
    segments = list(whole_segments(folder))
    safe = max((int(segment.header["synced"]) for segment in segments), default=0)
    for found in filter(None, map(intact, paths(directory))):
        holding = [segment for segment in segments if segment.first_sequence <= found.sequence]
        if found.sequence > safe or not holding:
            continue
        place = before(holding[-1])
        with suppress(UserError, OSError):
            place.go(holding[-1].map(), found.sequence)
        if (place.sequence, place.time, place.checksum, holding[-1].header["log_id"].tobytes()) == (
                found.sequence, found.time, found.header["log_checksum"], found.header["log_id"].tobytes()):
            yield found


def whole_segments(folder: Path) -> Iterator[SegmentFile]:
    """Those whose headers can be read, the oldest first, whatever lies between them."""
    for name in sorted(os.listdir(folder)):
        with suppress(UserError, OSError):
            segment = read_segment(folder / name) if SEGMENT_NAME.fullmatch(plain_name(name)) else None
            if segment is not None:
                yield segment


def synced(folder: Path) -> int:
    """The last command of a log that is known to be on the disk."""
    return max((int(segment.header["synced"]) for segment in list_segments(folder)), default=0)


def candidates(directory: str | os.PathLike[str], notes: list[str], *, until_sequence: int,
               until_time: int) -> Iterator[Snapshot]:
    """Snapshots at or before a command and a time whose headers are good, the newest first; a line in `notes` for each
    that is not."""
    for path in paths(directory):
        if int(path.name[:20]) > until_sequence:
            continue
        try:
            snapshot = read(path)
        except CheckFailed as error:
            notes.append(passed_over(error))
            continue
        if snapshot.time <= until_time:
            yield snapshot


def passed_over(why: object) -> str:
    """A line for the operator."""
    return f"{why}; passed over"


def check_place(snapshot: Snapshot, reader: Reader) -> None:
    """CheckFailed where a snapshot is not of the commands that the log has: up to it, as far as there are any, `reader`
    has gone."""
    header, path, sequence = snapshot.header, snapshot.path, reader.sequence
    if header["log_id"].tobytes() != reader.log_id:
        raise CheckFailed(f"{path}: of another log: log id {header['log_id'].tobytes().hex()}, expected "
                          f"{reader.log_id.hex()}")
    if sequence < snapshot.sequence:
        raise CheckFailed(f"{path}: from the future: behind command {snapshot.sequence}, the log ends with {sequence}")
    if sequence > snapshot.sequence:
        raise CheckFailed(f"{path}: behind command {snapshot.sequence}, which the log does not have any more")
    if (reader.time, reader.checksum) != (snapshot.time, header["log_checksum"]):
        raise CheckFailed(f"{path}: made of other commands: the log's checksum of command {sequence} is "
                          f"{reader.checksum:#010x}, expected {int(header['log_checksum']):#010x}")


def load(snapshot: Snapshot, engine: E) -> E:
    """An engine in the state of a snapshot: `engine` itself, a new one, where it is of the fast kind. CheckFailed where
    the state is damaged."""
    try:
        if isinstance(engine, Engine):
            fill(engine, snapshot.state())
        else:
            engine = engine.load(snapshot.state().tobytes())
    except OSError as error:
        raise CheckFailed(f"{snapshot.path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise CheckFailed(f"{snapshot.path}: {error}") from error
    if (engine.sequence, engine.time) != (snapshot.sequence, snapshot.time):
        raise CheckFailed(f"{snapshot.path}: its state is behind command {engine.sequence}")
    return engine
