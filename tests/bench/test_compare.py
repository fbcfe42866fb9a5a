"""bench-compare gives a verdict only where every pair agrees and the change exceeds what equal builds differ by."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pricetime.bench import compare
from pricetime.bench.compare import Change, changes, table

ROOT = Path(__file__).resolve().parents[2]
STEADY = (1.0, 1.01, 1.0, 1.01)


@pytest.mark.parametrize(("before", "after", "verdict"), [
    (STEADY, tuple(2 * value for value in STEADY), "+100.0%: slower"),
    (STEADY, tuple(value / 2 for value in STEADY), "-50.0%: faster"),
    (STEADY, STEADY, "within the noise"),
    (STEADY, (2.0, 2.0, 2.0, 0.9), "within the noise"),                     # one pair disagrees
    ((1.0, 1.5, 1.0, 1.5), (1.1, 1.6, 1.1, 1.6), "within the noise"),       # less than from run to run
])
def test_verdict(before: tuple[float, ...], after: tuple[float, ...], verdict: str) -> None:
    assert Change("x", before, after).verdict == verdict


def test_only_what_every_run_has_is_compared() -> None:
    found = changes([{"a": 1.0, "old": 1.0}, {"a": 1.0, "old": 1.0}], [{"a": 3.0, "new": 1.0}, {"a": 3.0}])
    assert [(change.name, change.ratio) for change in found] == [("a", pytest.approx(3))]
    assert table(found).splitlines()[-1] == "1 of 1 changed by more than the noise of 2 pairs"


def test_a_revision_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("not a git checkout")
    monkeypatch.setattr(sys, "argv", ["compare", "no-such-revision"])
    assert compare.main() == 2
    assert capsys.readouterr().err.startswith("bench-compare: git rev-parse")


def test_the_micro_benchmarks_run() -> None:
    pytest.importorskip("pytest_benchmark")
    command = [sys.executable, "-P", "-m", "pytest", str(ROOT / "bench" / "micro"), "-q", "--benchmark-disable"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout or "100%" in done.stdout
