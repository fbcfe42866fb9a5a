"""tests/faults/disk.c from Python: building it, programs over it, faults, and what a power cut leaves.

A program has it by LD_PRELOAD. `Faults` tells it which calls fail; `watch`, `cut` and `image` are for a program that
runs over it itself; `fallen` makes of an image a folder as the disk may have it afterwards.
"""

import ctypes
import os
import random
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("disk.c")
TESTS = Path(__file__).resolve().parents[1]
LINKS = TESTS.parent / "build" / "cython"
CALLS = ("fdatasync", "fsync", "msync", "fallocate", "pwrite", "rename", "create", "unlink")
FAULT = np.dtype([("error", "i4"), ("after", "i4"), ("times", "i4"), ("calls", "i4")])
PAGE, SECTOR = 4096, 512
FOR_EVER = -1


def missing() -> str:
    """What this machine has not that the simulated disk needs; "": nothing."""
    if not sys.platform.startswith("linux"):
        return "the simulated disk is LD_PRELOAD's, of Linux"
    return "" if shutil.which("cc") else "no C compiler (cc) for the simulated disk"


def build(folder: Path) -> Path:
    """The shared object, built where it is missing."""
    library = folder / "disk.so"
    if not library.exists():
        flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, str(SOURCE), "-o", str(library), "-ldl"], check=True)
    return library


def environment(library: Path | None = None, **changes: str) -> dict[str, str]:
    """For a program that imports this tree's pricetime and tests, and runs over the simulated disk where one is
    given."""
    path = [str(place) for place in (LINKS, TESTS) if place.is_dir()]
    search = os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])
    preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), str(library or "")]))
    return os.environ | ({"LD_PRELOAD": preload} if preload else {}) | {"PYTHONPATH": search} | changes


class Faults:
    """Which calls of a program fail: a file that it has mapped."""

    def __init__(self, file: Path) -> None:
        file.write_bytes(bytes(FAULT.itemsize * len(CALLS)))
        self.file = file
        self._faults = np.memmap(file, FAULT, "r+")

    def fail(self, call: str, error: int, *, after: int = 0, times: int = FOR_EVER) -> None:
        """`after` calls go well, then `times` fail."""
        fault = self._faults[CALLS.index(call):][:1]
        fault["error"], fault["after"], fault["times"] = error, after, times

    def heal(self) -> None:
        """Nothing fails any more."""
        for call in CALLS:
            self.fail(call, 0, times=0)

    def calls(self, call: str) -> int:
        """How many there were."""
        return int(self._faults[CALLS.index(call)]["calls"])

    def environment(self, library: Path, root: Path) -> dict[str, str]:
        """For a program whose calls below `root` fail as told."""
        return environment(library, DISK_CONTROL=str(self.file), DISK_ROOT=str(root))


# ------------------------------------------------------------------------- in a program over the simulated disk


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def watch(folder: Path, shadow: Path) -> None:
    """From now on keep in `shadow` what of this folder is on the disk for certain; all that is there now is."""
    shadow.mkdir()
    _library().disk_watch(bytes(folder), bytes(shadow))


def cut(tick: int, target: Path) -> None:
    """Write the image at this tick."""
    _library().disk_cut(tick, bytes(target))


def image(target: Path) -> None:
    """Write the image now."""
    _library().disk_image(bytes(target))


def ticks() -> int:
    """How many there were since watch()."""
    return int(_library().disk_ticks())


def live_files(image: Path) -> list[bytes]:
    """All files of an image as the program saw them."""
    return [path.read_bytes() for path in image.glob("live-*")]


def fallen(image: Path, folder: Path, dice: random.Random) -> None:
    """The folder as the disk may have it when the power is back: of names the changes up to one of them, of each
    unsynced page the old, the new, or some sectors of each."""
    base, _, changes = (image / "names").read_text().partition("--\n")
    names = dict(line.split() for line in base.splitlines())
    lines = changes.splitlines()
    for line in lines[:dice.randint(0, len(lines))]:
        kind, first, second = line.split()
        if kind == "create":
            names[first] = second
        elif kind == "rename":
            names[second] = names.pop(first)
        else:
            del names[first]
    folder.mkdir(parents=True)
    for name, inode in names.items():
        (folder / name).write_bytes(survivor(image, inode, dice))


def survivor(image: Path, inode: str, dice: random.Random) -> bytes:
    """One file, page by page."""
    new, durable = (image / f"live-{inode}").read_bytes(), image / f"durable-{inode}"
    if not durable.exists() and dice.random() < 0.5:
        return b""              # not even its size
    old = durable.read_bytes() if durable.exists() else bytes(len(new))
    if new == old:
        return new
    kept = bytearray(new)
    for page in range(0, len(new), PAGE):
        fate = dice.choice(("old", "new", "torn"))
        for sector in range(page, page + PAGE, SECTOR):
            if fate == "old" or (fate == "torn" and dice.random() < 0.5):
                kept[sector:sector + SECTOR] = old[sector:sector + SECTOR]
    return bytes(kept)
