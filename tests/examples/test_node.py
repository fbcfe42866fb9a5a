"""examples/node/order.js: a client in another language talks to a venue. Needs Node and npm's zeromq."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pricetime.gateway.client import Client
from tests.system.venues import opened, said, some

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "node"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A copy of the example with its package beside it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node with npm here")
    folder = tmp_path_factory.mktemp("node") / "order"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                              capture_output=True, text=True, timeout=120)  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not get zeromq from its registry within 120 s")
    if done.returncode:
        pytest.skip(f"npm does not get zeromq: {done.stderr.strip().splitlines()[-1:]}")
    loads = subprocess.run(["node", "-e", "require('zeromq')"], cwd=folder, capture_output=True, text=True, timeout=60)
    if loads.returncode:
        pytest.skip("npm's zeromq has no binary for this machine")
    return folder / "order.js"


def node(program, *words):
    return subprocess.run(["node", str(program), *words], capture_output=True, text=True, timeout=60, check=False)


def test_an_order_from_node_trades_with_one_from_python(program, tmp_path):
    venue = opened(tmp_path / "v")
    try:
        with Client(venue.endpoints[0], "bob") as bob:
            bob.sell("ACME", 4, "100.20")
            some(bob, 1)
            done = node(program, venue.endpoints[0], "alice", "buy", "ACME", "10", "100.25")
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.splitlines() == [
                "New ClOrdID 1 OrderID 2 LastPx 0 LastQty 0 LeavesQty 10 reason 0",
                "Trade ClOrdID 1 OrderID 2 LastPx 10020 LastQty 4 LeavesQty 6 reason 0",
            ]
            assert said(some(bob, 1)) == [("TRADE", "NONE")]
        again = node(program, venue.endpoints[0], "alice", "sell", "ACME", "1", "200")
        assert again.stdout.startswith("New ClOrdID 2 OrderID 3 "), again.stderr
        short = node(program, venue.endpoints[0], "alice", "sell-short", "ACME", "1", "201")
        assert short.stdout.startswith("New ClOrdID 3 OrderID 4 "), short.stderr
    finally:
        venue.stop()


def test_what_is_wrong_is_one_line(program, tmp_path):
    venue = opened(tmp_path / "v")
    try:
        for words, what in ((("nobody", "buy", "ACME", "1", "1"), "session nobody cannot log on: reason 7"),
                            (("alice", "buy", "NOPE", "1", "1"), "expected ENDPOINT SESSION"),
                            (("alice", "buy", "ACME", "1", "1.001"), "1.001: expected a number with at most 2")):
            done = node(program, venue.endpoints[0], *words)
            assert done.returncode == 1
            assert what in done.stderr and done.stderr.count("\n") == 1
    finally:
        venue.stop()
