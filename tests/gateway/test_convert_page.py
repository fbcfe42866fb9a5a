"""docs/convert.md has the columns that the converters read, in their order."""

import re
from pathlib import Path

import pytest

from pricetime.gateway import convert_lobster, convert_sse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "convert.md").read_text()


@pytest.mark.parametrize(("source", "columns"), [("sse", convert_sse.COLUMNS), ("lobster", convert_lobster.COLUMNS)])
def test_a_sources_table_has_its_columns(source, columns):
    section = PAGE.split(f"\n## {source}\n")[1].split("\n## ")[0]
    assert f"`{columns}`" in section
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == columns.split(",")
