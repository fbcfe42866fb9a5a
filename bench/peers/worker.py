"""One peer in a process of its own: what it does to this process (logging, threads, a crash) does no harm to others.

Reads requests, a JSON object a line, from standard input, answers each with one, and ends with its input:
`{"do": "load"}`, `{"do": "check", "script": …, "count": …}`, and with `peer`, `arrays`, `each` or `reference`, which
take the time of one run. What a peer prints goes to standard error.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pricetime.bench.peers.adapter import BOOK, BY_NAME, MAKERS, Book, Levels
from pricetime.bench.peers.deltas import Deltas
from pricetime.bench.peers.steps import Script, Trade, trades_of
from pricetime.matching import records
from pricetime.matching.engine import Engine, touch
from pricetime.matching.records import EventType
from pricetime.matching.reference.engine import Engine as ReferenceEngine

Answer = dict[str, Any]


def main(package: str, directory: str) -> None:
    """Serve requests about one peer, or about our engines alone with "-"; the scripts lie in the directory."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(package, Path(directory))
    for line in sys.stdin:
        _answer(worker, json.loads(line), answers)


def _answer(worker: "Worker", request: dict[str, Any], answers: TextIO) -> None:
    try:
        answer = worker.do(**request)
    except Exception as error:          # whatever a peer raises is the answer
        text = " ".join(str(error).split())
        answer = {"error": f"{type(error).__name__}: {text[:100]}"}
    print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """One peer, and our engines on the same steps."""

    def __init__(self, package: str, directory: Path) -> None:
        self.peer = BY_NAME.get(package)
        self.directory = directory
        self.adapter: Any = None
        self.scripts: dict[str, Script] = {}

    def do(self, do: str, script: str = "", count: int = 0) -> Answer:
        """One request."""
        if do == "load":
            assert self.peer is not None
            kind: Any = self.peer.book()
            self.adapter = kind
            return {"in_place": kind.in_place, "mapping": "; ".join(kind.mapping)}
        if script not in self.scripts:
            self.scripts[script] = Script.load(self.directory / f"{script}.npz")
        if do == "check":
            return self._check(self.scripts[script], count)
        if do == "peer":
            return {"seconds": self._run(self.scripts[script], count)[1]}
        return {"seconds": time_engine(do, self.scripts[script], count)}

    def _run(self, script: Script, count: int) -> tuple[Book, float]:
        """The peer on the fill and the first `count` steps: the book afterwards, seconds for the steps."""
        book: Book = self.adapter()
        if book.matches:
            fill, steps = script.fill.tolist(), script.steps[:count].tolist()
        else:
            deltas, engine = Deltas(script.owner), Engine()
            fill = deltas.of(engine.apply(script.opening))
            steps = deltas.of(engine.apply(script.lines_of(count)))
        book.run(book.prepare(fill))
        prepared = book.prepare(steps)
        return book, timed(lambda: book.run(prepared))

    def _check(self, script: Script, count: int) -> Answer:
        """Does the peer do what the engine does, as far as it tells?"""
        book, seconds = self._run(script, count)
        engine = Engine()
        events = np.concatenate([engine.apply(script.opening), engine.apply(script.lines_of(count))])
        if book.tells == BOOK:
            found = compare_levels(levels_of(engine), book.levels())
        elif book.tells == MAKERS:
            found = compare_trades(trades_of(events, script.owner), book.trades())
        else:
            found = compare_trades(without_makers(events), book.trades())
        return {"seconds": seconds, "count": min(count, len(script.steps)), **found}


def time_engine(way: str, script: Script, count: int) -> float:
    """Seconds of our engine for the same steps: all lines in one array, a call for each, or the plain engine."""
    engine = ReferenceEngine() if way == "reference" else Engine()
    if isinstance(engine, Engine):
        touch(engine)               # as a venue does before it opens
    engine.apply(script.opening)
    lines = script.lines_of(count)
    if way != "each":
        return timed(lambda: engine.apply(lines))
    parts = [lines[at:at + 1] for at in range(len(lines))]

    def one_by_one() -> None:
        apply = engine.apply
        for part in parts:
            apply(part)

    return timed(one_by_one)


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time, of all threads of this process. What was made before is no work for the collector."""
    gc.collect()
    gc.freeze()
    try:
        started = time.process_time_ns()
        work()
        return max(time.process_time_ns() - started, 1) / 1e9
    finally:
        gc.unfreeze()


def levels_of(engine: Engine) -> Levels:
    """All of the engine's book."""
    bids, asks = engine.depth(1, 1 << 20)
    return {(buy, int(level["price"])): int(level["quantity"]) for buy, side in ((True, bids), (False, asks))
            for level in side}


def without_makers(events: np.ndarray) -> list[Trade]:
    """The engine's trades, those of one command at one price together, without the order that rested."""
    found: list[list[int]] = []
    at = None
    for event, trade in zip(*_makers(events), strict=True):
        if (event, trade[0]) != at:
            found.append([trade[0], 0, 0])
            at = event, trade[0]
        found[-1][1] += trade[1]
    return [(price, quantity, number) for price, quantity, number in found]


def _makers(events: np.ndarray) -> tuple[list[int], list[Trade]]:
    makers = events[(events["type"] == EventType.TRADE) & (events["status_flags"] >> 4 & records.AGGRESSOR == 0)]
    return makers["sequence"].tolist(), trades_of(makers, np.zeros(int(makers["order_id"].max(initial=0)) + 1, int))


def compare_trades(ours: list[Trade], theirs: list[Trade]) -> Answer:
    """How many there are, and where the first that differs is."""
    if ours == theirs:
        return {"same": True, "of": f"{len(ours):,} trades"}
    first = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
                 min(len(ours), len(theirs)))
    return {"same": False, "of": f"{len(ours):,} trades", "first": first,
            "ours": str(ours[first] if first < len(ours) else None),
            "theirs": str(theirs[first] if first < len(theirs) else None), "theirs_of": len(theirs)}


def compare_levels(ours: Levels, theirs: Levels) -> Answer:
    """How many levels there are, and how many differ."""
    differ = [at for at in ours.keys() | theirs.keys() if ours.get(at) != theirs.get(at)]
    if not differ:
        return {"same": True, "of": f"{len(ours):,} levels"}
    at = min(differ)
    return {"same": False, "of": f"{len(ours):,} levels", "first": len(differ), "ours": f"{at}: {ours.get(at)}",
            "theirs": f"{at}: {theirs.get(at)}", "theirs_of": len(theirs)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
