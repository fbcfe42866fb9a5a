"""The whole package passes the type checker and the linter, as `make lint` runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {
    "mypy": ["mypy", "--cache-dir"],
    "ruff": ["ruff", "check", "--cache-dir"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_finds_nothing(tool, tmp_path):
    command = [sys.executable, "-P", "-m", *TOOLS[tool], str(tmp_path)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr
