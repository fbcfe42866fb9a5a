"""docs/records.md holds: its drawings have the fields, offsets and sizes of the dtypes (made from the C structs)."""

import re
from pathlib import Path

import numpy as np
import pytest

from pricetime.matching import records

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "records.md").read_text()
BYTE_COLUMNS = 9  # characters that one byte takes in a drawing
DRAWING = re.compile(r"^`([A-Z_]+)`, (\d+) bytes\..*?\n```\n(.*?)```", re.M | re.S)
DRAWINGS = {name: (int(size), text) for name, size, text in DRAWING.findall(PAGE)}
DTYPES = {name for name in dir(records) if isinstance(getattr(records, name), np.dtype)}


def drawn_fields(text):
    """(name, offset, size) of each field in a drawing."""
    notes = dict(re.findall(r"\((\w)\) (\w{2,})", text))
    for row in re.findall(r"^ *(\d+) \|(.*)\|$", text, re.M):
        offset = int(row[0])
        for cell in row[1].split("|"):
            name, _, size = cell.strip().partition(": ")
            size = int(size.split()[0]) if size else (len(cell) + 1) // BYTE_COLUMNS
            yield notes[name[1:-1]] if name[0] == "(" else name, offset, size
            offset += size


def test_every_dtype_is_drawn():
    assert set(DRAWINGS) == DTYPES - {"EVENT_LINE"}


def test_the_first_line_of_an_event_is_its_first_half():
    first = records.EVENT_LINE
    assert all(records.EVENT.fields[name] == first.fields[name] for name in first.names)
    assert first.itemsize == records.LINE_BYTES


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_a_drawing_is_its_dtype(name):
    size, text = DRAWINGS[name]
    dtype = getattr(records, name)
    fields = [(field, offset, base.itemsize) for field, (base, offset) in dtype.fields.items()]
    assert sorted(drawn_fields(text), key=lambda field: field[1]) == fields
    assert size == dtype.itemsize


@pytest.mark.parametrize("name", sorted(DTYPES))
def test_a_record_is_whole_lines_without_unnamed_padding(name):
    dtype = getattr(records, name)
    assert dtype.itemsize % records.LINE_BYTES == 0
    assert sum(base.itemsize for base, _ in dtype.fields.values()) == dtype.itemsize
    for base, offset in dtype.fields.values():
        assert base.kind == "S" or offset % base.base.itemsize == 0


def test_texts_have_the_sizes_that_the_constants_say():
    assert records.NAME["name"].itemsize == records.NAME_BYTES
    assert records.TEXT["text"].itemsize == records.TEXT_BYTES
    assert records.EVENT.itemsize == records.EVENT_LINES * records.LINE_BYTES
