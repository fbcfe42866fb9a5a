"""Checksums, the log (append, scan and read, replay and verify, a start from a snapshot), and the codec: blocks of the
flow `move`, some thousand records a round."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricetime.bench.bench_journal import numbered, write_log
from pricetime.bench.drive_journal import time_writer
from pricetime.bench.flows import generated_flow
from pricetime.gateway.codec import Codec, read_lines
from pricetime.journal import snapshot
from pricetime.journal.reader import Reader
from pricetime.journal.verify import verify
from pricetime.journal.writer import Writer
from pricetime.matching.checksum import checksum_record, crc32c, digest_events
from pricetime.matching.engine import Engine

COUNT = 10_000
MESSAGES = 2_000
ROUNDS = 15
FLOW = generated_flow("move", COUNT)
WHOLE = np.concatenate([FLOW.definitions, FLOW.fill, FLOW.lines])


def rounds(benchmark: Any, work: Callable[[], object], per: int) -> None:
    benchmark.extra_info["per"] = per
    benchmark.pedantic(work, rounds=ROUNDS, warmup_rounds=1)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log of the whole flow."""
    directory = tmp_path_factory.mktemp("log")
    write_log(str(directory), WHOLE)
    return directory


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with Writer(tmp_path) as opened:
        yield opened


def test_crc32c_of_64_kib(benchmark: Any) -> None:
    data = WHOLE.tobytes()[:1 << 16]
    rounds(benchmark, lambda: crc32c(data), len(data))


def test_checksum_of_a_record(benchmark: Any) -> None:
    data = WHOLE.tobytes()[:64]
    rounds(benchmark, lambda: [checksum_record(data, 7) for _ in range(1_000)], 1_000)


def test_digest_of_events(benchmark: Any) -> None:
    events = Engine().apply(WHOLE).tobytes()
    rounds(benchmark, lambda: digest_events(events, 0, 0), len(events) // 128)


def test_append(benchmark: Any, writer: Writer) -> None:
    benchmark.extra_info["per"] = COUNT
    benchmark.pedantic(lambda lines: time_writer(writer, lines, 64), rounds=ROUNDS, warmup_rounds=1,
                       setup=lambda: ((numbered(writer, FLOW.lines),), {}))


def test_append_from_python(benchmark: Any, writer: Writer) -> None:
    benchmark.extra_info["per"] = COUNT
    benchmark.pedantic(writer.append, rounds=ROUNDS, warmup_rounds=1,
                       setup=lambda: ((numbered(writer, FLOW.lines),), {}))


def test_read(benchmark: Any, log: Path) -> None:
    rounds(benchmark, lambda: sum(len(block) for block in Reader(log)), len(WHOLE))


def test_replay_and_verify(benchmark: Any, log: Path) -> None:
    rounds(benchmark, lambda: verify(log, Engine()), len(WHOLE))


def test_snapshot_read_and_loaded(benchmark: Any, log: Path) -> None:
    engine, reader = Engine(), Reader(log)
    for block in reader:
        engine.apply(block)
    made = snapshot.write(log, engine, reader)
    rounds(benchmark, lambda: snapshot.load(snapshot.read(made.path), Engine()), 1)


def codec() -> Codec:
    known = Codec()
    known.decode(FLOW.definitions)
    return known


def test_codec_encodes(benchmark: Any) -> None:
    messages = codec().decode(FLOW.lines[:MESSAGES])
    rounds(benchmark, lambda: codec().encode_all(messages), MESSAGES)


def test_codec_decodes(benchmark: Any) -> None:
    rounds(benchmark, lambda: codec().decode(FLOW.lines[:MESSAGES]), MESSAGES)


def test_json_lines_read(benchmark: Any) -> None:
    order = (b'{"MsgType":"NewOrderSingle","Session":"alice","ClOrdID":%d,"Symbol":"ACME","Side":"Buy","OrdType":'
             b'"Limit","Price":100.25,"OrderQty":10}\n')
    text = b'{"MsgType":"SecurityDefinition","Symbol":"ACME","PriceScale":2,"TickSize":0.01,"LotSize":1}\n' + b"".join(
        order % number for number in range(1, MESSAGES + 1))
    rounds(benchmark, lambda: read_lines(io.BytesIO(text)), MESSAGES)
