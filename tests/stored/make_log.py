"""Writes the log that is kept here: every type of command that a venue journals, in two runs and several segments.

    PYTHONPATH=build/cython:tests python -P tests/stored/make_log.py FILE.zip

For a new version of format or rules only: the file of an old version stays as it is, for ever. Random commands of the
differential tests' generator are offered to an engine, and those that it takes are journaled, as a venue would.
"""

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import commands as c
import numpy as np
from differential.generator import Generator
from differential.generator.profiles import PROFILES

from pricetime.journal import Writer, layout
from pricetime.journal.verify import digest_text
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, RECORD_VERSION, CommandType

RUNS = (140, 160)       # commands offered in each
DIGEST_EVERY = 50
JOURNALED = {kind for kind in CommandType if kind < CommandType.HEARTBEAT} - {
    CommandType.ORDER_STATUS_REQUEST, CommandType.ORDER_MASS_STATUS_REQUEST}


def digest_record(engine: Engine) -> np.ndarray:
    """EventDigest: what the venue journals every so many commands."""
    record = np.zeros(1, COMMAND)
    record["type"], record["shape"] = CommandType.EVENT_DIGEST, RECORD_VERSION << 4 | 1
    record["price"], record["quantity"] = np.array(engine.event_digest, "u8").view("i8")
    return record


def journal(writer: Writer, engine: Engine, lines: np.ndarray) -> np.ndarray:
    """Offer one record to the engine and, where it passes the door, to the log; its events."""
    lines["sequence"][0] = writer.sequence + 1
    lines["time"][0] = max(int(lines["time"][0]), writer.time)
    events = engine.apply(lines)
    if engine.sequence == writer.sequence + 1:
        writer.append(lines)
    return events


def make(directory: Path, seed: int) -> Engine:
    """The log of two runs; the engine that took its commands."""
    generator = Generator(seed, PROFILES[seed % len(PROFILES)])
    engine = Engine()
    stream = generator.stream(sum(RUNS))
    for count in RUNS:
        with Writer(directory, segment_bytes=layout.SEGMENT_BYTES_MIN) as writer:
            for number in range(1, count + 1):
                record = np.frombuffer(next(stream), COMMAND).copy()
                events = journal(writer, engine, record)
                generator.observe([c.Event._make(event) for event in events.tolist()])
                if number % DIGEST_EVERY == 0:
                    journal(writer, engine, digest_record(engine))
    return engine


def types(directory: Path) -> set[int]:
    from pricetime.journal import Reader
    return {int(line["type"]) for block in Reader(directory) for line in block} & {*JOURNALED}


def main(target: str) -> None:
    """Try seeds until one has every type, then pack its log."""
    for seed in range(1000):
        directory = Path(tempfile.mkdtemp())
        engine = make(directory, seed)
        if types(directory) == JOURNALED:
            break
        shutil.rmtree(directory)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted((directory / "log").iterdir()):
            archive.write(path, f"log/{path.name}")
    print(f"seed {seed}, {engine.sequence} commands, digest {engine.digest().hex()}, "
          f"event digest {digest_text(engine.event_digest)}")


if __name__ == "__main__":
    main(sys.argv[1])
