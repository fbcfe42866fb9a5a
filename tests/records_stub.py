"""Writes matching/records.pyi, from the compiled module: `python tests/records_stub.py`.

A type checker cannot look into a compiled module; so what records.pxd defines stands in a stub once more, and no hand
copies it: tests/typing/test_stubs.py compares the file with this text.
"""

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import numpy as np

from pricetime.matching import records

STUB = Path(__file__).resolve().parents[1] / "matching" / "records.pyi"
HEAD = """\
# Written by tests/records_stub.py from the compiled module. What it means is said in records.pxd.
from enum import IntEnum
from typing import Final

import numpy as np
"""


def public(kind: type) -> list[str]:
    return sorted(name for name, value in vars(records).items() if isinstance(value, kind) and not name.startswith("_"))


def enumeration(kind: type[IntEnum]) -> Iterator[str]:
    yield f"\nclass {kind.__name__}(IntEnum):"
    yield f'    """{kind.__doc__}"""\n'
    for member in kind:
        yield f"    {member.name} = {member.value}"


def stub() -> str:
    """The text of records.pyi: enums, then constants, then dtypes, each by name."""
    lines = [HEAD.rstrip()]
    for name in public(type):
        lines += enumeration(getattr(records, name))
    lines.append("")
    lines += [f"{name}: Final = {getattr(records, name)}" for name in public(int)]
    lines.append("")
    lines += [f"{name}: Final[np.dtype[np.void]]" for name in public(np.dtype)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    STUB.write_text(stub())
