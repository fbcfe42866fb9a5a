"""What did a change do? `make bench-compare REV=main`: the micro-benchmarks of this tree over two builds, REV's and
this tree's, in turn, and the instructions of both where valgrind is there.

REV is checked out as a git worktree below build/ and built there with this Python; both are removed afterwards. Then A
(REV) and B (this tree) run bench/micro in turn, A B A B. A benchmark's value in a run is its median over rounds; each
pair of runs gives a ratio B/A. A verdict needs both: every pair says the same (with 8 pairs, luck does that once in
128), and the median change is more than what runs of the same build differ by from one to the next (the median of
those, A's and B's). All else is noise, and said so. Instructions have no noise to speak of: more than 0.1% is a change.
The exit status is 0 whatever came out.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pricetime.bench import bench_instructions
from pricetime.matching.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
PAIRS = 8
INSTRUCTIONS = 20_000           # commands of each flow whose second half is counted
INSTRUCTIONS_DIFFER = 0.001
TREE = Path("build/cython")     # of links, below a built tree: setup.py makes it


@dataclass(frozen=True)
class Change:
    """A benchmark's values over pairs of runs, in seconds."""

    name: str
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def logs(self) -> list[float]:
        return [math.log(b / a) for a, b in zip(self.before, self.after, strict=True)]

    @property
    def ratio(self) -> float:
        return math.exp(statistics.median(self.logs))

    @property
    def noise(self) -> float:
        """What runs of the same build differ by, as a ratio: the median step from one to the next."""
        steps = [abs(math.log(second / first)) for side in (self.before, self.after)
                 for first, second in zip(side, side[1:], strict=False)]
        return math.exp(statistics.median(steps)) if steps else math.inf

    @property
    def verdict(self) -> str:
        agree = all(log > 0 for log in self.logs) or all(log < 0 for log in self.logs)
        if not agree or max(self.ratio, 1 / self.ratio) <= self.noise:
            return "within the noise"
        return f"{self.ratio - 1:+.1%}: {'slower' if self.ratio > 1 else 'faster'}"


def changes(before: Sequence[dict[str, float]], after: Sequence[dict[str, float]]) -> list[Change]:
    """Of the benchmarks that every run has, in the order of the first."""
    return [Change(name, tuple(run[name] for run in before), tuple(run[name] for run in after))
            for name in before[0] if all(name in run for run in (*before, *after))]


def table(found: list[Change]) -> str:
    """A line a benchmark, then how many changed."""
    wide = max((len(change.name) for change in found), default=4)
    lines = [f"{'benchmark':{wide}}  {'before':>12}  {'after':>12}  {'ratio':>7}  {'noise':>6}  verdict"]
    for change in found:
        before, after = (1e6 * statistics.median(side) for side in (change.before, change.after))
        lines.append(f"{change.name:{wide}}  {before:9,.1f} us  {after:9,.1f} us  {change.ratio:7.3f}  "
                     f"{change.noise:6.3f}  {change.verdict}")
    told = [change for change in found if change.verdict != "within the noise"]
    return "\n".join([*lines, f"{len(told)} of {len(found)} changed by more than the noise of {pairs_of(found)} pairs"])


def pairs_of(found: list[Change]) -> int:
    return len(found[0].before) if found else 0


def run_once(tree: Path, select: str) -> dict[str, float]:
    """One run of this tree's micro-benchmarks over the build whose tree of links that is: name -> seconds."""
    with tempfile.TemporaryDirectory(prefix="pricetime-compare-") as directory:
        results = Path(directory) / "results.json"
        command = [sys.executable, "-P", "-m", "pytest", str(ROOT / "bench" / "micro"), "-q", "--benchmark-quiet",
                   "--continue-on-collection-errors", f"--benchmark-json={results}"]
        command += ["-k", select] if select else []
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if not results.exists():
            said = (done.stdout + done.stderr).strip()[-300:]
            raise UserError(f"the micro-benchmarks do not run over {tree}: {said}")
        benchmarks = json.loads(results.read_text())["benchmarks"]
    return {entry["fullname"].rpartition("test_micro_")[2].replace(".py::test_", "/"): entry["stats"]["median"]
            for entry in benchmarks}


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"git {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def build(revision: str) -> Path:
    """The worktree of a revision, built. UserError: no such revision, or it does not build."""
    commit = git("rev-parse", "--short", "--verify", f"{revision}^{{commit}}")
    worktree = ROOT / "build" / f"compare-{commit}"
    if not worktree.exists():
        git("worktree", "add", "--detach", str(worktree), commit)
    say(f"building {revision} ({commit}) …")
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=worktree, capture_output=True, text=True)
    if done.returncode:
        remove(worktree)
        raise UserError(f"{revision} does not build: {done.stderr.strip().splitlines()[-1]}")
    return worktree


def remove(worktree: Path) -> None:
    git("worktree", "remove", "--force", str(worktree))


def counted(before: Path, after: Path) -> str:
    """A line a flow: instructions a command of both."""
    lines = []
    for flow in bench_instructions.FLOWS:
        say(f"instructions of {flow} …")
        old, new = (bench_instructions.instructions("engine", flow, INSTRUCTIONS, tree) for tree in (before, after))
        change = new / old - 1
        verdict = f"{change:+.2%}" if abs(change) > INSTRUCTIONS_DIFFER else "the same"
        lines.append(f"instructions/{flow}: {old:,.1f} before, {new:,.1f} after, a command: {verdict}")
    return "\n".join(lines)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def compare(revision: str, pairs: int, select: str) -> None:
    """Build, run in turn, print."""
    worktree = build(revision)
    before, after = worktree / TREE, ROOT / TREE
    try:
        runs: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
        for pair in range(pairs):
            say(f"pair {pair + 1} of {pairs} …")
            for tree, side in zip((before, after), runs, strict=True):
                side.append(run_once(tree, select))
        print(table(changes(*runs)))
        try:
            bench_instructions.check_valgrind()
        except UserError as error:
            print(f"no instructions: {error}")
        else:
            print(counted(before, after))
    finally:
        remove(worktree)


def main() -> int:
    """Exit status 0; 2 where the revision cannot be had or built."""
    parser = argparse.ArgumentParser(prog="make bench-compare", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", metavar="REV", help="what this tree is compared with: a commit, branch or tag")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of runs; {PAIRS} without it")
    parser.add_argument("-k", default="", dest="select", metavar="NAMES", help="only these benchmarks (pytest's -k)")
    arguments = parser.parse_args()
    try:
        compare(arguments.revision, max(arguments.pairs, 2), arguments.select)
    except UserError as error:
        print(f"bench-compare: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
