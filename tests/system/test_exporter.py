"""The Prometheus exporter: what it says is what `pricetime stat` says, in Prometheus's words; alone and beside a
venue."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from ports import free_port

from pricetime.gateway.client import Client
from pricetime.gateway.exporter import BUCKETS, buckets_of
from pricetime.gateway.stat_page import BOUNDS
from pricetime.gateway.stats import StatReader
from tests.system.venues import opened, some, write_config

parser = pytest.importorskip("prometheus_client.parser")
PATIENCE = 20.0


def scraped(url: str) -> dict[str, float]:
    """Each sample, by name and labels as Prometheus writes them."""
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                text = answer.read().decode()
            break
        except OSError:
            assert time.monotonic() < patience, "nobody answers"
            time.sleep(0.05)
    found = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@contextlib.contextmanager
def exporter(directory: Path):
    """`pricetime exporter` on a free port: its URL."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pricetime", "exporter", str(directory), "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        yield process.stdout.readline().split(" metrics on ")[1].strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0 and process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def trade(endpoint: str, count: int) -> None:
    with contextlib.closing(Client(endpoint, "alice")) as client:
        for _ in range(count):
            client.buy("ACME", 1, "10.00")
        client.buy("ACME", 1, "10.00", cl_ord_id=1)
        some(client, count + 1)


def test_it_says_what_the_page_has_and_that_nothing_runs(tmp_path):
    (tmp_path / "venue").mkdir()
    with exporter(tmp_path / "venue") as url:
        assert [value for name, value in scraped(url).items() if name.startswith("pricetime")] == [0.0]
        venue = opened(tmp_path / "venue")
        try:
            trade(venue.endpoints[0], 20)
            time.sleep(0.2)
            found, page = scraped(url), StatReader(venue.directory).read()
        finally:
            venue.stop()
        assert found["pricetime_up"] == 1 and found["pricetime_run"] == 1
        assert found["pricetime_committed_sequence"] == page.committed > 20
        for name in ("commands", "refused", "reports", "throttled"):
            assert found[f"pricetime_{name}_total"] == page.counters[name]
        assert found["pricetime_refused_by_reason_total{reason=DUPLICATE_CL_ORD_ID}"] == 1
        assert found["pricetime_reply_seconds_count"] == found["pricetime_reply_seconds_bucket{le=+Inf}"] >= 20
        assert found["pricetime_reply_seconds_sum"] == pytest.approx(page.reply.sum / 1e9)
        assert scraped(url)["pricetime_up"] == 0, "it has stopped"


def test_a_histograms_buckets_are_counts_at_its_bounds(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        trade(venue.endpoints[0], 100)
        reply = StatReader(venue.directory).read().reply
    finally:
        venue.stop()
    buckets = buckets_of(reply)
    assert [float(bound) for bound, _ in buckets[:-1]] == pytest.approx([BOUNDS[n] / 1e9 for n in BUCKETS])
    counts = [count for _, count in buckets]
    assert counts == sorted(counts) and counts[-1] == reply.count
    for bucket, (_, count) in zip(BUCKETS, buckets, strict=False):
        assert count == reply.counts[:bucket].sum()


def test_beside_a_venue_it_is_started_again_where_it_dies_and_ends_with_it(tmp_path):
    port = free_port()
    venue = opened(tmp_path / "venue", policy=f'[exporter]\nlisten = "127.0.0.1:{port}"')
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        assert scraped(url)["pricetime_up"] == 1
        process = venue.beside[-1]
        first = process.pid
        os.kill(first, signal.SIGKILL)
        patience = time.monotonic() + PATIENCE
        while process.starts < 2:
            assert time.monotonic() < patience, "it is not started again"
            time.sleep(0.02)
        trade(venue.endpoints[0], 5)
        assert scraped(url)["pricetime_up"] == 1 and process.pid != first
    finally:
        venue.stop()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)


def test_a_mistake_is_one_line(tmp_path):
    def shell(*arguments):
        done = subprocess.run([sys.executable, "-P", "-m", "pricetime", "exporter", *arguments], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and done.stdout == ""
        return done.stderr

    for listen in ("9464", "localhost:9464", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x"):
        assert shell(".", "--listen", listen) == (
            f"pricetime exporter: --listen: found {listen!r}, expected ADDRESS:PORT, such as 127.0.0.1:9464 or "
            "[::1]:9464\n")
    assert shell("no") == "pricetime exporter: no: no such directory; expected a venue's\n"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert shell(".", "--listen", f"127.0.0.1:{port}").startswith(
            f"pricetime exporter: cannot listen on 127.0.0.1:{port}: address already in use; stop the program")


def test_without_prometheus_client_it_is_said_before_anything_is_begun(tmp_path):
    write_config(tmp_path / "venue", policy="[exporter]")
    program = ("import sys; sys.modules['prometheus_client'] = None\n"
               "from pricetime.__main__ import main; sys.exit(main())")
    for command in (("exporter", "venue"), ("serve", "venue")):
        done = subprocess.run([sys.executable, "-P", "-c", program, *command], cwd=tmp_path, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 2 and "pip install 'pricetime[prometheus]'" in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "venue" / "log").exists()
