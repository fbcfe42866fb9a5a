"""A copy of the project that is built another way: with sanitizers, with line counters, with one line changed.

The copy stays under build/proof/<name>, so that the next run compiles only what has changed since.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = "matching journal gateway"     # what the proofs need compiled
LEFT_OUT = {".git", ".venv", "build", "dist", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache"}


def sources(root: Path) -> list[Path]:
    """Every file of the project that no build has made, relative to its root."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [Path(folder, name).relative_to(root) for name in files if not name.endswith((".so", ".pyc"))]
    return sorted(found)


@dataclass
class Tree:
    """A copy of the project with a build and an environment of its own."""

    root: Path
    environment: dict[str, str]

    @classmethod
    def copy(cls, name: str, **environment: str) -> "Tree":
        """The project as it is now. Files that did not change keep their time, so that they are not compiled again."""
        tree = cls(ROOT / "build" / "proof" / name, environment)
        wanted = sources(ROOT)
        if tree.root.exists():
            for path in set(sources(tree.root)) - set(wanted):
                (tree.root / path).unlink()
        for path in wanted:
            tree.write(path, (ROOT / path).read_bytes())
        return tree

    def write(self, path: Path, content: bytes) -> None:
        target = self.root / path
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def run(self, *command: str, timeout: float | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """A Python command in the tree, its output kept."""
        environment = os.environ | {"PYTHONPATH": str(self.root / "build" / "cython")} | self.environment | more
        environment.setdefault("PRICETIME_DATA", str(ROOT.parent / "shared" / "data"))
        return subprocess.run([sys.executable, *command], cwd=self.root, env=environment, text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def build(self) -> None:
        """Compile what has changed. SystemExit with the compiler's words where it cannot be."""
        done = self.run("setup.py", "-q", "build_ext", "--inplace")
        if done.returncode:
            raise SystemExit(f"{self.root.name}: does not compile\n{done.stdout[-3000:]}")

    def test(self, *tests: str, timeout: float | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("-P", "-m", "pytest", *tests, timeout=timeout, **more)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
