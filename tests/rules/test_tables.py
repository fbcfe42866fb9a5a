"""The tables of docs/rules.md: the reasons are those of `Reason`, and what may be combined is what the engines take."""

import re
from pathlib import Path

import commands as c
import pytest
from market import ACME, ALICE, BOB

from pricetime.matching.records import OrdType, Phase, Reason, TimeInForce

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()
REASONS = PAGE.split("\n## Reasons\n")[1]
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
PHASES = {
    "CONTINUOUS": ("CONTINUOUS",),
    "a call": ("PRE_OPEN", "OPENING_CALL", "CLOSING_CALL"),
    "CLOSED": ("CLOSED",),
    "HALTED": ("HALTED",),
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def combinations() -> list[dict[str, str]]:
    """The rows of the table of what may be combined, by its headings."""
    table = re.search(r"^\| OrdType .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
    heads = cells(table[0])
    return [dict(zip(heads, cells(line), strict=True)) for line in table[2:] if line]


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


def test_what_may_be_combined_is_all_that_these_rules_have():
    rows = combinations()
    assert [(row["OrdType"], row["TimeInForce"], row["post-only"]) for row in rows] == [
        (ord_type, tif, post_only)
        for ord_type in ("Market", "Limit")
        for tif in ("Day", "GTC", "IOC", "FOK")
        for post_only in ("no", "yes")
    ]
    named = [name for names in PHASES.values() for name in names]
    assert {phase.name for phase in Phase} - set(named) == {"VOLATILITY_CALL"}


@pytest.mark.parametrize("row", combinations(), ids=lambda row: " ".join(list(row.values())[:3]))
@pytest.mark.parametrize("column", PHASES)
def test_a_combination_is_accepted_or_has_the_reason_of_the_table(market, engine_class, row, column):
    state, post_only = market.dump(), row["post-only"] == "yes"
    ord_type, tif = OrdType[row["OrdType"].upper()], TimeInForce[row["TimeInForce"].upper()]
    for phase in PHASES[column]:
        market = engine_class.load(state)
        if not post_only:
            c.apply(market, c.new(BOB, 1, ACME, c.SELL, 10, 100))  # so that a FOK can be filled
        if phase != "CONTINUOUS":
            c.apply(market, c.status(Phase[phase], ACME))
        price = 100 if ord_type == OrdType.LIMIT else None
        event = c.apply(market, c.new(ALICE, 1, ACME, c.BUY, 10, price, tif=tif, post_only=post_only))[0]
        expected = row[column].strip("`")
        assert c.brief(event) == (("NEW", 1, 10) if expected == "accepted" else ("REJECTED", 1, expected))
