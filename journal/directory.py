"""A venue's log directory: which segments are there, whose lock it is. Says what is wrong with it in one line;
changes nothing but the lock."""

import errno
import fcntl
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pricetime.journal import layout
from pricetime.matching.errors import CheckFailed, UserError

LOG_FOLDER = "log"
CONFIGURATION = "venue.toml"
VENUE_MARKS = {CONFIGURATION, LOG_FOLDER}   # a directory that has one of them, or nothing, may hold a venue's log
SEGMENT_NAME = re.compile(r"\d{20}\.segment")


@dataclass(frozen=True)
class SegmentFile:
    """One segment as its header describes it (HEADER, a copy). `path` may change by a rename while the log is live."""

    path: Path
    header: np.void
    bytes: int

    @property
    def first_sequence(self) -> int:
        return int(self.header["first_sequence"])

    @property
    def name(self) -> str:
        return self.path.name

    def map(self) -> np.ndarray:
        """The whole segment, read-only, as bytes: what a live writer stores is seen in it.

        FileNotFoundError: it has another name by now, and perhaps another file has this one. List again.
        """
        content = np.asarray(np.memmap(self.path, np.uint8, "r"))
        if content[:layout.IDENTITY_SIZE].tobytes() != self.header.tobytes()[:layout.IDENTITY_SIZE]:
            raise FileNotFoundError(f"{self.path} is another segment by now")
        return content


def explain(error: OSError, what: str) -> UserError:
    """One line for a system call that failed on a path."""
    return UserError(f"{what}: {(error.strerror or str(error)).lower()}")


def log_folder(directory: str | os.PathLike[str]) -> Path:
    """DIR/log of an existing venue directory. UserError where it is none."""
    directory = Path(directory)
    folder = directory / LOG_FOLDER
    try:
        if not directory.is_dir():
            raise UserError(f"{directory}: no such directory; expected a venue's directory, which has a {LOG_FOLDER}/")
        entries = sorted(os.listdir(directory))
    except OSError as error:
        raise explain(error, f"cannot read {directory}") from error
    if LOG_FOLDER not in entries:
        found = f"found {', '.join(entries[:3])}" if entries else "it is empty"
        raise UserError(f"{directory}: not a venue's directory: expected {LOG_FOLDER}/ in it, {found}")
    if not folder.is_dir():
        raise UserError(f"{folder}: expected a directory with log segments, found a file")
    return folder


def make_log_folder(directory: str | os.PathLike[str]) -> Path:
    """DIR/log, made where it is missing: in an empty directory, or beside a venue.toml. UserError elsewhere, or where
    it cannot be written."""
    directory = Path(directory)
    folder = directory / LOG_FOLDER
    try:
        directory.mkdir(parents=True, exist_ok=True)
        entries = sorted(os.listdir(directory))
        if entries and not VENUE_MARKS & set(entries):
            raise UserError(f"{directory}: not a venue's directory: found {entries[0]} and no {CONFIGURATION}; "
                            f"choose a new directory, or one that has a {CONFIGURATION}")
        folder.mkdir(exist_ok=True)
        for place in (directory.parent, directory):
            sync_directory(place)
    except FileExistsError as error:
        raise UserError(f"{error.filename}: expected a directory, found a file") from error
    except OSError as error:
        raise explain(error, f"cannot make a log in {directory}") from error
    return folder


def sync_directory(path: Path) -> None:
    """Names in this directory are on the disk afterwards."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(folder: Path) -> int:
    """The one writer's lock on DIR/log: a descriptor, held until it is closed. UserError where another process has
    it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise explain(error, f"cannot open {folder}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = lock_holder(descriptor)
        os.close(descriptor)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise explain(error, f"cannot lock {folder}") from error
        who = f"process {holder}" if holder else "another process"
        raise UserError(f"{folder.parent}: {who} is writing this log; stop it or choose another directory") from error
    return descriptor


def lock_holder(descriptor: int) -> int | None:
    """The process that holds the lock, where the system tells (Linux: /proc/locks)."""
    inode = os.fstat(descriptor).st_ino
    with suppress(OSError), open("/proc/locks") as locks:
        for line in locks:
            words = line.split()
            if "FLOCK" in words and words[-3].rpartition(":")[2] == str(inode) and int(words[-4]) > 0:
                return int(words[-4])
    return None


def boot_id() -> bytes:
    """16 bytes that change with each start of the machine; zeros where the system does not tell."""
    text = ""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    else:
        with suppress(FileNotFoundError):
            text = Path("/proc/sys/kernel/random/boot_id").read_text()
    return bytes.fromhex(text.strip().replace("-", "")) or bytes(16)


def list_segments(folder: Path) -> list[SegmentFile]:
    """All segments of a log, by first sequence number, their headers checked one by one (not the chain: see recovery).

    A segment that the writer has begun and not named yet (layout.NEXT_NAMES) is one of them; a prepared, unused one is
    not. UserError where something is there that is no segment of this format; CheckFailed where a header is damaged.
    """
    for _ in range(10):
        try:
            return _list_once(folder)
        except FileNotFoundError:
            continue        # a live writer has renamed its newest segment since we listed it: list again
        except OSError as error:
            raise explain(error, f"cannot read {error.filename or folder}") from error
    raise UserError(f"{folder}: files come and go while they are read; is something else than a writer at work there?")


def _list_once(folder: Path) -> list[SegmentFile]:
    segments = []
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if not SEGMENT_NAME.fullmatch(name) and name not in layout.NEXT_NAMES:
            raise UserError(f"{path}: not a log segment; expected only names like {layout.segment_name(1)} in {folder}")
        if path.is_dir():
            raise UserError(f"{path}: expected a log segment, found a directory")
        segment = read_segment(path)
        if segment is not None:
            segments.append(segment)
    segments.sort(key=lambda segment: (segment.first_sequence, segment.name))
    return [segment for segment, after in zip(segments, [*segments[1:], None], strict=False)
            if after is None or not is_replaced(segment, after)]


def is_replaced(segment: SegmentFile, after: SegmentFile) -> bool:
    """Whether a later run has begun in the place of a closed segment without a record, and not yet got its name."""
    header = segment.header
    return (segment.first_sequence == after.first_sequence and header["run"] < after.header["run"]
            and after.name in layout.NEXT_NAMES and header["closed"] >> 32 == layout.CLOSED
            and header["appended"] == segment.first_sequence - 1)


def read_segment(path: Path) -> SegmentFile | None:
    """A segment's header, checked; None for a prepared one that was never used."""
    with open(path, "rb") as file:
        raw = file.read(layout.HEADER_SIZE)
        size = os.fstat(file.fileno()).st_size
    unnamed = path.name in layout.NEXT_NAMES
    if unnamed and not any(raw[:8]):
        return None
    if len(raw) < layout.HEADER_SIZE:
        raise CheckFailed(f"{path}: header cut off: {len(raw)} bytes, expected {layout.HEADER_SIZE}; restore this "
                          "segment from a copy")
    header = np.frombuffer(raw, layout.HEADER)[0]
    check_identity(path, raw, header)
    if size != header["capacity"]:
        raise CheckFailed(f"{path}: {size} bytes, its header says {header['capacity']}; restore this segment from a "
                          "copy")
    if not unnamed and path.name != layout.segment_name(int(header["first_sequence"])):
        raise CheckFailed(f"{path}: holds the segment {layout.segment_name(int(header['first_sequence']))}: "
                          "renamed, or two with the same number")
    return SegmentFile(path, header, size)


def check_identity(path: Path, raw: bytes, header: np.void) -> None:
    """Whether these bytes are the header of a segment that this version can read."""
    if header["magic"] != layout.MAGIC:
        if int(header["magic"]).to_bytes(8, "big") == layout.MAGIC.to_bytes(8, "little"):
            raise UserError(f"{path}: written on a machine of the other byte order; pricetime logs are little-endian")
        raise UserError(f"{path}: not a pricetime log segment: begins with {raw[:8]!r}, expected "
                        f"{layout.MAGIC.to_bytes(8, 'little')!r}")
    if header["byte_order"] != layout.BYTE_ORDER:
        raise UserError(f"{path}: byte order mark {int(header['byte_order']):#010x}, expected "
                        f"{layout.BYTE_ORDER:#010x}: written on a machine of the other byte order")
    if header["header_checksum"] != layout.identity_checksum(raw):
        raise CheckFailed(f"{path}: the header's checksum is wrong at offset 124: it is damaged; restore this "
                          "segment from a copy")
    if header["format_version"] != layout.FORMAT:
        raise UserError(f"{path}: log format {header['format_version']}, this pricetime reads {layout.FORMAT}; "
                        f"install a pricetime that reads format {header['format_version']}")
    if header["rules_version"] != layout.RULES:
        raise UserError(f"{path}: matched under rules version {header['rules_version']}, this pricetime has "
                        f"{layout.RULES}; install a pricetime with rules version {header['rules_version']}")
    if any(raw[128:256]) or any(raw[648:]) or any(any(raw[at + 8:at + 128]) for at in (256, 384, 512)):
        raise CheckFailed(f"{path}: bytes of the header that must be zero are not: it is damaged; restore this "
                          "segment from a copy")
