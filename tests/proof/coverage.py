"""`make coverage`: which lines of matching/ run under the tests, compiled and plain; at least 97% of them must.

Compiled modules are built with gcc's counters and with the line numbers of the .pyx and .pxd files in the generated C,
so gcov counts lines of the source. The plain engine is counted by coverage.py. Lines that run only at import, and
declarations that no code comes of, count as gcov has them.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from proof.trees import FOLDERS, Tree

LEAST = 97.0
TESTS = ("tests/rules", "tests/differential", "tests/matching", "tests/journal", "tests/gateway")
Lines = dict[str, dict[int, int]]


def compiled_lines(tree: Tree) -> Lines:
    """Hits of each line of each source file of matching/, summed over the modules that include it."""
    stated = stated_lines(tree)
    lines: Lines = defaultdict(lambda: defaultdict(int))
    for data in sorted((tree.root / "build").glob("temp.*/**/matching/*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", data.name], cwd=data.parent, capture_output=True)
        text = gzip.decompress(done.stdout) if done.stdout[:2] == b"\x1f\x8b" else done.stdout
        for report in text.splitlines():
            for file in json.loads(report)["files"] if report else []:
                name = source_of(file["file"])
                for line in file["lines"] if name else []:
                    if line["line_number"] in stated[name]:
                        lines[name][line["line_number"]] += line["count"]
    return lines


def stated_lines(tree: Tree) -> dict[str, set[int]]:
    """The source lines that the generated C names. gcov counts on from the last one through Cython's own code."""
    stated: dict[str, set[int]] = defaultdict(set)
    for path in (tree.root / "build" / "c" / "matching").glob("*.c"):
        for number, file in re.findall(r'^#line (\d+) "([^"]+)"$', path.read_text(), re.MULTILINE):
            stated[source_of(file)].add(int(number))
    return stated


def source_of(file: str) -> str:
    """matching/<name> of a source file of the engine, or nothing."""
    path = Path(file)
    return f"matching/{path.name}" if path.suffix in (".pyx", ".pxd") and path.parent.name == "matching" else ""


def plain_lines(tree: Tree) -> Lines:
    """The same of the Python files, from coverage.py's report."""
    tree.run("-m", "coverage", "json", "-q", "-o", "coverage.json", "--data-file=.coverage")
    report = json.loads((tree.root / "coverage.json").read_text())
    lines: Lines = {}
    for name, file in report["files"].items():
        hits = dict.fromkeys(file["executed_lines"], 1) | dict.fromkeys(file["missing_lines"], 0)
        lines["matching/" + name.split("matching/", 1)[1]] = hits
    return lines


def report(lines: Lines) -> float:
    """Print a line a file, with the lines that never ran; the share of all that did."""
    run = total = 0
    for name in sorted(lines):
        hits = lines[name]
        missed = [line for line, count in sorted(hits.items()) if not count]
        run, total = run + len(hits) - len(missed), total + len(hits)
        share = 100 * (1 - len(missed) / len(hits)) if hits else 100
        first = " ".join(map(str, missed[:12])) + " ..." * (len(missed) > 12)
        print(f"{name:40} {len(hits):5} lines {share:6.1f}%  {first}")
    return 100 * run / total


def main(tests: list[str]) -> int:
    tree = Tree.copy("coverage", PRICETIME_FOLDERS=FOLDERS, PRICETIME_LINES="1",
                     PRICETIME_CFLAGS="--coverage -O0 -fprofile-update=atomic",
                     # A test's process that may write no large file cannot write its counts: no word of that on stderr.
                     GCOV_ERROR_FILE=os.devnull)
    print("coverage: compiling", flush=True)
    tree.build()
    for old in (tree.root / "build").rglob("*.gcda"):
        old.unlink()
    done = tree.run("-P", "-m", "coverage", "run", "--data-file=.coverage", f"--source={tree.root / 'matching'}", "-m",
                    "pytest", *(tests or TESTS))
    print(done.stdout.strip().splitlines()[-1], flush=True)
    share = report(compiled_lines(tree) | plain_lines(tree))
    print(f"coverage: {share:.1f}% of the lines of matching/, at least {LEAST}% wanted")
    return 1 if done.returncode or share < LEAST else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
