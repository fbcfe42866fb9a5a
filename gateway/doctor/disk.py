"""The directory of the venue: what it lies on, how long a sync takes there, how much room it has."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from pricetime.gateway.doctor.findings import HURTS, NOTE, OK, Finding, Place

SYNCS = 20
SYNC_MAX_SECONDS = 0.5      # that all of them together may take
SYNC_HURTS = 5_000          # microseconds
SYNC_PROMISED = 20          # below that no disk has written anything
LINE = 64
ROOM_WANTED = 4 << 30       # a few segments of 64 MiB, a snapshot, a day's log


def existing(directory: Path) -> Path:
    """The directory, or the nearest one above it that is there."""
    while not directory.is_dir() and directory != directory.parent:
        directory = directory.parent
    return directory


def file_system(place: Place) -> Finding:
    """Memory, a disk, or somebody else's."""
    directory = existing(place.directory.resolve())
    kind = _kind(place, directory)
    found = f"{directory} is on {kind}"
    if kind in ("tmpfs", "ramfs"):
        return Finding("file system", NOTE, found, "the log is gone when the machine is, whatever durability says",
                       "a directory on a disk; tmpfs is for trying things")
    if kind in ("nfs", "nfs4", "cifs", "9p", "fuse", "fuseblk", "overlay", "virtiofs"):
        return Finding("file system", NOTE, found, "faults and syncs of the mapped log pass through another layer",
                       "a local ext4 or xfs for the venue's directory (a container: a volume)")
    return Finding("file system", OK, found)


def _kind(place: Place, directory: Path) -> str:
    """The type of the mount with the longest name that is above the directory."""
    best, kind = "", "an unknown file system"
    for line in (place.read("proc/self/mounts") or "").splitlines():
        words = line.split()
        if len(words) > 2 and directory.is_relative_to(words[1]) and len(words[1]) >= len(best):
            best, kind = words[1], words[2]
    return kind


def sync_time(place: Place) -> Finding:
    """fdatasync of a line in a file that has its blocks, as at durability level power."""
    directory = existing(place.directory)
    try:
        times = sorted(_sync_times(directory))
    except OSError as error:
        return Finding("fdatasync", NOTE, f"{directory}: {error.strerror}", "a venue cannot write there",
                       "a directory that this user can write to")
    middle, most = statistics.median(times), times[-1]
    found = f"median {middle:,.0f} us, longest of {len(times)} {most:,.0f} us"
    if middle > SYNC_HURTS:
        return Finding("fdatasync", HURTS, found, 'with durability = "power" no order is acknowledged sooner',
                       "an SSD with power-loss protection, or a separate disk for the log")
    if middle < SYNC_PROMISED:
        return Finding("fdatasync", NOTE, found, 'nothing was written: durability = "power" promises nothing here',
                       "a disk that writes (file system)")
    return Finding("fdatasync", OK, found)


def _sync_times(directory: Path) -> list[float]:
    """Microseconds each."""
    times: list[float] = []
    with tempfile.TemporaryFile(dir=directory) as file:
        number = file.fileno()
        os.write(number, bytes(LINE * (SYNCS + 1)))
        os.fsync(number)
        until = time.perf_counter() + SYNC_MAX_SECONDS
        for index in range(SYNCS):
            began = time.perf_counter()
            os.pwrite(number, b"\x01" * LINE, LINE * index)
            getattr(os, "fdatasync", os.fsync)(number)
            times.append((time.perf_counter() - began) * 1e6)
            if time.perf_counter() > until:
                break
    return times


def room(place: Place) -> Finding:
    """Free space."""
    directory = existing(place.directory)
    free = os.statvfs(directory)
    size = free.f_bavail * free.f_frsize
    found = f"{size >> 20:,} MiB free in {directory}"
    if size >= ROOM_WANTED:
        return Finding("room", OK, found)
    return Finding("room", HURTS, found, "a venue that cannot take the next segment stops",
                   "more room, or pack_after and prune in [log] (docs/operating.md)")


CHECKS = (file_system, sync_time, room)
