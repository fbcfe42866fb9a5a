"""docs/architecture.md holds: every function on it is defined in the file on its line, and calls what it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
FILE = re.compile(r"\b(?:matching|journal|gateway|bench|tests|docs|pricetime)/[\w/]+\.\w+")
FUNCTION = re.compile(r"\b(\w+)\(\)")
NAMED = [(number, line) for number, line in enumerate(PAGE.read_text().splitlines(), 1) if FUNCTION.search(line)]


def defined(text: str, name: str) -> bool:
    """Whether a function of this name has its body here: Python's or Cython's, in C or for Python."""
    head = rf"^\s*(?:cdef|cpdef|def)\s(?:[^\n(]*[\s*])?{name}\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[^\n]*:"
    return re.search(head, text, re.MULTILINE) is not None


@pytest.mark.parametrize(("number", "line"), NAMED, ids=[f"line {number}" for number, _ in NAMED])
def test_every_function_on_the_page_is_defined_in_the_file_on_its_line(number, line):
    files = FILE.findall(line)
    assert files, f"line {number} names a function but no file"
    text = "\n".join((ROOT / file).read_text() for file in files)
    for name in FUNCTION.findall(line):
        assert defined(text, name), f"line {number}: no {name}() in {' or '.join(files)}"


def test_every_file_on_the_page_is_there():
    missing = [file for file in FILE.findall(PAGE.read_text()) if not (ROOT / file).exists()]
    assert not missing


def test_what_the_drawing_chains_by_arrows_is_called():
    for number, line in NAMED:
        for caller, callee in zip(FUNCTION.findall(line), FUNCTION.findall(line)[1:], strict=False):
            if f"{caller}() ─► " in line:
                text = "\n".join((ROOT / file).read_text() for file in FILE.findall(line))
                uses = len(re.findall(rf"\b{callee}\(", text))
                assert uses > 1, f"line {number}: nothing calls {callee}() there"
