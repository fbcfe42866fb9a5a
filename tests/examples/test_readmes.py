"""Each folder's README names every file in it, and nothing that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {".py", ".pyx", ".pxd", ".h"}
SELF_EVIDENT = {"__init__.py"}


def named(folder: Path) -> set[str]:
    """File and folder names in the table's first column; `x.pxd` `.pyx` is two."""
    found = set()
    for line in (folder / "README.md").read_text().splitlines():
        if line.startswith("| `"):
            before = ""
            for name in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                before = before.split(".")[0] + name if name.startswith(".") else name
                found.add(before)
    return found


@pytest.mark.parametrize("folder", ["matching", "journal", "gateway", "bench", "tests"])
def test_a_folders_readme_names_what_is_in_it(folder):
    place = ROOT / folder
    files = {path.name for path in place.iterdir() if path.suffix in SOURCES} - SELF_EVIDENT
    folders = {f"{path.name}/" for path in place.iterdir() if any(path.glob("*.py"))}
    assert named(place) == files | folders


def test_the_readmes_and_pages_link_to_what_is_there():
    for page in [*ROOT.glob("*/README.md"), *ROOT.glob("docs/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)} links to {link}"
