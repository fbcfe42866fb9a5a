"""`make mutants`: one-line mistakes in the fast engine, each of which the tests must see.

The list stands in mutants.toml: file, the text that is changed (once in the file), what it becomes, what that breaks.
All are built at once (variants.py), and each is given to the tests by itself. A mutant that the tests let pass is a
hole in them. Results are written into docs/mutants.md; `--only WORD` runs those whose file or text has the word, and
leaves what the page says of others.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proof.trees import ROOT, Tree
from proof.variants import SWITCH, SWITCH_PATH, with_variants

LIST = Path(__file__).with_name("mutants.toml")
PAGE = ROOT / "docs" / "mutants.md"
# A mutant is dead at the first test that fails: most die in the tests that mutants.toml names for them, or in the
# streams; whoever lives is given all. Tests of the plain engine cannot see a mutant.
STREAMS = "tests/differential/test_differential.py"
ALL = ("tests/rules", "tests/matching", "tests/differential")
WAY = ("-x", "-k", "not [reference")
SURVIVED, NOT_RUN = "**survived**", "not run yet"
PATIENCE = 5        # a mutant that takes so many times as long as the engine without one does not end
HEAD = """\
# Mutants

One-line mistakes in the fast engine, each built and given to the tests (`tests/rules`, `tests/matching`,
`tests/differential`) by `make mutants`, which writes this page. *Caught by* names the test that failed first. A mutant
that survives is a hole in the tests, and fails the run.

| file | change | breaks | caught by |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Mutant:
    """A change of one line, and what it breaks."""

    number: int
    file: str
    find: str
    replace: str
    breaks: str
    tests: str = ""     # who is asked first

    def change(self) -> str:
        """As the page has it."""
        if not self.replace.strip():
            return f"`{self.find.strip()}` is left out"
        return f"`{self.find.strip()}` becomes `{self.replace.strip()}`"


def mutants() -> list[Mutant]:
    return [Mutant(number, **entry) for number, entry in enumerate(tomllib.loads(LIST.read_text())["mutant"], 1)]


def place_all(tree: Tree, every: list[Mutant]) -> None:
    """Write the sources with all mutants in them into a tree."""
    of_file: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for mutant in every:
        of_file[mutant.file].append((mutant.number, mutant.find, mutant.replace))
    tree.write(Path(SWITCH_PATH), SWITCH.encode())
    for file, changes in of_file.items():
        tree.write(Path(file), with_variants((ROOT / file).read_text(), changes).encode())


def tested(tree: Tree, number: int, tests: tuple[str, ...], seconds: float | None) -> str:
    """The first of the tests that fails on a mutant, "" where all pass. A crash or an endless loop is caught too."""
    try:
        done = tree.test(*tests, *WAY, timeout=seconds, PRICETIME_MUTANT=str(number))
    except subprocess.TimeoutExpired:
        return "a test that does not end"
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/)?([^\s\[]+)", done.stdout, re.MULTILINE)
    if not failed and done.returncode > 0:
        raise SystemExit(f"mutants: the tests cannot be run\n{done.stdout[-2000:]}")
    return failed[1] if failed else "a crash"


def caught_by(tree: Tree, mutant: Mutant, seconds: float) -> str:
    rounds = ((mutant.tests,), (STREAMS,), ALL)
    answers = (tested(tree, mutant.number, tests, seconds) for tests in rounds if tests[0])
    return next(filter(None, answers), SURVIVED)


def row(mutant: Mutant, catcher: str) -> str:
    change = " ".join(mutant.change().split())
    cells = (mutant.file.removeprefix("matching/"), change, mutant.breaks, catcher)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def known(every: list[Mutant]) -> dict[int, str]:
    """What the page says of each mutant: of one that has changed since, nothing."""
    rows = PAGE.read_text().splitlines() if PAGE.exists() else []
    said = dict(line.removesuffix(" |").rsplit(" | ", 1) for line in rows if line.startswith("| "))
    return {mutant.number: said.get(row(mutant, "").rsplit(" | ", 1)[0], NOT_RUN) for mutant in every}


def summary(catchers: list[str]) -> str:
    kinds = Counter("tests/" + catcher.split("/")[0] if "/" in catcher else catcher for catcher in catchers)
    return f"{len(catchers)} mutants: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}."


def write_page(every: list[Mutant], catchers: dict[int, str]) -> None:
    rows = "\n".join(row(mutant, catchers[mutant.number]) for mutant in every)
    PAGE.write_text(f"{HEAD}{rows}\n\n{summary(list(catchers.values()))}\n")


def main() -> int:
    options = argparse.ArgumentParser(prog="mutants", description=__doc__)
    options.add_argument("--only", default="", metavar="WORD")
    only = options.parse_args().only
    every = mutants()
    chosen = [mutant for mutant in every if only in mutant.file or only in mutant.find]
    started = time.monotonic()
    tree = Tree.copy("mutants", PRICETIME_CFLAGS="-O1 -g0", PRICETIME_FOLDERS="matching")
    place_all(tree, every)
    tree.build()
    print(f"mutants: {len(every)} built in {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    if fault := tested(tree, 0, ALL, None):
        raise SystemExit(f"mutants: without a mutant {fault} fails already")
    seconds = PATIENCE * (time.monotonic() - started)

    def judge(mutant: Mutant) -> str:
        catcher = caught_by(tree, mutant, seconds)
        print(f"{mutant.number} {mutant.file}: {mutant.breaks}: {catcher}", flush=True)
        return catcher

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        catchers = list(pool.map(judge, chosen))
    numbers = [mutant.number for mutant in chosen]
    write_page(every, known(every) | dict(zip(numbers, catchers, strict=True)))
    print(f"mutants: {summary(catchers)} {time.monotonic() - started:.0f} s")
    return 1 if SURVIVED in catchers else 0


if __name__ == "__main__":
    sys.exit(main())
