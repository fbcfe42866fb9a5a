"""What do other order books for Python do with the same flows? Commands a second, beside our engine's on the same ones.

`PACKAGE/FLOW`: the peer, through its best interface (bench/peers/, an adapter each), what that takes made ready before
the clock. `engine/FLOW/PACKAGE`: our engine on the same commands in one array, in the same process, in turn with it.
`each/…`, `reference/…`: our engine with a call for each command, and the plain one in Python, with so many commands.
First each peer does the flow once and what it says is compared with the engine's trades or book. Processor time of the
process, all of its threads.

Flows: `move` and, in a full run, `itch`, as they begin: `bench/peers/adapter.py` says how far each peer is taken.
A package that is not there, does not import, dies or does not answer is said to be so, and nothing fails.

Why it may mislead: our engine writes reports with ids and digests and checks sessions and limits, they do not; they
answer each call in Python, as their interface is, ours makes arrays; `each` is the fairer of the two. What can be made
before the clock is: in a program of one's own that has to be paid, too.
"""

import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from pricetime.bench.flows import generated_flow
from pricetime.bench.harness import Comparison, Measure, Options, Report, Result
from pricetime.bench.peers.adapter import PEERS, Peer
from pricetime.bench.peers.steps import write
from pricetime.bench.table import figure

UNIT = "commands/s"
TIMEOUT = 60.0              # seconds for an answer; a hang is told from slowness by it
TIMEOUT_QUICK = 20.0        # for the first about a flow
REFERENCE_MOST = 20_000     # commands that the plain engine is given
REFERENCE_MOST_QUICK = 2_000


class PeerFailed(Exception):
    """Why a peer is not measured, in one line."""


class Process:
    """A worker, asked one thing at a time."""

    def __init__(self, package: str, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pricetime.bench.peers.worker", package, str(directory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)

    def ask(self, timeout: float, **request: Any) -> dict[str, Any]:
        """The answer. PeerFailed where there is none in time, or it says why there is none."""
        assert self._process.stdin is not None and self._process.stdout is not None
        line, until = b"", time.monotonic() + timeout
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            while not line.endswith(b"\n"):
                if not select.select([self._process.stdout], [], [], max(until - time.monotonic(), 0))[0]:
                    raise PeerFailed(f"no answer within {timeout:g} s")
                part = self._process.stdout.read(1 << 16)
                if not part:
                    raise PeerFailed(f"its process ended, exit status {self._process.wait()}")
                line += part
        except BrokenPipeError:
            raise PeerFailed(f"its process ended, exit status {self._process.wait()}") from None
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Finding:
    """What was found out about a peer on a flow, figures aside; `why` it has none."""

    peer: Peer
    version: str
    flow: str = ""
    count: int = 0
    script: str = ""
    mapping: str = ""
    outcome: str = ""
    why: str = ""


@dataclass
class Findings:
    """Of one run, in order; the last run's are what `rows` shows."""

    all: list[Finding] = field(default_factory=list)


LAST = Findings()


def comparisons(options: Options) -> Iterator[Comparison]:
    """Each peer beside the engine, flow by flow; then our engine's other two ways, with as many commands."""
    LAST.all = []
    flows = ("move",) if options.quick else ("move", "itch")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pricetime-peers-")))
        write_scripts(directory, flows, max(most(peer, flow, options.quick) for peer in PEERS for flow in flows))
        for peer in PEERS:
            yield from _of_peer(peer, flows, directory, options)
        ours = stack.enter_context(Process("-", directory))
        counts = {(finding.script, finding.count) for finding in LAST.all if not finding.why}
        plain = REFERENCE_MOST_QUICK if options.quick else REFERENCE_MOST
        for script, count in sorted(counts):
            for way in ("each", "reference"):
                if way == "each" or count <= plain:
                    yield Comparison(_measure(f"{way}/{script}/{count}", ours, way, script, count))


def write_scripts(directory: Path, flows: tuple[str, ...], count: int) -> None:
    """`FLOW` as it is, and `FLOW-anew` where nothing keeps its place; they are one where there are no replaces."""
    for name in flows:
        flow = generated_flow(name, count)
        write(flow, in_place=True).save(directory / f"{name}.npz")
        write(flow, in_place=False).save(directory / f"{name}-anew.npz")


def most(peer: Peer, flow: str, quick: bool) -> int:
    """How many commands of a flow a peer is given; 0: none."""
    return min(peer.commands.get(flow, 0), peer.quick) if quick else peer.commands.get(flow, 0)


def _of_peer(peer: Peer, flows: tuple[str, ...], directory: Path, options: Options) -> Iterator[Comparison]:
    try:
        finding = Finding(peer, version(peer.package))
    except PackageNotFoundError:
        LAST.all.append(Finding(peer, "", why="not installed: pip install 'pricetime[peers]'"))
        return
    timeout = TIMEOUT_QUICK if options.quick else TIMEOUT
    with Process(peer.package, directory) as process:
        try:
            loaded = process.ask(TIMEOUT, do="load")
        except PeerFailed as failed:
            LAST.all.append(Finding(peer, finding.version, why=f"not imported: {failed}"))
            return
        for flow in flows:
            count = most(peer, flow, options.quick)
            script = flow if loaded["in_place"] or flow == "itch" else f"{flow}-anew"
            finding = Finding(peer, finding.version, flow, count, script, loaded["mapping"])
            LAST.all.append(finding)
            if not count:
                finding.why = "too much for it"
                continue
            try:
                checked = process.ask(timeout, do="check", script=script, count=count)
            except PeerFailed as failed:
                finding.why = str(failed)
                return
            finding.count, finding.outcome = checked["count"], outcome(checked)
            yield _compared(finding, process)


def outcome(checked: dict[str, Any]) -> str:
    """What the comparison with the engine gave, in words."""
    if checked["same"]:
        return f"the same {checked['of']}"
    if "levels" in checked["of"]:
        return f"{checked['first']:,} of {checked['of']} differ; {checked['theirs']} for {checked['ours']}"
    return (f"differs: {checked['theirs_of']:,} for {checked['of']}; the first to differ is number "
            f"{checked['first'] + 1:,}, {checked['theirs']} for {checked['ours']}")


def _compared(finding: Finding, process: Process) -> Comparison:
    peer, flow, script, count = finding.peer.package, finding.flow, finding.script, finding.count
    return Comparison(
        _measure(f"engine/{flow}/{peer}", process, "arrays", script, count),
        _measure(f"{peer}/{flow}", process, "peer", script, count),
        note=f"{peer} {finding.version}, {count:,} commands: {finding.outcome}")


def _measure(name: str, process: Process, way: str, script: str, count: int) -> Measure:
    """Commands a second; 0 where a peer that did it once does not any more."""
    def run() -> float:
        try:
            return count / float(process.ask(TIMEOUT, do=way, script=script, count=count)["seconds"])
        except PeerFailed:
            return 0.0

    return Measure(name, UNIT, run)


# ------------------------------------------------------------------------------------------------ what is shown

COLUMNS = ("package", "flow", "commands", "its commands/s", "least", "most", "engine, arrays", "times",
           "engine, a call each", "times", "plain engine", "times", "compared with the engine")


def rows(report: Report) -> list[tuple[str, ...]]:
    """The peers' table: a heading, then a row for each peer and flow, with what is not measured and why."""
    results = {result.name: result for result in report.results}
    return [COLUMNS, *(_row(finding, results) for finding in LAST.all)]


def _row(finding: Finding, results: dict[str, Result]) -> tuple[str, ...]:
    name = f"{finding.peer.package} {finding.version}".strip()
    theirs = results.get(f"{finding.peer.package}/{finding.flow}")
    if finding.why or theirs is None:
        return name, finding.flow, *[""] * (len(COLUMNS) - 3), finding.why or "not measured"
    ways = (f"engine/{finding.flow}/{finding.peer.package}", f"each/{finding.script}/{finding.count}",
            f"reference/{finding.script}/{finding.count}")
    cells: list[str] = []
    for way in ways:
        ours = results.get(way)
        cells += ["", ""] if ours is None else [figure(ours.value), figure(ours.value / max(theirs.value, 1e-9))]
    return (name, finding.flow, f"{finding.count:,}", figure(theirs.value), figure(min(theirs.values)),
            figure(max(theirs.values)), *cells, finding.outcome)


def shown(report: Report) -> str:
    """The table as text, and below it how each peer was given the flow."""
    table = rows(report)
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    left = {0, 1, len(COLUMNS) - 1}
    lines = ["  ".join(cell.ljust(width) if column in left else cell.rjust(width)
                       for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in table]
    mapped = {finding.peer.package: finding.mapping for finding in LAST.all if finding.mapping}
    return "\n".join([*lines, *(f"{package}: {mapping}" for package, mapping in mapped.items())])
