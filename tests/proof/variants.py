"""Sources in which every mutant stands beside the original: one build, and PRICETIME_MUTANT says which mutant runs.

A function that mutants change becomes a copy for each of them, a copy that is as it was, and a switch of its name. In a
header's C code, where no function of Cython is, the changed text has to be an expression: it becomes a choice of two.
"""

import re
from collections import defaultdict

SWITCH = '''\
"""Which mutant runs: PRICETIME_MUTANT as a number, 0 is none."""

cdef extern from *:
    """
    #ifndef PRICETIME_MUTANT_SWITCH
    #define PRICETIME_MUTANT_SWITCH
    #include <stdlib.h>
    static int pricetime_mutant(void) {
        static int number = -1;
        if (number < 0) {
            const char *given = getenv("PRICETIME_MUTANT");
            number = given ? atoi(given) : 0;
        }
        return number;
    }
    #endif
    """
    int mutant "pricetime_mutant"() noexcept nogil
'''
SWITCH_PATH = "matching/mutant.pxd"
CIMPORT = "from pricetime.matching.mutant cimport mutant\n"
SIGNATURE = re.compile(r"cdef (inline )?([\w ]+?[ *]+)(\w+)\(([^()]*)\)([^\n:]*):\n")


def block_of(text: str, at: int) -> tuple[int, int]:
    """Where the top-level statement that `at` is in begins and ends."""
    starts = [match.start() for match in re.finditer(r"^[^\s#)]", text, re.MULTILINE)] + [len(text)]
    start = max(place for place in starts if place <= at)
    return start, min(place for place in starts if place > at)


def switched(function: str, changes: list[tuple[int, str, str]]) -> str:
    """The function as copies and a switch; `changes`: number of the mutant, text, what it becomes."""
    head = SIGNATURE.match(function)
    assert head is not None
    inline, kind, name, arguments, tail = (part or "" for part in head.groups())
    body = function[head.end():]
    given = ", ".join(re.findall(r"(\w+)\s*(?:,|$)", arguments))
    call = "" if kind.strip() == "void" else "return "

    def copy(suffix: str, text: str) -> str:
        return f"cdef {inline}{kind}{name}__{suffix}({arguments}){tail}:\n{text}\n"

    parts = [copy("0", body)]
    choice = f"cdef {inline}{kind}{name}({arguments}){tail}:\n    cdef int which_mutant = mutant()\n"
    for number, find, replace in changes:
        parts.append(copy(str(number), body.replace(find, replace)))
        choice += f"    if which_mutant == {number}:\n        {call}{name}__{number}({given})\n"
        choice += "" if call else "        return\n"
    return "".join(parts) + choice + f"    {call}{name}__0({given})\n\n\n"


def with_variants(text: str, changes: list[tuple[int, str, str]]) -> str:
    """A source with all these mutants in it, each of a text that stands there once."""
    functions: dict[tuple[int, int], list[tuple[int, str, str]]] = defaultdict(list)
    for change in changes:
        functions[block_of(text, text.index(change[1]))].append(change)
    for (start, end), inside in sorted(functions.items(), reverse=True):
        block = text[start:end]
        if SIGNATURE.match(block):
            block = switched(block, inside)
        else:
            for number, find, replace in inside:
                block = block.replace(find, f"(pricetime_mutant() == {number} ? ({replace}) : ({find}))")
        text = text[:start] + block + text[end:]
    first = re.search(r"^from \S+ cimport ", text, re.MULTILINE)
    assert first is not None
    return text[:first.start()] + CIMPORT + text[first.start():]
