"""A recovery that is broken off at each of its calls to the system, in turn (the call is made, or is not), and done
again: the log is the same then as after a recovery that was not broken off. Broken off is: the process is gone."""

import mmap
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from journal_logs import SEGMENT_BYTES, change, clocks, definition, left_behind, machine_went_down, segment

from pricetime.journal import Writer, layout, recover, recovery

OFFSET_50 = layout.HEADER_SIZE + 49 * 64


class BrokenOff(BaseException):
    """Nothing that recovery could catch."""


class Breaker:
    """Counts calls; raises before or behind the `at`-th: 2k is before call k, 2k + 1 behind it."""

    def __init__(self, at: int) -> None:
        self.at, self.moments = at, 0

    def moment(self) -> None:
        if self.moments == self.at:
            raise BrokenOff
        self.moments += 1

    def around(self, call):
        def broken(*arguments, **options):
            self.moment()
            result = call(*arguments, **options)
            self.moment()
            return result
        return broken


@contextmanager
def broken_off(at: int) -> Iterator[Breaker]:
    """All that recovery does to the disk goes through a Breaker."""
    breaker = Breaker(at)

    class Map(mmap.mmap):
        flush = breaker.around(mmap.mmap.flush)

        def __setitem__(self, place, value):    # the zeroing of what is cut, in two halves
            data = bytes(value)
            half = place.start + len(data) // 2
            super().__setitem__(slice(place.start, half), data[:half - place.start])
            breaker.moment()
            super().__setitem__(slice(half, place.start + len(data)), data[half - place.start:])

    with (mock.patch.object(recovery.mmap, "mmap", Map), mock.patch.object(os, "fsync", breaker.around(os.fsync)),
          mock.patch.object(os, "rename", breaker.around(os.rename)),
          mock.patch.object(os, "unlink", breaker.around(os.unlink))):  # fmt: skip
        yield breaker


def cut_log(folder: Path) -> Path:
    """Four segments, 11 of 230 synced when the machine went down; command 50 is lost: two whole segments are to be
    removed, half of the first one to be zeroed. The last one has no name yet."""
    with Writer(folder / "live", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 230))
        log = left_behind(folder / "live", folder / "cut")
    machine_went_down(log, synced=11)
    change(segment(log), OFFSET_50, bytes(8))
    segment(log, 193).rename(log / "log" / "next-1.segment")
    return log


def half_written_log(folder: Path) -> Path:
    """Three segments of a process that died in the middle of a record; the last one has no name yet, and one is
    prepared."""
    with Writer(folder / "live", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(np.concatenate([clocks(1, 149), definition(150, 1, b"member")]))
        log = left_behind(folder / "live", folder / "half")
    for path in (log / "log").glob("next-*"):
        path.unlink()
    for path in (log / "log").iterdir():
        change(path, 640, bytes(8))
    last = segment(log, 129)
    change(last, layout.HEADER_SIZE + 23 * 64 + 8, b"half a record")
    last.rename(log / "log" / "next-0.segment")
    (log / "log" / "next-1.segment").write_bytes(bytes(SEGMENT_BYTES))
    return log


LOGS = {"cut": (cut_log, 49), "half written": (half_written_log, 150)}


def contents(log: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (log / "log").iterdir()}


def every_crash(log: Path, last: int, folder: Path) -> int:
    """Break it off at every moment, recover again; how many moments there are."""
    whole = folder / "whole"
    shutil.copytree(log, whole)
    assert recover(whole).last_sequence == last
    assert recover(whole).notes == []
    at = 0
    while True:
        again = folder / f"broken-{at}"
        shutil.copytree(log, again)
        try:
            with broken_off(at):
                recover(again)
            return at
        except BrokenOff:
            pass
        found = recover(again)
        assert found.last_sequence == last, f"broken off at moment {at}: ends with command {found.last_sequence}"
        assert contents(again) == contents(whole), f"broken off at moment {at}: another log"
        shutil.rmtree(again)
        at += 1
