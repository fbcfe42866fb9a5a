"""A real day through a whole venue: converted, sent over ZeroMQ, journaled; from the log the trades are the exchange's
own.

Then the same day with the venue killed, and with the client's connection cut, at random moments: nothing is lost,
nothing is taken twice.
"""

import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from data import shared
from ports import free_port
from shanghai import STOCKS, order_ids, published_trades, trades_of

from pricetime.gateway.demo.flow import FlowPlayer, read_flow
from pricetime.journal import Reader
from pricetime.matching.engine import Engine

VENUE = """
[venue]
endpoints = ["{endpoint}"]
clock = "flow"
digest_every = 1000
[log]
segment_mib = 1
[[session]]
name = "operator"
rights = ["Operate"]
[[session]]
name = "sse"
rights = ["Trade"]
"""


def pricetime(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "pricetime", *map(str, arguments)], capture_output=True, text=True, **options
    )


def converted(stock, tmp_path):
    file = tmp_path / f"{stock}.jsonl"
    with file.open("w") as out:
        subprocess.run(
            [sys.executable, "-m", "pricetime", "convert", "sse", shared(f"sse/{stock}.input.csv.gz")],
            stdout=out,
            check=True,
        )
    return file


def trades_in_log(directory, stock):
    engine = Engine()
    events = np.concatenate([engine.apply(block) for block in Reader(directory)])
    engine.check()
    return trades_of(events, order_ids(stock))


def client_records(directory):
    """(session, ClOrdID) of every journaled command that has one, in order."""
    engine, found = Engine(), []
    for block in Reader(directory):
        before = engine.sequence
        engine.apply(block)
        firsts = block[(block["sequence"] > before) & (block["sequence"] <= engine.sequence) & (block["type"] < 64)]
        found += [(int(line["session"]), int(line["cl_ord_id"])) for line in firsts[firsts["cl_ord_id"] > 0]]
    return found


@pytest.mark.parametrize("stock", STOCKS)
def test_the_demo_of_a_real_day_leaves_the_exchanges_own_trades_in_its_log(stock, tmp_path):
    done = pricetime("demo", "--flow", converted(stock, tmp_path), "--dir", tmp_path / "venue")
    assert done.returncode == 0, done.stderr
    assert "equal: " in done.stdout
    assert trades_in_log(tmp_path / "venue", stock) == published_trades(stock)


class KilledVenue:
    """`pricetime serve` on a directory, killed and started again on the same one and the same port."""

    def __init__(self, directory):
        self.directory = directory
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        directory.mkdir()
        (directory / "venue.toml").write_text(VENUE.format(endpoint=self.endpoint))

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pricetime", "serve", self.directory / "venue.toml"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("run "), line + self.process.stderr.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self):
        self.process.terminate()
        out, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        return out


def assert_nothing_lost_or_doubled(directory, flow, stock):
    sent = [int(i) for stretch in flow.stretches if stretch.session == "sse" for i in stretch.lines["cl_ord_id"]]
    journaled = client_records(directory)
    sessions = sorted({session for session, _ in journaled})
    assert [cl_ord_id for session, cl_ord_id in journaled if session == sessions[-1]] == sent
    assert trades_in_log(directory, stock) == published_trades(stock)
    verified = pricetime("verify", directory)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize(("seed", "stock"), list(enumerate(STOCKS)))
def test_a_venue_that_is_killed_in_the_middle_of_the_day_loses_and_doubles_nothing(seed, stock, tmp_path):
    rng = random.Random(seed)
    flow = read_flow(converted(stock, tmp_path))
    venue = KilledVenue(tmp_path / "venue")
    venue.start()
    player = FlowPlayer(
        venue.endpoint, flow, timeout_ms=300, message_records=rng.choice([1, 3, 10]), window_messages=rng.choice([1, 4])
    )
    playing = threading.Thread(target=player.play)
    playing.start()
    for moment in sorted(rng.sample(range(50, flow.commands - 1_000), 4)):
        wait_until_journaled(tmp_path / "venue", moment)
        time.sleep(rng.uniform(0, 0.003))
        assert playing.is_alive(), f"seed {seed}: the day was over before the venue was killed"
        venue.kill()
        venue.start()
    playing.join(60)
    assert not playing.is_alive()
    player.close()
    assert "stopped after command" in venue.stop()
    assert_nothing_lost_or_doubled(tmp_path / "venue", flow, stock)


def wait_until_journaled(directory, commands):
    """Until the log of a running venue holds that many commands."""
    end = time.monotonic() + 30
    reader = Reader(directory)
    while reader.sequence < commands:
        assert time.monotonic() < end, f"stuck at command {reader.sequence}"
        if reader.next_block() is None:
            time.sleep(0.0002)


@pytest.mark.parametrize(("seed", "stock"), list(enumerate(STOCKS)))
def test_a_connection_that_is_cut_in_the_middle_of_the_day_loses_and_doubles_nothing(seed, stock, tmp_path):
    rng = random.Random(seed)
    flow = read_flow(converted(stock, tmp_path))
    venue = KilledVenue(tmp_path / "venue")
    venue.start()
    with CuttingProxy(venue.endpoint, rng) as proxy:
        player = FlowPlayer(proxy.endpoint, flow, timeout_ms=300)
        player.play()
        player.close()
        assert proxy.cuts >= 2
        assert player.logons > 2
    venue.stop()
    assert_nothing_lost_or_doubled(tmp_path / "venue", flow, stock)


class CuttingProxy:
    """A TCP proxy in front of the venue that drops a connection after a random number of bytes, the first few times."""

    CUTS = 6

    def __init__(self, target, rng):
        import socket

        self.address = ("127.0.0.1", int(target.rsplit(":", 1)[1]))
        self.rng = rng
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._socket = socket
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open = []

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        for one in self._open:
            one.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = self._socket.create_connection(self.address)
            except OSError:
                return
            self._open += [client, server]
            budget = [self.rng.randrange(20_000, 300_000)] if self.cuts < self.CUTS else [None]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink, budget), daemon=True).start()

    def _pass(self, source, sink, budget):
        try:
            while data := source.recv(4096):
                if budget[0] is not None:
                    budget[0] -= len(data)
                    if budget[0] < 0:
                        self.cuts += 1
                        data = data[: self.rng.randrange(len(data))]  # in the middle of a frame
                        sink.sendall(data)
                        break
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(self._socket.SHUT_RDWR)
            except OSError:
                continue
