"""Power losses: runs of a writer over the simulated disk, the power cut at a random call or moment of each, recovery
from what may be left, and on. Run by `program()`, over tests/faults/disk.c.

What must hold each time: recovery finds no damage; what was safe (synced; at level `power`, committed) is there; what
is there is what was appended, from the first command on; nothing of before a cut comes back to life later.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from faults import disk
from faults.levels import level
from journal_logs import clocks, definition, is_first_line, read

from pricetime.journal import Writer, directory, layout, recovery
from pricetime.matching.errors import UserError

SEGMENT_BYTES = (8192, 8192, 16384)
RUNS_MAX = 4
RECORDS_MAX = 250       # of one append


def records(first: int, count: int, dice: random.Random) -> np.ndarray:
    """Some of one line, some of two; no two calls make the same."""
    short = clocks(first, count)
    short["price"] = [dice.randrange(1 << 60) for _ in range(count)]
    made = [definition(first + at, dice.randrange(1, 1 << 30), b"x" * dice.randrange(1, 40)).tobytes()
            if dice.random() < 0.2 else short[at:at + 1].tobytes() for at in range(count)]  # fmt: skip
    return np.frombuffer(b"".join(made), short.dtype)


def split(lines: np.ndarray) -> list[bytes]:
    """The records of some lines."""
    starts = [*np.flatnonzero(is_first_line(lines)).tolist(), len(lines)]
    return [lines[start:end].tobytes() for start, end in zip(starts, starts[1:], strict=False)]


class Machine:
    """One log through several starts of the machine. `history`: the records that were ever appended and not lost."""

    def __init__(self, seed: int, folder: Path, durability: str) -> None:
        self.dice = random.Random(seed)
        self.folder, self.durability = folder, durability
        self.options = level(durability)
        self.history: list[bytes] = []
        self.safe = 0           # commands that must be there, whatever happens
        self.starts = 0
        self.place = folder / "0"
        (self.place / "log").mkdir(parents=True)
        self.boot()

    def run(self) -> None:
        """One start of the machine: a writer once or twice (its process may die in between), a cut, what is left."""
        self.starts += 1
        shadow, image = self.folder / f"shadow-{self.starts}", self.folder / f"image-{self.starts}"
        disk.watch(self.place / "log", shadow)
        disk.cut(self.dice.choice([0, self.dice.randrange(1, 40), self.dice.randrange(1, 150)]), image)
        for _ in range(self.dice.randint(1, 2)):
            self.write(image)
        if not image.exists():
            disk.image(image)
        self.safe = max(self.safe, *map(self.safe_position, disk.live_files(image)), 0)
        self.place = self.folder / str(self.starts)
        disk.fallen(image, self.place / "log", self.dice)
        self.boot()
        self.check()
        shutil.rmtree(shadow)
        shutil.rmtree(image)

    def boot(self) -> None:
        """The machine's next start has another boot id."""
        boot = (self.starts + 1).to_bytes(16, "little")
        directory.boot_id = recovery.boot_id = lambda: boot

    def write(self, image: Path) -> None:
        """One process: open, append, end somehow. What comes after the image was written is not of this world."""
        lost = image.exists()
        with_size = {"segment_bytes": self.dice.choice(SEGMENT_BYTES), **self.options}
        writer = Writer(self.place, **with_size)
        if not lost:
            self.history = self.history[:writer.sequence]
        if not image.exists():
            self.safe = writer.sequence         # recovery has synced it
        for _ in range(self.dice.randint(0, 4)):
            lines = records(writer.sequence + 1, self.dice.randint(1, RECORDS_MAX), self.dice)
            if not lost:
                self.history = self.history + split(lines)
            lost = lost or image.exists()
            writer.append(lines)
        if self.dice.random() < 0.3 and not image.exists():
            disk.image(image)
        if self.dice.random() < 0.5:
            writer.close()
        else:
            writer.abandon()

    def safe_position(self, segment: bytes) -> int:
        """What a segment says is safe, at the moment of the image."""
        if len(segment) < layout.HEADER_SIZE or not any(segment[:8]):
            return 0
        header = np.frombuffer(segment, layout.HEADER, 1)[0]
        return int(max(header["synced"], header["committed"] if self.durability != "process" else 0))

    def check(self) -> None:
        """Recover what is left: all that is safe, nothing that was not appended, and nothing to mend the second
        time."""
        copy = self.folder / "copy"
        shutil.copytree(self.place / "log", copy / "log")
        try:
            found = recovery.recover(copy)
        except UserError as error:
            raise AssertionError(f"start {self.starts}: recovery refuses: {error}") from error
        assert self.safe <= found.last_sequence, (
            f"start {self.starts}: ends with command {found.last_sequence}, {self.safe} were safe")
        again = recovery.recover(copy)
        assert (again.last_sequence, again.notes, again.closed) == (found.last_sequence, [], True)
        lines = read(copy) if found.segments else np.zeros(0, clocks(1, 1).dtype)
        kept = split(lines)
        assert len(kept) == found.last_sequence
        for number, (here, there) in enumerate(zip(kept, self.history, strict=False), 1):
            assert here == there, f"start {self.starts}: command {number} is not the one that was appended"
        assert len(kept) <= len(self.history), f"start {self.starts}: {len(kept)} commands, {len(self.history)} given"
        self.history = kept
        shutil.rmtree(copy)


def power_losses(seed: int, folder: Path, durability: str) -> int:
    """One machine; how often its power was lost. AssertionError says what did not hold."""
    machine = Machine(seed, folder, durability)
    for _ in range(machine.dice.randint(1, RUNS_MAX)):
        machine.run()
    return machine.starts


def program(library: Path, folder: Path, *, first: int, losses: int,
            durability: str, lies: str = "") -> subprocess.CompletedProcess[str]:
    """This file as a program over the simulated disk, with its files in `folder`. lies: a call that only
    pretends to sync."""
    command = [sys.executable, "-P", "-m", "faults.power_loss", str(first), str(losses), durability]
    environment = disk.environment(library, TMPDIR=str(folder), DISK_LIES=lies)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="run over tests/faults/disk.c only")
    parser.add_argument("first", type=int)
    parser.add_argument("losses", type=int)
    parser.add_argument("durability")
    given = parser.parse_args()
    seed, losses = given.first, 0
    while losses < given.losses:
        folder = Path(tempfile.mkdtemp(prefix=f"power-loss-{seed}-"))
        try:
            losses += power_losses(seed, folder, given.durability)
        except BaseException as error:
            print(f"seed {seed}, {given.durability}: {error!r}; the files: {folder}", file=sys.stderr)
            if not isinstance(error, (AssertionError, UserError)):
                raise
            return 1
        shutil.rmtree(folder)
        seed += 1
    print(f"{losses} power losses at level {given.durability}, seeds {given.first} to {seed - 1}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
