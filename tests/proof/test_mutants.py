"""The list of mutants fits the sources as they are, its page is of this list, and the switch between mutants works."""

from pathlib import Path

import pytest
from proof.mutants import HEAD, NOT_RUN, PAGE, ROOT, SURVIVED, known, mutants, row
from proof.variants import SIGNATURE, block_of, with_variants

EVERY = mutants()


@pytest.mark.parametrize("mutant", EVERY, ids=lambda mutant: f"{mutant.number}-{Path(mutant.file).stem}")
def test_a_mutant_changes_one_place_in_one_function(mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    assert text.count(mutant.find) == 1, f"{mutant.find!r} stands {text.count(mutant.find)} times in {mutant.file}"
    start, end = block_of(text, text.index(mutant.find))
    block = text[start:end]
    head = SIGNATURE.match(block)
    assert head or block.startswith("cdef extern from *:"), f"{mutant.find!r} is in no function of {mutant.file}"
    assert head is None or mutant.find in block[head.end():], f"{mutant.find!r} is not in a body"
    assert mutant.find != mutant.replace and mutant.breaks
    assert not mutant.tests or (ROOT / mutant.tests).is_file()


def test_there_are_mutants_of_the_whole_engine() -> None:
    assert len(EVERY) >= 50 and len({mutant.breaks for mutant in EVERY}) == len(EVERY)
    assert len({mutant.file for mutant in EVERY}) >= 25


def test_the_page_has_these_mutants_and_all_were_caught() -> None:
    page = PAGE.read_text()
    assert page.startswith(HEAD)
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    for mutant, line in zip(EVERY, rows, strict=True):
        assert line.startswith(row(mutant, "").rsplit("|", 2)[0]), f"{line}\nis not {mutant}: make mutants"
    for number, caught_by in known(EVERY).items():
        assert caught_by.strip() not in ("", NOT_RUN, SURVIVED), f"mutant {number} {caught_by}: make mutants"


SOURCE = '''\
"""A source."""

from libc.stdint cimport int64_t


cdef inline int64_t add(int64_t a, const int64_t* b) noexcept nogil:
    """Both."""
    return a + b[0]


cdef void nothing() noexcept nogil:
    pass
'''


SWITCHES = '''\
    if which_mutant == 7:
        return add__7(a, b)
    if which_mutant == 9:
        return add__9(a, b)
    return add__0(a, b)
''', '''\
    if which_mutant == 3:
        nothing__3()
        return
    nothing__0()
'''


def test_a_mutated_function_becomes_copies_and_a_switch() -> None:
    changes = [(7, "a + b[0]", "a - b[0]"), (9, "return a + b[0]", "return 0"), (3, "    pass\n", "    return\n")]
    text = with_variants(SOURCE, changes)
    assert text.index("cimport mutant") < text.index("from libc.stdint")
    assert "add__7(int64_t a, const int64_t* b) noexcept nogil:\n" in text and "return a - b[0]" in text
    assert all(switch in text for switch in SWITCHES)
