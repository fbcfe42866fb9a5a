"""examples/async_strategy.py quotes at a running venue, is hit, and comes to the position that the trades make."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pricetime.gateway.client import Client
from pricetime.matching.records import EventType
from tests.system.venues import opened

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "async_strategy.py"
ROUNDS = 5


def test_the_strategy_quotes_and_trades(tmp_path):
    venue = opened(tmp_path / "v")
    strategy = None
    try:
        with Client(venue.endpoints[0], "bob") as taker:
            strategy = subprocess.Popen(
                [sys.executable, "-P", str(EXAMPLE), venue.endpoints[0], "alice", "ACME", "100", str(ROUNDS)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            bought = 0
            while strategy.poll() is None:
                taker.buy("ACME", 3, time_in_force="IOC")       # until it quotes nobody is there, and this ends at once
                for report in taker.reports(timeout_ms=5):
                    if report["type"] == EventType.TRADE:
                        bought += int(report["last_qty"])
        said, errors = strategy.communicate(timeout=60)
        assert strategy.returncode == 0, errors
        position = re.fullmatch(r"position (-?\d+)\n", said)
        assert position and int(position[1]) == -bought
        assert bought >= 3 * ROUNDS
        assert len(venue.engine.orders("ACME")) == 0
    finally:
        if strategy is not None and strategy.poll() is None:
            strategy.kill()
            strategy.wait()
        venue.stop()


@pytest.mark.parametrize(("session", "symbol", "middle", "line"), [
    ("nobody", "ACME", "100", "UNKNOWN_SESSION"),
    ("alice", "NOPE", "100", "NOPE"),
    ("alice", "ACME", "abc", "MIDDLE [ROUNDS]: found 'abc', expected numbers"),
])
def test_a_wrong_argument_is_one_line(tmp_path, session, symbol, middle, line):
    venue = opened(tmp_path / "v")
    try:
        done = subprocess.run([sys.executable, "-P", str(EXAMPLE), venue.endpoints[0], session, symbol, middle],
                              capture_output=True, text=True, timeout=60, check=False)
    finally:
        venue.stop()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and line in done.stderr


def test_it_is_about_thirty_lines():
    code = EXAMPLE.read_text().split('"""', 2)[2]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 36
