"""Faults for as long as one likes: `make soak SOAK="faults"`, or `SOAK="kills --count 50 --first 7"`.

kills: SIGKILLs of a venue under load. power: power losses. bits: every bit of three small logs flipped, each of them
cut off at every byte. disks: a venue's disk that fills up, breaks or interrupts, at random. fuzz: hostile messages.
chaos: clients on lines that drop, double, reorder and cut, at a venue that is killed. Each prints a line as it goes;
the first thing that does not hold ends it with its seed.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from faults import chaos, damage, disk, failing_disk, fuzz, power_loss
from faults.kills import kills
from faults.levels import DURABILITIES
from journal_logs import SEGMENT_BYTES

KILLS_OF_A_LOG = 50         # then a new one: each start replays it
LOSSES_OF_A_PROGRAM = 500
FUZZ_SEEDS = 10
Round = Callable[[Path, str, int], tuple[int, str]]     # folder, level, seed: how many were done, a line


def kill(folder: Path, level: str, seed: int) -> tuple[int, str]:
    return KILLS_OF_A_LOG, kills(seed, KILLS_OF_A_LOG, folder / "venue", level)


def lose_power(folder: Path, level: str, seed: int) -> tuple[int, str]:
    """Seeds of this one count on from 1,000 times its own, so that no two rounds have the same."""
    done = power_loss.program(disk.build(folder), folder, first=1000 * seed, losses=LOSSES_OF_A_PROGRAM,
                              durability=level)
    assert done.returncode == 0, done.stderr
    return LOSSES_OF_A_PROGRAM, done.stdout.strip()


def flip_every_bit(folder: Path, level: str, seed: int) -> tuple[int, str]:
    """One of the three kinds of logs; the level and the seed mean nothing here but which."""
    kind = damage.KINDS[seed % len(damage.KINDS)]
    log = damage.make(kind, folder)
    counts = damage.flip_bits(log, damage.every_bit(log))
    cuts = damage.cut_off(log, range(SEGMENT_BYTES - 1, -1, -1))
    told = ", ".join(f"{count:,} {recovery} / {reader}" for (recovery, reader), count in sorted(counts.items()))
    return 1, f"{kind}: {sum(counts.values()):,} bits ({told}: recovery / reader), {cuts:,} cuts"


def send_anything(folder: Path, level: str, seed: int) -> tuple[int, str]:
    """Some seeds of hostile messages in a process of their own; the level means nothing here."""
    done = fuzz.program(FUZZ_SEEDS * seed, FUZZ_SEEDS)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return FUZZ_SEEDS * fuzz.ROUND, done.stdout.splitlines()[-1]


def trade_on_bad_lines(folder: Path, level: str, seed: int) -> tuple[int, str]:
    try:
        return 1, chaos.chaos(seed, folder, level)
    except Exception as error:
        raise AssertionError(repr(error)) from error


def fail_disk(folder: Path, level: str, seed: int) -> tuple[int, str]:
    dice = random.Random(seed)
    play, case = failing_disk.any_case(dice)
    failing = failing_disk.Failing(disk.build(folder), folder, level, seed)
    try:
        with failing.venues:
            play(failing, case)
    except Exception as error:
        raise AssertionError(f"{play.__name__}, {case}: {error!r}") from error
    return 1, f"{play.__name__}: {case}"


ROUNDS: dict[str, tuple[Round, int]] = {    # and how many make a long run
    "kills": (kill, 1_000), "power": (lose_power, 10_000), "bits": (flip_every_bit, len(damage.KINDS)),
    "disks": (fail_disk, 100), "fuzz": (send_anything, 10_000_000), "chaos": (trade_on_bad_lines, 200)}  # fmt: skip


def levels(kind: str) -> Iterator[str]:
    yield from DURABILITIES[:1] if kind in ("bits", "fuzz") else DURABILITIES


def soak(kind: str, first: int, count: int) -> bool:
    """One kind at each level; whether all held."""
    play, usual = ROUNDS[kind]
    for level in levels(kind):
        done, seed, begun = 0, first, time.monotonic()
        while done < (count or usual):
            folder = Path(tempfile.mkdtemp(prefix=f"soak-{kind}-{seed}-"))
            try:
                more, line = play(folder, level, seed)
            except AssertionError as error:
                print(f"{kind}, level {level}, seed {seed}: {error}\nthe files: {folder}\nagain: "
                      f'make soak SOAK="{kind} --first {seed} --count 1"', file=sys.stderr)
                return False
            shutil.rmtree(folder)
            done, seed = done + more, seed + 1
            print(f"{kind} {done:,} of {count or usual:,}, {time.monotonic() - begun:,.0f} s: {line}", flush=True)
    return True


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='make soak SOAK="', description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("kinds", nargs="*", choices=[[], *ROUNDS], help="which (default: all)")
    parser.add_argument("--first", type=int, default=int(time.time()), help="first seed (default: the time)")
    parser.add_argument("--count", type=int, default=0, help="how many of each kind (default: a long run)")
    given = parser.parse_args(words)
    needs = {"power", "disks"} & {*(given.kinds or ROUNDS)}
    if needs and disk.missing():
        print(f"faults: {disk.missing()}", file=sys.stderr)
        return 2
    try:
        return 0 if all(soak(kind, given.first, given.count) for kind in given.kinds or ROUNDS) else 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
