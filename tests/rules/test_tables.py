"""The tables of docs/rules.md: the reasons are those of `Reason`, and what may be combined is what the engines take."""

import re
from pathlib import Path

import combinations_page
import pytest

from pricetime.matching.records import Reason

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()
REASONS = PAGE.split("\n## Reasons\n")[1]
SECTIONS = [int(number) for number in re.findall(r"^## ([0-9]+)\. ", PAGE, re.MULTILINE)]
ENGINES = {"fast": ("*.pyx", "*.pxd"), "reference": ("reference/*.py",)}
GROUPS = [
    "At the door",
    "Instrument",
    "Phase",
    "Fields",
    "Live order",
    "Risk",
    "Book",
    "Administration",
    "Why an accepted order changed or ended",
]


def anchor(heading: str) -> str:
    """The name that a heading gets on a rendered page."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("engine", ENGINES)
def test_each_section_of_the_rules_is_named_where_an_engine_carries_it_out(engine):
    text = "".join(path.read_text() for pattern in ENGINES[engine] for path in (ROOT / "matching").glob(pattern))
    named = re.findall(r"\b[Rr]ules? ((?:[0-9]+(?:, | and | to )?)+)|docs/rules\.md, ([0-9]+)", text)
    assert len(SECTIONS) == 13
    assert set(SECTIONS) <= {int(number) for pair in named for part in pair for number in re.findall("[0-9]+", part)}


def test_the_contents_lead_to_every_section():
    """Each section stands among the contents, and what they link to is a heading of the page."""
    contents = PAGE.split("\n## ")[0]
    links = re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents)
    headings = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    assert {link for _, link in links} <= {anchor(heading) for heading in headings}
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert sorted(text for text, _ in links if text in sections) == sorted(sections)
    assert all(anchor(text) == link for text, link in links if text in sections)


def test_the_page_ends_with_every_reason_by_number():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", REASONS, re.MULTILINE)
    assert [(int(number), name) for number, name, _ in rows] == [(int(r), r.name) for r in sorted(Reason) if r]
    assert all(5 < len(meaning) < 80 for _, _, meaning in rows)
    assert REASONS.rstrip().splitlines()[-1].startswith(f"| {int(max(Reason))} |")


def test_the_reasons_are_grouped_as_in_the_enum():
    first_of_group = re.findall(r"^\| \| \*\*([^*:]+).*\*\* \| \|\n\| \d+ \| `(\w+)`", REASONS, re.MULTILINE)
    assert [group for group, _ in first_of_group] == GROUPS
    enum = (ROOT / "matching" / "records.pxd").read_text().split("cpdef enum Reason:")[1]
    in_enum = re.findall(r"^    # .*\n    (\w+) = \d+$", enum, re.MULTILINE)
    assert [name for _, name in first_of_group] == in_enum


def test_a_reason_that_is_marked_later_is_given_nowhere():
    """Neither engine nor the gateway names it: what they can give, they must name."""
    files = [path for folder in ("matching", "gateway") for path in (ROOT / folder).rglob("*.py*")]
    said = "\n".join(
        path.read_text() for path in files if path.suffix in (".py", ".pyx", ".pxd") and path.stem != "records"
    )
    rows = re.findall(r"^\| \d+ \| `(\w+)` \| (\*later\*)?", REASONS, re.MULTILINE)
    for name, later in rows:
        named = re.search(rf"\b{name}\b", said) is not None
        assert named != bool(later), f"{name}: {'is' if named else 'is not'} given by these rules"


def test_what_may_be_combined_is_written_from_the_checks():
    assert combinations_page.PAGE.read_text() == combinations_page.text(), "python tests/combinations_page.py"
