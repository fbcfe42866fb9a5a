"""The house rules: who imports whom, what matching/ never touches, that nothing on the hot path needs the GIL, that
every file says what it is for."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BELOW = {  # folder -> what it may import of ours
    "matching": {"matching"},
    "journal": {"matching", "journal"},
    "gateway": {"matching", "journal", "gateway"},
    "bench": {"matching", "journal", "gateway", "bench"},
}
SOURCES = [
    path
    for folder in (*BELOW, "pricetime")
    for pattern in ("*.py", "*.pyx", "*.pxd")
    for path in sorted((ROOT / folder).rglob(pattern))
]
IMPORT = re.compile(r"^\s*(?:from|import|cimport)\s+pricetime(?:\.(\w+))?", re.MULTILINE)
FORBIDDEN_IN_MATCHING = {
    "time",
    "datetime",
    "random",
    "secrets",
    "uuid",
    "os",
    "io",
    "socket",
    "threading",
    "multiprocessing",
    "asyncio",
    "logging",
    "pathlib",
    "select",
    "subprocess",
    "tempfile",
    "zmq",
    "mmap",
}
HOT = [
    "matching/book.pxd",
    "matching/id_map.pxd",
    "matching/id_index.pxd",
    "matching/order_pool.pxd",
    "matching/price_ladder.pxd",
    "matching/price_ladder.pyx",
    "matching/orders.pyx",
    "matching/replace.pyx",
    "matching/coming_in.pxd",
    "matching/named_order.pxd",
    "matching/fields.pxd",
    "matching/fields.pyx",
    "matching/careful.pxd",
    "matching/careful.pyx",
    "matching/placing.pxd",
    "matching/placing.pyx",
    "matching/stops.pyx",
    "matching/deadlines.pyx",
    "matching/level_tree.pxd",
    "matching/level_tree.pyx",
    "matching/protection.pxd",
    "matching/phases.pyx",
    "matching/reports.pxd",
    "matching/door.pxd",
    "matching/auction.pyx",
    "gateway/intake.pyx",
    "gateway/outgoing.pyx",
    "gateway/connections.pxd",
]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[len(ROOT.parts)] in BELOW], ids=name)
def test_imports_only_go_down(path):
    folder = path.relative_to(ROOT).parts[0]
    imported = {found for found in IMPORT.findall(path.read_text()) if found}
    assert imported <= BELOW[folder], f"{name(path)} imports pricetime.{imported - BELOW[folder]}"
    assert not re.search(
        r"^\s*(?:from|import|cimport)\s+(?:\.|matching|journal|gateway|bench)\b", path.read_text(), re.MULTILINE
    ), f"{name(path)}: imports from our folders are absolute, pricetime.<folder>"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "matching")], ids=name)
def test_matching_has_no_clock_randomness_file_or_socket(path):
    modules = re.findall(r"^\s*(?:from|import|cimport)\s+(\w+)", path.read_text(), re.MULTILINE)
    assert not FORBIDDEN_IN_MATCHING & set(modules)
    assert "posix" not in modules
    assert not re.search(r"\b(rand|srand|clock_gettime|gettimeofday)\s*\(", path.read_text())


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "matching")], ids=name)
def test_matching_has_no_floating_point(path):
    text = re.sub(r'""".*?"""|#.*', "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"\b(float|double)\b|\b\d+\.\d+\b", text)


@pytest.mark.parametrize("file", HOT)
def test_no_function_on_the_hot_path_needs_the_gil(file):
    text = (ROOT / file).read_text()
    functions = re.findall(
        r"^cdef (?!class|enum|struct|extern|cppclass|public)(?:[^\n(=]+)\((?:[^()]|\([^()]*\))*\)([^\n]*)$",
        text,
        re.MULTILINE,
    )
    assert functions, f"no functions found in {file}"
    beginners = {"noexcept:", "noexcept"}  # filling a table at import
    assert all("nogil" in tail for tail in functions if tail.strip() not in beginners)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix in (".pyx", ".pxd")], ids=name)
def test_every_name_that_is_cimported_is_used(path):
    text = path.read_text()
    imported = re.findall(r"cimport (?:\(([^)]*)\)|([A-Za-z_][\w, ]*)$)", text, re.MULTILINE)
    names = {word for one, other in imported for word in re.split(r"[,\s]+", one or other) if word}
    assert sorted(word for word in names if len(re.findall(rf"\b{word}\b", text)) < 2) == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_file_says_what_it_is_for(path):
    text = path.read_text()
    assert text.startswith('"""') and text.split('"""')[1].strip(), f"{name(path)} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_file_is_longer_than_a_newcomer_can_hold(path):
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".py"], ids=name)
def test_what_is_public_in_python_has_a_docstring(path):
    for node in ast.parse(path.read_text()).body:
        short = isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno <= 12
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and not short:
            assert ast.get_docstring(node), f"{name(path)}: {node.name} has no docstring"


def test_no_tracked_file_holds_exchange_data_or_is_large():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / file for file in tracked.stdout.split("\0") if file]
    assert not [name(f) for f in files if f.exists() and f.stat().st_size > 300_000]
    assert not [name(f) for f in files if f.suffix in (".gz", ".csv")]
