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

from pricetime.journal import layout, packed
from pricetime.matching.errors import CheckFailed, UserError

LOG_FOLDER = "log"
CONFIGURATION = "venue.toml"
VENUE_MARKS = {CONFIGURATION, LOG_FOLDER}   # a directory that has one of them, or nothing, may hold a venue's log
SEGMENT_NAME = re.compile(r"\d{20}\.segment")
PRUNED = "pruned"               # says where a log begins whose oldest segments were removed
TEMPORARY_NAME = re.compile(r"(\d{20}\.segment\.zst|pruned)\.new")      # of packing, pruned ones: nobody reads them
LIST_TRIES = 1000               # a live writer renames a file now and then, a packer a few in a second
# Rules version -> the newest release that has it, of those before this one's. None has been released yet.
RELEASES: dict[int, str] = {}


@dataclass(frozen=True)
class SegmentFile:
    """One segment as its header describes it (HEADER, a copy), plain or packed; `bytes` of the plain one. `path` may
    change by a rename while the log is live."""

    path: Path
    header: np.void
    bytes: int

    @property
    def first_sequence(self) -> int:
        return int(self.header["first_sequence"])

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def packed(self) -> bool:
        return packed.is_packed(self.path)

    @property
    def mark(self) -> int:
        """FULL, CLOSED, 0 for neither, or what damage has made of it."""
        return int(self.header["closed"]) >> 32

    def is_marked(self, last_sequence: int) -> bool:
        """Whether a good mark says that all up to this command is here and synced."""
        return (self.mark in (layout.FULL, layout.CLOSED)
                and all(self.header[name] == last_sequence for name in layout.POSITIONS)
                and self.header["closed"] == layout.mark_of_close(self.header.tobytes(), self.mark))

    def map(self) -> np.ndarray:
        """The whole segment, read-only, as bytes: what a live writer stores is seen in it. A packed one is unpacked to
        memory.

        FileNotFoundError: it has another name by now, and perhaps another file has this one. List again.
        """
        if self.packed:
            content = packed.unpack(self.path, self.bytes)
        else:
            try:
                content = np.asarray(np.memmap(self.path, np.uint8, "r"))
            except ValueError:      # empty: made anew
                content = np.zeros(0, np.uint8)
        identity = self.header.tobytes()[:layout.IDENTITY_SIZE]
        if len(content) != self.bytes or content[:layout.IDENTITY_SIZE].tobytes() != identity:
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
    not, nor what is on its way out: a packed one whose plain one is there, one before the place where the log was
    pruned. UserError where something is there that is no segment of this format; CheckFailed where a header is damaged.
    """
    return list_log(folder)[0]


def list_log(folder: Path) -> tuple[list[SegmentFile], np.void | None]:
    """`list_segments`, and the identity of the segment that a pruned log begins with (None: from command 1)."""
    known: dict[str, SegmentFile] = {}
    for _ in range(LIST_TRIES):
        try:
            names = set(os.listdir(folder))
            found = _read_listed(folder, names, known)
            # A file that gets another name meanwhile may be seen under neither.
            if names == set(os.listdir(folder)):
                return found
        except FileNotFoundError:
            continue        # renamed, packed or pruned since we listed it
        except OSError as error:
            raise explain(error, f"cannot read {error.filename or folder}") from error
    raise UserError(f"{folder}: files come and go while they are read; is something else than a writer at work there?")


def _read_listed(folder: Path, names: set[str], known: dict[str, SegmentFile]) -> tuple[list[SegmentFile],
                                                                                         np.void | None]:
    """The segments of these names; `known` has what was read before and can have changed in its positions only."""
    pruned = read_pruned(folder)        # after the names were listed: it is there before a segment is removed
    segments = []
    for name in sorted(names):
        check_name(folder, name)
        if name == PRUNED or TEMPORARY_NAME.fullmatch(name) or (
                name != packed.plain_name(name) and packed.plain_name(name) in names):
            continue
        if pruned is not None and name not in layout.NEXT_NAMES and int(name[:20]) < pruned["first_sequence"]:
            continue
        segment = known.get(name) or _read_plain_or_packed(folder / name)
        if segment is not None:
            segments.append(segment)
            if name not in layout.NEXT_NAMES:
                known[segment.name] = segment
    return without_replaced(sorted(segments, key=lambda segment: (segment.first_sequence, segment.name))), pruned


def without_replaced(segments: list[SegmentFile]) -> list[SegmentFile]:
    """Without an empty segment whose place a later run's is about to take: that has the number, not the name yet."""
    def replaced(old: SegmentFile, new: SegmentFile) -> bool:
        return (new.name in layout.NEXT_NAMES and new.first_sequence == old.first_sequence
                and new.header["run"] > old.header["run"] and old.is_marked(old.first_sequence - 1))

    kept = [old for old, new in zip(segments, segments[1:], strict=False) if not replaced(old, new)]
    return kept + segments[-1:]


def check_name(folder: Path, name: str) -> None:
    """UserError where this may not be in a log's folder."""
    path = folder / name
    if not (SEGMENT_NAME.fullmatch(name) or name in layout.NEXT_NAMES or packed.PACKED_NAME.fullmatch(name)
            or name == PRUNED or TEMPORARY_NAME.fullmatch(name)):
        raise UserError(f"{path}: not a log segment; expected only names like {layout.segment_name(1)} in {folder}; "
                        "move it elsewhere")
    if path.is_dir():
        raise UserError(f"{path}: expected a log segment, found a directory; move it elsewhere")


def _read_plain_or_packed(path: Path) -> SegmentFile | None:
    """A listed segment; the packed one where it was packed since."""
    try:
        return read_segment(path)
    except FileNotFoundError:
        if not SEGMENT_NAME.fullmatch(path.name):
            raise
        return read_segment(path.with_name(path.name + packed.SUFFIX))


def read_segment(path: Path) -> SegmentFile | None:
    """A segment's header, checked; None for a prepared one that was never used."""
    if packed.is_packed(path):
        raw, size = packed.read_head(path, layout.HEADER_SIZE)
    else:
        with open(path, "rb") as file:
            raw = file.read(layout.HEADER_SIZE)
            size = os.fstat(file.fileno()).st_size
    unnamed = path.name in layout.NEXT_NAMES
    if unnamed and not any(raw[:8]):
        return None
    if len(raw) < layout.HEADER_SIZE:
        raise CheckFailed(f"{path}: header cut off: {len(raw)} bytes, expected {layout.HEADER_SIZE}; {restore(path)}")
    header = np.frombuffer(raw, layout.HEADER)[0]
    check_identity(path, raw, header)
    check_zeros(path, raw)
    if size != header["capacity"]:
        raise CheckFailed(f"{path}: {size} bytes, its header says {header['capacity']}; {restore(path)}")
    if not unnamed and packed.plain_name(path.name) != layout.segment_name(int(header["first_sequence"])):
        raise CheckFailed(f"{path}: holds the segment {layout.segment_name(int(header['first_sequence']))}: "
                          "renamed, or two with the same number; give it that name back, or move it elsewhere")
    return SegmentFile(path, header, size)


def read_pruned(folder: Path) -> np.void | None:
    """The identity of the segment that a pruned log begins with; None where none was pruned. CheckFailed: damaged."""
    path = folder / PRUNED
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) != layout.IDENTITY_SIZE:
        raise CheckFailed(f"{path}: {len(raw)} bytes, expected {layout.IDENTITY_SIZE}; {restore(path)}")
    header: np.void = np.frombuffer(raw + bytes(layout.HEADER_SIZE - len(raw)), layout.HEADER)[0]
    check_identity(path, raw, header)
    return header


def restore(path: Path) -> str:
    """What to do about a damaged or missing file of a log: a command."""
    folder = path.parent
    return (f"restore it from another copy of the log: cp COPY/log/{path.name} {folder}/, then pricetime verify "
            f"{folder.parent} (without a copy, from a snapshot: docs/operating.md, Damage)")


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
        raise CheckFailed(f"{path}: the header's checksum is wrong at offset 124: it is damaged; {restore(path)}")
    if header["format_version"] != layout.FORMAT:
        raise UserError(f"{path}: log format {header['format_version']}, this pricetime reads {layout.FORMAT}; "
                        f"install a pricetime that reads format {header['format_version']}")
    if header["rules_version"] != layout.RULES:
        version = int(header["rules_version"])
        raise UserError(f"{path}: matched under rules version {version}, this pricetime has {layout.RULES}; install a "
                        f"pricetime with rules version {version}: {release_of(version)}")


def release_of(rules_version: int) -> str:
    """How to get a pricetime with these rules."""
    release = RELEASES.get(rules_version)
    if release is not None:
        return f"pip install 'pricetime=={release}'"
    if rules_version > layout.RULES:
        return "it is newer than this one: pip install --upgrade pricetime"
    return "no release has them; build it from the source that the log was written with"


def check_zeros(path: Path, raw: bytes) -> None:
    """Whether the header is zero wherever nothing is in it."""
    gaps = [(layout.IDENTITY_SIZE, 256), *((at + 8, at + 128) for at in (256, 384, 512)), (648, layout.HEADER_SIZE)]
    if any(raw.count(0, begin, end) != end - begin for begin, end in gaps):
        raise CheckFailed(f"{path}: bytes of the header that must be zero are not: it is damaged; {restore(path)}")
