"""A handshake that is refused at an endpoint with CURVE shows in `pricetime stat` and at the exporter, by reason."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request

import pytest
import zmq
from ports import free_port

from pricetime.gateway.security import load_public, new_pair
from pricetime.gateway.stat_page import HANDSHAKES
from pricetime.gateway.stats import StatReader
from tests.system.venues import serve, write_config

pytest.importorskip("prometheus_client")
PATIENCE = 20.0
METRIC = "pricetime_handshakes_refused_total"


def knock(endpoint: str, keys: tuple[bytes, bytes] | None, venue_key: bytes) -> zmq.Socket[bytes]:
    """One handshake, and no other: a socket that does not connect again. keys: None: without CURVE."""
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.linger, dealer.reconnect_ivl = 0, -1
    if keys is not None:
        dealer.curve_publickey, dealer.curve_secretkey = keys
        dealer.curve_serverkey = venue_key
    dealer.connect(endpoint)
    return dealer


def shell(*arguments: object) -> str:
    done = subprocess.run([sys.executable, "-P", "-m", "pricetime", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=True)
    return done.stdout


def scraped(url: str) -> dict[str, str]:
    """Samples of refused handshakes at /metrics, by the text before the value."""
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
            return dict(line.rsplit(" ", 1) for line in lines if line.startswith(METRIC))
        except OSError:
            assert time.monotonic() < patience, "nobody answers"
            time.sleep(0.05)


def sample(reason: str) -> str:
    return f'{METRIC}{{reason="{reason}"}}'


def test_refused_handshakes_show_in_stat_and_at_the_exporter(tmp_path):
    directory, port = tmp_path / "venue", free_port()
    file = write_config(directory, policy=f'[exporter]\nlisten = "127.0.0.1:{port}"')
    with_curve = '[{address = "tcp://127.0.0.1:0", curve = true}]'
    file.write_text(file.read_text().replace('["tcp://127.0.0.1:0"]', with_curve))
    process, endpoint = serve(directory)
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        assert json.loads(shell("stat", directory, "--json"))["handshakes_refused"] == {}
        assert "handshakes refused" not in shell("stat", directory)
        assert scraped(url) == {sample(reason): "0.0" for reason in HANDSHAKES}
        venue_key = load_public(directory / "keys" / "venue.public")
        with contextlib.closing(knock(endpoint, new_pair(), venue_key)), \
                contextlib.closing(knock(endpoint, None, venue_key)):
            patience = time.monotonic() + PATIENCE
            while sum(StatReader(directory).read().handshakes.values()) < 2:
                assert time.monotonic() < patience, "it was not counted"
                time.sleep(0.05)
        found = json.loads(shell("stat", directory, "--json"))["handshakes_refused"]
        assert found.pop("unknown key") == 1 and sum(found.values()) == 1 and set(found) <= {"no CURVE", "hung up"}
        lines = shell("stat", directory).splitlines()
        place = lines.index("handshakes refused, by reason")
        assert ["unknown", "key", "1"] in [line.split() for line in lines[place + 1:place + 3]]
        samples = scraped(url)
        assert samples[sample("unknown key")] == "1.0" and samples[sample("not ZeroMQ")] == "0.0"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()
    assert json.loads(shell("stat", directory, "--json"))["handshakes_refused"]["unknown key"] == 1, "it stays"
