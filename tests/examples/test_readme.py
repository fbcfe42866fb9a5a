"""The README's examples run, its commands are there, and the files that it points to exist."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import c_programs
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


def test_the_commands_that_need_nothing_of_yours_run_as_they_stand(tmp_path):
    """One after the other, as in the page; the demo's day is made shorter, and bench runs with the pages of docs/."""
    block = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert block is not None
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    lines = [line for line in block[1].splitlines() if not line.startswith("pricetime bench")]
    assert [line.split()[1] for line in lines] == [
        "match", "demo", "verify", "replay", "snapshot", "log", "doctor", "pack", "cflags", "keygen"]
    if c_programs.missing():
        lines = [line for line in lines if "cflags" not in line]     # it has nothing to link with
    for line in lines:
        command = line.replace("pricetime ", f'"{sys.executable}" -P -m pricetime ', 1)
        command = command.replace("--dir day", "--dir day --orders 5000 --clients 2")
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout or ">" in line, line
    assert (tmp_path / "log.jsonl").read_text().count("\n") > 5000


def test_each_command_of_the_readme_is_one_of_the_programs():
    assert set(re.findall(r"^pricetime ([\w-]+)", README, re.MULTILINE)) >= set(COMMANDS) - {"demo"}
    assert set(re.findall(r"^pricetime ([\w-]+) ", README, re.MULTILINE)) <= set(COMMANDS)


def test_each_link_of_the_readme_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("target", ["demo", "test", "build", "bench", "lint", "clean"])
def test_each_target_that_is_promised_is_in_the_makefile(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_calls_make_test():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
