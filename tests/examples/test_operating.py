"""docs/operating.md holds: its tables are the structs of gateway/config.py: keys, defaults and bounds."""

import re
import tomllib
import types
import typing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pricetime.gateway.config import INNER, SECTIONS, Section, convert

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operating.md").read_text()


def rows(section: str) -> dict[str, tuple[str, str]]:
    """key -> (default, values) of the table under a section's heading."""
    text = re.search(rf"^### \[+{re.escape(section)}\]+\n(.*?)(?:\n\n|\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()[2:]]
    return {key.strip("` "): (default, values) for key, default, values, *_ in cells}


def default_of(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"`{value}`" if isinstance(value, str) else "`[" + ", ".join(f'"{item}"' for item in value) + "]`"


def names_of(literal: Any) -> str:
    return ", ".join(f"`{name}`" for name in typing.get_args(literal))


def values_of(annotation: Any) -> str:
    """What may stand there, in the page's words."""
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        return values_of(next(part for part in typing.get_args(annotation) if part is not type(None)))
    if origin is typing.Annotated:
        kind, meta = typing.get_args(annotation)
        if meta.description:
            return str(meta.description)
        if kind is int:
            return f"{meta.ge:,} to {meta.le:,}"
        if typing.get_origin(kind) is list:
            return f"list, at least {meta.min_length}"
        least = f"{meta.min_length} to" if meta.min_length else "at most"
        return f"{least} {meta.max_length} bytes"
    if origin is typing.Literal:
        return names_of(annotation)
    if origin is tuple:
        return f"list of {items_of(typing.get_args(annotation)[0])}"
    return {bool: "true, false", Decimal: "decimal", str: "text"}[annotation]


def items_of(annotation: Any) -> str:
    """What a list is of."""
    if typing.get_origin(annotation) is typing.Literal:
        return names_of(annotation)
    if annotation is date:
        return "dates"
    return "tables" if isinstance(annotation, type) and issubclass(annotation, Section) else "names"


@pytest.mark.parametrize("section", [*SECTIONS, *INNER])
def test_a_sections_table_is_its_struct(section):
    struct = {**SECTIONS, **INNER}[section]
    types_of = typing.get_type_hints(struct, include_extras=True)
    fields = msgspec.structs.fields(struct)
    expected = {field.name: (default_of(field), values_of(types_of[field.name])) for field in fields}
    assert rows(section) == expected


def test_the_parts_of_the_page_are_taken_with_its_venue():
    venue, *parts = re.findall(r"^```toml [^\n]*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    config = convert(tomllib.loads("\n".join([venue, *parts]), parse_float=Decimal))
    assert [(key.name, key.sessions) for key in config.key] == [("alice-laptop", ("alice",))]
    assert [entry.phase for entry in config.schedule.entries] == ["PreOpen", "Continuous", "ClosingCall", "Closed"]
    assert [(entry.symbol, entry.max_gross_notional, entry.max_position) for entry in config.risk] == [
        (None, Decimal(1_000_000), None), ("ACME", None, Decimal(10_000)),
    ]


def errors() -> list[str]:
    """The left column of the page's table of errors."""
    table = PAGE.split("## What errors look like")[1]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def said_somewhere() -> str:
    """All that gateway/ and journal/ have as text, strings over several lines joined."""
    root = Path(__file__).resolve().parents[2]
    files = [file for folder in ("gateway", "journal") for file in root.glob(f"{folder}/*.py*")]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text() for file in files))


@pytest.mark.parametrize("line", errors())
def test_an_error_on_the_page_is_one_that_is_said(line):
    fixed = 16      # characters in a row that no value has a part in
    text = said_somewhere()
    assert any(line[at:at + fixed] in text for at in range(len(line) - fixed + 1))


def test_there_are_errors_on_the_page():
    assert len(errors()) >= 8
