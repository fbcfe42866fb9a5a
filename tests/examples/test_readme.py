"""The README's examples run, its commands are there, and the files that it points to exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pricetime.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_python_example_of_the_readme_runs(number, tmp_path):
    done = subprocess.run([sys.executable, "-c", EXAMPLES[number]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_there_are_examples():
    assert len(EXAMPLES) >= 2


def test_each_command_of_the_readme_is_one_of_the_programs():
    assert set(re.findall(r"^pricetime (\w+)", README, re.MULTILINE)) >= set(COMMANDS) - {"demo"}
    assert set(re.findall(r"^pricetime (\w+) ", README, re.MULTILINE)) <= set(COMMANDS)


def test_each_link_of_the_readme_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("target", ["demo", "test", "build", "bench", "lint", "clean"])
def test_each_target_that_is_promised_is_in_the_makefile(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_calls_make_test():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
