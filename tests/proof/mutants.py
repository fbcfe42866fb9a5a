"""`make mutants`: some fifty one-line changes to the fast engine, each built and given to the tests, which must fail.

The list stands in mutants.toml: file, the text that is changed (once in the file), what it becomes, what that breaks. A
mutant that the tests let pass is a hole in them. Results are written into docs/mutants.md; `--only WORD` runs those
whose file or text has the word.
"""

import argparse
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from proof.trees import ROOT, Tree

LIST = Path(__file__).with_name("mutants.toml")
PAGE = ROOT / "docs" / "mutants.md"
# The quick ones first: a mutant is dead at the first test that fails.
TESTS = ("tests/differential", "tests/rules", "tests/matching")
SECONDS = 900
HEAD = """\
# Mutants

One-line changes to the fast engine, each built and given to the tests (differential streams, rules, matching) by
`make mutants`, which writes this page. *Caught by* names the test that failed first. A mutant that survives is a hole
in the tests, and fails the run.

| file | change | breaks | caught by |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Mutant:
    """A change of one line, and what it breaks."""

    file: str
    find: str
    replace: str
    breaks: str

    def apply(self, text: str) -> str:
        times = text.count(self.find)
        if times != 1:
            raise SystemExit(f"{LIST.name}: {self.find!r} stands {times} times in {self.file}, expected once")
        return text.replace(self.find, self.replace)


def mutants() -> list[Mutant]:
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text())["mutant"]]


def caught_by(tree: Tree, mutant: Mutant) -> str:
    """The first test that fails on the mutant; nothing where all pass. A crash or an endless loop is caught too."""
    path = Path(mutant.file)
    original = (ROOT / path).read_text()
    tree.write(path, mutant.apply(original).encode())
    try:
        tree.build()
        done = tree.test(*TESTS, "-x", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "a test that does not end"
    finally:
        tree.write(path, original.encode())
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+?)(?: - |$)", done.stdout, re.MULTILINE)
    return failed[1] if failed else "a crash"


def row(mutant: Mutant, catcher: str) -> str:
    change = f"`{mutant.find.strip()}` becomes `{mutant.replace.strip()}`".replace("|", "\\|")
    return f"| {mutant.file.removeprefix('matching/')} | {change} | {mutant.breaks} | {catcher or '**survived**'} |"


def main() -> int:
    options = argparse.ArgumentParser(prog="mutants", description=__doc__)
    options.add_argument("--only", default="", metavar="WORD")
    only = options.parse_args().only
    chosen = [mutant for mutant in mutants() if only in mutant.file or only in mutant.find]
    tree = Tree.copy("mutants", PRICETIME_CFLAGS="-O1 -g0", PRICETIME_FOLDERS="matching", PRICETIME_SEEDS="3")
    tree.build()
    rows, survived = [], 0
    for number, mutant in enumerate(chosen, 1):
        started = time.monotonic()
        catcher = caught_by(tree, mutant)
        survived += not catcher
        rows.append(row(mutant, catcher))
        print(f"{number}/{len(chosen)} {mutant.file}: {mutant.breaks}: {catcher or 'SURVIVED'} "
              f"({time.monotonic() - started:.0f} s)", flush=True)
    if not only:
        PAGE.write_text(HEAD + "\n".join(rows) + f"\n\n{len(rows)} mutants, {survived} survived.\n")
    print(f"mutants: {len(chosen) - survived} of {len(chosen)} caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
