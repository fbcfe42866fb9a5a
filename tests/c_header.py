"""Writes matching/pricetime.h, from the .pxd files: `python tests/c_header.py`.

What C programs share with the engine is defined in Cython, once; no hand copies it. tests/examples/test_c.py compares
the file with this text, and what a C compiler makes of it with the NumPy dtypes and enums.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

MATCHING = Path(__file__).resolve().parents[1] / "matching"
HEADER = MATCHING / "pricetime.h"
SOURCES = ("records.pxd", "events.pxd", "depth.pxd", "apply.pxd", "c_api.pxd")
WIDTH = 120
COMMENT_COLUMN = 52
INDENT = "    "
NO_BREAK = "\u00a0"
BLOCK = re.compile(
    r"^cp?def (?P<kind>enum|struct)(?: (?P<name>\w+))?:\n(?P<body>(?:    [^\n]*\n|\n(?=    ))+)", re.MULTILINE)
HEAD = """\
// The engine in C: records, events, and the table of functions that pricetime_embed.h finds. docs/c.md says how.
//
// Written by tests/c_header.py from the .pxd files beside it. Constants begin with PRICETIME_, types with Pricetime; in
// comments they stand without. C11 and C++.
#ifndef PRICETIME_H
#define PRICETIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PricetimeEngine PricetimeEngine;     // its inside is nobody's business
"""
TAIL = """
#ifdef __cplusplus
}
#endif

#endif
"""


@dataclass(frozen=True)
class Block:
    """One enum or struct of a .pxd file."""

    kind: str
    name: str       # "": an enum without one
    body: str


def blocks() -> list[Block]:
    """Every enum and struct of the sources, in order."""
    return [Block(found["kind"], found["name"] or "", found["body"])
            for source in SOURCES for found in BLOCK.finditer((MATCHING / source).read_text())]


def constants(block: Block) -> list[str]:
    return re.findall(r"^    ([A-Z]\w*) = ", block.body, re.MULTILINE) if block.kind == "enum" else []


def renamed(code: str, names: dict[str, str]) -> str:
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda word: names.get(word[0], word[0]), code)


def line(code: str, comment: str) -> list[str]:
    """One member of an enum or struct as lines of C, its comment beside it, or a comment alone."""
    if not code:
        return [f"{INDENT}// {part}" for part in wrap(comment, WIDTH - len(INDENT + "// "))]
    if not comment:
        whole = code.replace(" ", NO_BREAK).replace(f",{NO_BREAK}", ", ")
        return [part.replace(NO_BREAK, " ")
                for part in wrap(whole, WIDTH, initial_indent=INDENT, subsequent_indent=2 * INDENT)]
    beside = wrap(comment, WIDTH - COMMENT_COLUMN - len("// "))
    return [f"{code:{COMMENT_COLUMN}}// {part}"
            for code, part in zip([INDENT + code, *[""] * (len(beside) - 1)], beside, strict=True)]


def members(block: Block, names: dict[str, str]) -> Iterator[str]:
    end = "," if block.kind == "enum" else ";"
    for written in block.body.splitlines():
        code, _, comment = (part.strip() for part in written.partition("#"))
        if code.startswith('"""') or not written.strip():
            continue
        if not code:
            yield from line("", comment)
        else:
            yield from line(renamed(code.replace(" noexcept nogil", ""), names) + end, comment)


def declaration(block: Block, names: dict[str, str]) -> Iterator[str]:
    """A block as C."""
    yield ""
    said = re.match(r'    """(.*?)"""', block.body, re.DOTALL)
    if said:
        yield from (f"// {text.strip()}" for text in said[1].splitlines())
    name = names.get(block.name, "")
    if block.kind == "enum":
        yield f"typedef enum {name} {{" if name else "enum {"
    else:
        yield f"typedef struct {name} {name};"
        yield f"struct {name} {{"
    yield from members(block, names)
    yield f"}} {name};" if name and block.kind == "enum" else "};"


def header() -> str:
    """The text of pricetime.h."""
    every = blocks()
    names = {"EngineState": "PricetimeEngine"}
    names |= {block.name: f"Pricetime{block.name}" for block in every if block.name}
    names |= {constant: f"PRICETIME_{constant}" for block in every for constant in constants(block)}
    lines = [text for block in every for text in declaration(block, names)]
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    HEADER.write_text(header())
