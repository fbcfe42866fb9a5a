"""The examples of the pages in docs/ run as they stand there, page by page, in a folder of their own.

A block whose first line has a file name (```toml acme/venue.toml) is written to that file. ```sh and ```python blocks
are run in order; a ```text block behind one is exactly what it prints. What is not run says why on the page, and is a
skipped test here.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import c_programs
import pytest
from ports import free_port

DOCS = Path(__file__).resolve().parents[2] / "docs"
NO_C = pytest.mark.skipif(bool(c_programs.missing()), reason=c_programs.missing())
NEEDS = {"c": [NO_C]}       # page -> what the machine must have for it
PAGES = ("architecture", "benchmarks", "c", "contributing", "determinism", "latency", "operating", "python")
BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = "not run: "
RUNNERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-P", "-c"]}
SECONDS = 120


@dataclass(frozen=True)
class Block:
    """One fenced block: its kind, what else stands on its first line, its text, and its line on the page."""

    page: str
    line: int
    kind: str
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}.md, line {self.line}"


def blocks_of(page: str) -> list[Block]:
    text = (DOCS / f"{page}.md").read_text()
    return [Block(page, text.count("\n", 0, found.start()) + 1, found["kind"], found["info"].strip(), found["text"])
            for found in BLOCK.finditer(text)]


def environment(folder: Path) -> dict[str, str]:
    """`pricetime` and `python` on the path are those that the tests run with."""
    tools = folder / "bin"
    tools.mkdir()
    for name, arguments in (("pricetime", "-P -m pricetime"), ("python", "-P")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (tools / name).chmod(0o755)
    # In a source tree setup.py has made this for cimport; an installed package needs nothing.
    links = DOCS.parent / "build" / "cython"
    search = {"PYTHONPATH": str(links)} if links.is_dir() else {}
    return os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"} | search


def run(block: Block, folder: Path, variables: dict[str, str], port: int) -> str:
    """What a block prints; it may not fail."""
    command = [*RUNNERS[block.kind], block.text.replace("7001", str(port))]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)
    status = done.returncode
    if block.text.startswith("pricetime bench ") and "YARDSTICKS TOO SLOW" in done.stdout:
        # What the page says of a slow machine, of which no test judges: status 1, and the figures are there.
        assert status == 1, f"{block}: exit status {status} where a yardstick is too slow"
        for name in re.findall(r"\S+\.(?:json|html)", block.text):
            assert (folder / name).stat().st_size > 0, f"{block}: {name}"
        status = 0
    assert status == 0, f"{block}: exit status {status}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", [pytest.param(page, marks=NEEDS.get(page, [])) for page in PAGES])
def test_the_examples_of_a_page_do_what_it_says(page, tmp_path):
    blocks = blocks_of(page)
    variables, port, printed = environment(tmp_path), free_port(), ""
    folder = tmp_path / "work"
    folder.mkdir()
    for block in blocks:
        if block.kind == "text":
            assert printed == block.text, f"{block}: this is not what the block before it prints"
        elif block.info.startswith(NOT_RUN):
            continue
        elif block.info:
            (folder / block.info).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.info).write_text(block.text.replace("7001", str(port)))
        else:
            printed = run(block, folder, variables, port)


EXCEPTIONS = [block for page in PAGES for block in blocks_of(page) if block.info.startswith(NOT_RUN)]


@pytest.mark.parametrize("block", EXCEPTIONS, ids=str)
def test_an_example_that_is_not_run_says_why(block):
    reason = block.info.removeprefix(NOT_RUN)
    assert reason
    pytest.skip(f"{block}: {reason}")
