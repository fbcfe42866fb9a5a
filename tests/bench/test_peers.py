"""Scripts ask of a book what the flow asks; what a peer says is compared in full; one that is not there, dies or hangs
is said to be so and is no failure."""

import bisect
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pricetime.bench import bench_peers, cli
from pricetime.bench.bench_peers import PeerFailed, Process, most, outcome
from pricetime.bench.flows import generated_flow
from pricetime.bench.flows import trades_of as trades_of_flow
from pricetime.bench.harness import Options
from pricetime.bench.peers import worker
from pricetime.bench.peers.adapter import PEERS, Peer
from pricetime.bench.peers.deltas import Deltas
from pricetime.bench.peers.steps import CANCEL, IOC, MOVE, NEW, REDUCE, Script, Step, trades_of, write
from pricetime.matching.engine import Engine

COUNT = 1_500


class PlainBook:
    """A book that says what steps mean: lists in order of arrival, nothing else."""

    def __init__(self) -> None:
        self.resting: dict[int, list[int]] = {}         # id -> price, quantity, arrival, buy
        self.arrivals = 0
        self.trades: list[tuple[int, int, int]] = []

    def step(self, step: Step) -> None:
        kind, buy, number, price, quantity, less = step
        if kind == REDUCE:
            self.resting[number][1] -= less
            assert self.resting[number][:2] == [price, quantity]
            return
        if kind in (CANCEL, MOVE):
            del self.resting[number]
        if kind in (NEW, IOC, MOVE):
            self.enter(kind, buy, number, price, quantity)

    def enter(self, kind: int, buy: bool, number: int, price: int, quantity: int) -> None:
        others = sorted((other[0] if buy else -other[0], other[2], maker) for maker, other in self.resting.items()
                        if other[3] != buy)
        for key, _, maker in others[:bisect.bisect_right(others, (price if buy else -price, 1 << 60))]:
            if not quantity:
                break
            traded = min(quantity, self.resting[maker][1])
            self.trades.append((abs(key), traded, maker))
            quantity -= traded
            self.resting[maker][1] -= traded
            if not self.resting[maker][1]:
                del self.resting[maker]
        self.arrivals += 1
        if quantity and kind != IOC:
            self.resting[number] = [price, quantity, self.arrivals, buy]


def small_script(name: str, in_place: bool) -> Script:
    return write(generated_flow(name, COUNT), in_place)


@pytest.mark.parametrize("in_place", [True, False])
def test_steps_and_lines_of_a_script_make_the_same_trades(in_place: bool) -> None:
    script, book, engine = small_script("move", in_place), PlainBook(), Engine()
    for step in [*script.fill.tolist(), *script.steps.tolist()]:
        book.step(step)
    events = np.concatenate([engine.apply(script.opening), engine.apply(script.lines)])
    assert len(book.trades) > 50
    assert trades_of(events, script.owner) == book.trades
    kinds = set(script.steps["kind"].tolist())
    assert kinds == {NEW, IOC, CANCEL, MOVE} | ({REDUCE} if in_place else set())


def test_a_script_in_place_makes_the_flows_own_trades() -> None:
    script = small_script("move", True)
    events = Engine().apply(np.concatenate([script.opening, script.lines]))
    assert len(trades_of(events, script.owner)) == trades_of_flow(generated_flow("move", COUNT))[0]


def test_lines_of_a_part_are_those_of_so_many_steps() -> None:
    script = small_script("move", False)
    assert len(script.lines_of(0)) == 0
    assert len(script.lines_of(10)) == script.ends[10] >= 10
    assert len(script.lines_of(1 << 30)) == len(script.lines)


@pytest.mark.parametrize("in_place", [True, False])
def test_deltas_build_the_engines_book(in_place: bool) -> None:
    script, engine, orders = small_script("move", in_place), Engine(), {}
    deltas = Deltas(script.owner)
    for lines in (script.opening, script.lines):
        for buy, number, price, quantity, what in deltas.of(engine.apply(lines)):
            assert (number in orders) == (what != 0)
            orders[number] = (buy, price, quantity)
            if not quantity:
                del orders[number]
    levels: dict[tuple[bool, int], int] = {}
    for buy, price, quantity in orders.values():
        levels[buy, price] = levels.get((buy, price), 0) + quantity
    assert levels == worker.levels_of(engine)


def test_a_trade_too_many_and_a_level_that_differs_are_found() -> None:
    same = worker.compare_trades([(1, 2, 3)], [(1, 2, 3)])
    assert outcome(same) == "the same 1 trades"
    assert outcome(worker.compare_trades([(1, 2, 3)], [(1, 2, 3), (4, 5, 6)])) == \
        "differs: 2 for 1 trades; the first to differ is number 2, (4, 5, 6) for None"
    assert outcome(worker.compare_trades([(1, 2, 3)], [(1, 2, 9)])).endswith("number 1, (1, 2, 9) for (1, 2, 3)")
    assert outcome(worker.compare_levels({(True, 5): 1}, {(True, 5): 1})) == "the same 1 levels"
    assert outcome(worker.compare_levels({(True, 5): 1}, {})) == (
        "1 of 1 levels differ; (True, 5): None for (True, 5): 1")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """One peer that is there, one that is not, one that does not import; small counts."""
    peers = (Peer("lightmatchingengine", "lightmatchingengine", {"move": 300}, 300),
             Peer("no-such-order-book", "litebook", {"move": 300}),
             Peer("pytest", "orderbook", {"move": 300}))
    monkeypatch.setattr(bench_peers, "PEERS", peers)


@pytest.mark.usefixtures("few")
def test_bench_peers_says_which_did_what_and_why_others_did_not(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightmatchingengine")
    import argparse

    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    assert cli.run(parser.parse_args(["peers", "--quick"])) == 0
    output = capsys.readouterr().out
    rows = {line.split()[0]: line for line in output.splitlines() if line}
    assert "the same" in rows["lightmatchingengine"] and "trades" in rows["lightmatchingengine"]
    assert "not installed: pip install" in rows["no-such-order-book"]
    for name in ("engine/move/lightmatchingengine", "lightmatchingengine/move"):
        assert name in output


def test_every_peer_has_an_adapter_and_is_pinned() -> None:
    folder = Path(bench_peers.__file__).resolve().parent
    text = (folder.parent / "pyproject.toml").read_text()
    for peer in PEERS:
        assert (folder / "peers" / f"{peer.module}.py").is_file()
        assert f'"{peer.package}==' in text or f'"{peer.package}[polars]==' in text
        assert 0 < most(peer, "move", True) <= most(peer, "move", False)


@pytest.mark.parametrize(("program", "why"), [
    ("import sys; sys.stdin.readline(); sys.exit(7)", "its process ended, exit status 7"),
    ("import time; time.sleep(60)", "no answer within 0.2 s"),
    ("import sys; sys.stdin.readline(); print('{\"error\": \"ValueError: no\"}', flush=True); sys.stdin.read()",
     "ValueError: no")])
def test_a_peer_that_dies_hangs_or_raises_is_said_to(program: str, why: str, monkeypatch, tmp_path: Path) -> None:
    begin = bench_peers.subprocess.Popen
    monkeypatch.setattr(bench_peers.subprocess, "Popen",
                        lambda command, **options: begin([sys.executable, "-c", program], **options))
    with Process("any", tmp_path) as process, pytest.raises(PeerFailed) as failed:
        process.ask(0.2 if "within" in why else 30, do="load")
    assert str(failed.value) == why


def test_a_worker_answers_what_is_asked_and_goes_on_after_an_error(tmp_path: Path) -> None:
    small_script("move", True).save(tmp_path / "move.npz")
    with Process("-", tmp_path) as process:
        assert process.ask(60, do="arrays", script="move", count=100)["seconds"] > 0
        with pytest.raises(PeerFailed, match="FileNotFoundError"):
            process.ask(60, do="each", script="none", count=100)
        assert process.ask(60, do="reference", script="move", count=100)["seconds"] > 0


def test_quick_is_shorter() -> None:
    assert Options(quick=True).quick and json.dumps(most(PEERS[0], "itch", True))
    assert most(PEERS[0], "itch", True) < most(PEERS[0], "itch", False)
