"""The engine from C: pricetime.h says what records.pxd says, the programs of examples/c build without a warning as C
and C++, do what they should, and give the events that Engine.apply gives."""

import json
import re
import shutil
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import c_header
import c_programs
import commands as c
import numpy as np
import pytest
from differential.generator import Generator

from pricetime.gateway.cli import cflags
from pricetime.journal.verify import digest_text
from pricetime.matching import engine as engine_module
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType, Reason

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples" / "c").glob("*.c"))
no_cpp = pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler (c++)")
LANGUAGES = [pytest.param(c_programs.C11, id="C11"), pytest.param(c_programs.CPP17, id="C++17", marks=no_cpp)]
MISSING = c_programs.missing()
needs_python_library = pytest.mark.skipif(bool(MISSING), reason=MISSING)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc)")

STRUCTS = {name: "".join(word.capitalize() for word in name.split("_")) + "Line"
           for name in vars(records) if isinstance(getattr(records, name), np.dtype)
           and not name.endswith("_STATE") and name not in ("STATE_HEADER", "EVENT", "EVENT_LINE")}
DTYPES = {struct: getattr(records, name) for name, struct in STRUCTS.items()}
DTYPES |= {"EventRecord": records.EVENT, "DepthLevel": engine_module.DEPTH}
PROBE = """
#include <stdio.h>
#include "pricetime.h"
#define SIGNED(type, field) ((((type *) 0)->field - ((type *) 0)->field - 1) < 0)
int main(void)
{
    printf("{");
%s
    printf("\\"\\": 0}\\n");
    return 0;
}
"""

# ---------------------------------------------------------------------------------------------- the header


def test_the_header_is_what_its_generator_writes():
    assert c_header.HEADER.read_text() == c_header.header(), "python tests/c_header.py writes it anew"


def test_the_header_leaves_no_enum_or_struct_out():
    text = "".join((c_header.MATCHING / source).read_text() for source in c_header.SOURCES)
    assert len(c_header.blocks()) == len(re.findall(r"^cp?def (?:enum|struct)\b", text, re.MULTILINE))


def values() -> dict[str, int]:
    """Every enum member and constant that Python sees of records.pxd."""
    enums = [kind for kind in vars(records).values() if isinstance(kind, type) and issubclass(kind, IntEnum)]
    named = {member.name: member.value for kind in enums if kind is not IntEnum for member in kind}
    return named | {name: value for name, value in vars(records).items() if type(value) is int and name.isupper()}


def layout(dtype: np.dtype) -> dict[str, list[int]]:
    """field -> offset, size."""
    return {name: [offset, base.itemsize] for name, (base, offset) in dtype.fields.items()}


@needs_compiler
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_c_compiler_sees_the_values_and_layouts_that_numpy_sees(language, tmp_path):
    lines = [f'    printf("\\"{name}\\": %lld, ", (long long) PRICETIME_{name});' for name in values()]
    for struct, dtype in DTYPES.items():
        kind = f"Pricetime{struct}"
        lines.append(f'    printf("\\"{struct}\\": %zu, ", sizeof({kind}));')
        lines += [f'    printf("\\"{struct}.{field}\\": [%zu, %zu], ", offsetof({kind}, {field}), '
                  f"sizeof((({kind} *) 0)->{field}));" for field in dtype.names]
    source = tmp_path / "probe.c"
    source.write_text(PROBE % "\n".join(lines))
    program = c_programs.build(source, tmp_path / "probe", language, [f"-I{c_header.MATCHING}"])
    seen = json.loads(subprocess.run([program], capture_output=True, check=True).stdout)
    assert {name: seen[name] for name in values()} == values()
    for struct, dtype in DTYPES.items():
        assert seen[struct] == dtype.itemsize
        assert {field: seen[f"{struct}.{field}"] for field in dtype.names} == layout(dtype)


@needs_compiler
def test_integers_are_signed_in_c_where_they_are_in_numpy(tmp_path):
    """A smaller type widens to int, which is signed: only the widths that keep their own sign can be asked so."""
    wide = [(struct, field, base.kind == "i") for struct, dtype in DTYPES.items()
            for field, (base, _) in dtype.fields.items() if base.kind in "iu" and base.itemsize >= 4 and not base.shape]
    source = tmp_path / "signs.c"
    source.write_text(PROBE % "\n".join(
        f'    printf("\\"{struct}.{field}\\": %d, ", (int) SIGNED(Pricetime{struct}, {field}));'
        for struct, field, _ in wide))
    program = c_programs.build(
        source, tmp_path / "signs", [*c_programs.C11, "-Wno-type-limits"], [f"-I{c_header.MATCHING}"])
    seen = json.loads(subprocess.run([program], capture_output=True, check=True).stdout)
    assert [(struct, field, bool(seen[f"{struct}.{field}"])) for struct, field, _ in wide] == wide


# -------------------------------------------------------------------------------------------- the examples


@needs_python_library
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.name)
def test_an_example_builds_without_a_warning(source, language, tmp_path):
    c_programs.build(source, tmp_path / source.stem, language)


def market_output(text: str) -> None:
    """What market.c prints, figures aside."""
    assert re.fullmatch(
        r"trade 1: session 1 sells 4 at 10025\n"
        r"trade 1: session 2 buys 4 at 10025\n"
        r"best bid 10000: 7 in 1 order\(s\)\n"
        r"best ask 10025: 6 in 1 order\(s\)\n"
        r"bids: 7@10000\n"
        r"asks: 6@10025 5@10050\n"
        r"trade 2: session 1 sells 6 at 10025\n"
        r"trade 2: session 2 buys 6 at 10025\n"
        r"trade 3: session 1 sells 5 at 10040\n"
        r"trade 3: session 2 buys 5 at 10040\n"
        r"trade 4: session 1 sells 2 at 10040\n"
        r"trade 4: session 2 buys 2 at 10040\n"
        r"order 3 of session 2: triggered\n"
        r"trade 5: session 1 sells 3 at 10040\n"
        r"trade 5: session 2 buys 3 at 10040\n"
        r"best bid 10000: 7 in 1 order\(s\)\n"
        r"best ask 10040: 5 in 1 order\(s\)\n"
        r"bids: 7@10000\n"
        r"asks: 5@10040 5@10050\n"
        r"1000000 orders, 730057 trades, \d+\.\d ns an order\n"
        r"sequence 1000012, event digest [0-9a-f]{32}\n", text), text


@pytest.mark.parametrize("name", ["orders_of_two_lines", "calls"])
def test_the_page_shows_a_part_of_the_market_as_it_stands_there(name):
    page, market = ((ROOT / path).read_text() for path in ("docs/c.md", "examples/c/market.c"))
    shown = re.search(rf"^```c {name}\.c\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert shown[1] in market


@needs_python_library
def test_the_market_is_made_as_its_makefile_says_and_trades(tmp_path):
    done = c_programs.run(c_programs.make("market", tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    market_output(done.stdout.decode())


@needs_compiler
def test_the_market_is_a_library_for_a_python_too(tmp_path):
    """Without libpython: the program that has a Python in it is Python itself."""
    library = c_programs.build(ROOT / "examples" / "c" / "market.c", tmp_path / "market.so",
                               [*c_programs.C11, "-shared", "-fPIC"], cflags.compile_flags())
    script = f"import ctypes; raise SystemExit(ctypes.PyDLL({str(library)!r}).main(0, None))"
    done = subprocess.run([sys.executable, "-P", "-c", script], env=c_programs.environment(), capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    market_output(done.stdout)


@pytest.fixture(scope="module")
def filter_program(tmp_path_factory):
    """examples/c/lines.c, built."""
    if MISSING:
        pytest.skip(MISSING)
    return c_programs.make("lines", tmp_path_factory.mktemp("c"))


def flow(seed: int, count: int) -> bytes:
    """Random commands of every type, for an engine of the usual size, with a digest now and then."""
    generator, engine, data = Generator(seed), Engine(), []
    generator.order_capacity = 131072
    for index, record in enumerate(generator.stream(count)):
        data.append(record)
        events = engine.apply(np.frombuffer(record, dtype=records.COMMAND))
        generator.observe(c.Event._make(event) for event in events.tolist())
        if index % 100 == 99:
            data.append(c.event_digest(*engine.event_digest))
            engine.apply(np.frombuffer(data[-1], dtype=records.COMMAND))
    return b"".join(data)


@pytest.mark.parametrize("seed", [3, 4])
def test_lines_in_give_the_events_that_the_engine_gives(filter_program, seed):
    data, engine = flow(seed, 5000), Engine()
    expected = engine.apply(np.frombuffer(data, dtype=records.COMMAND))
    done = c_programs.run(filter_program, given=data)
    assert done.returncode == 0, done.stderr
    assert len(expected) > 5000
    assert done.stdout == expected.tobytes()
    assert done.stderr.decode().endswith(
        f"sequence {engine.sequence}, time {engine.time}, event digest {digest_text(engine.event_digest)}\n")


GOOD = c.define_participant(1, "party")
REFUSED = [
    (c.record(63), f"line 2: status {int(Reason.UNKNOWN_MSG_TYPE)} at byte 4 of the record"),
    (c.record(CommandType.CLOCK, shape=0x1F), f"line 2: status {int(Reason.BAD_LINE_COUNT)} at byte 5 of the record"),
    (GOOD[:64], f"line 2: status {int(Reason.BAD_FURTHER_LINE)} at byte 68 of the record"),
    (c.record(CommandType.CLOCK, attributes=256),
     f"line 2: status {int(Reason.RESERVED_NOT_ZERO)} at byte 7 of the record"),
    (c.record(CommandType.CLOCK, sequence=9), "line 2: status -2 at byte 0 of the record"),
    (c.event_digest(1, 2), "line 2: status -1 at byte 0 of the record"),
]


@pytest.mark.parametrize(("record", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_a_record_that_cannot_be_taken_is_named_and_what_stood_before_it_is_applied(filter_program, record, said):
    done = c_programs.run(filter_program, given=GOOD + record + GOOD)
    counted, refused = done.stderr.decode().splitlines()
    assert (done.returncode, refused) == (1, said)
    assert counted.startswith("1 records, sequence 1, ")


def test_input_that_ends_within_a_line_is_said(filter_program):
    done = c_programs.run(filter_program, given=GOOD[:100])
    assert (done.returncode, done.stdout) == (1, b"")
    done = c_programs.run(filter_program, given=GOOD + GOOD[:10])
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[1:] == ["lines: the input does not end with a whole line"]


def test_a_python_without_pricetime_is_one_line(filter_program, tmp_path):
    done = c_programs.run(filter_program, str(tmp_path / "python"), PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.decode() == "lines: No module named 'pricetime'\n"


def test_a_table_of_another_version_is_refused(filter_program, tmp_path):
    """The program of today and the package of another day: never a call through the wrong table."""
    package = tmp_path / "pricetime" / "matching"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    (package / "c_api.py").write_text(
        "import ctypes\n"
        "table = ctypes.create_string_buffer((2).to_bytes(4, 'little') + (8).to_bytes(4, 'little'))\n"
        "name = ctypes.create_string_buffer(b'pricetime.matching.c_api._C_API')\n"
        "new = ctypes.pythonapi.PyCapsule_New\n"
        "new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3\n"
        "_C_API = new(ctypes.addressof(table), ctypes.addressof(name), None)\n")
    done = c_programs.run(filter_program, str(tmp_path / "python"), PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert re.fullmatch(r"lines: this program was built for API version 1 of pricetime \(\d+ bytes\), installed is"
                        r" version 2 \(8 bytes\): build it again\n", done.stderr.decode())


THREADS = """
#include "pricetime_embed.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
enum { ENGINES = 4 };
static const PricetimeApi *pricetime;
static PricetimeCommandLine *lines;
static size_t count;
static void *drive(void *digest)
{
    PricetimeEngine *engine = pricetime->create(0, 1 << 17);
    PricetimeEventSink sink = {(PricetimeEventRecord *) malloc(sizeof(PricetimeEventRecord)), 1, 0, NULL, NULL};
    sink.drain = pricetime->lengthen;
    PricetimeLinesApplied done = pricetime->apply(engine, lines, count, &sink);
    pricetime->event_digest(engine, (uint64_t *) digest);
    *((uint64_t *) digest + 2) = done.status == PRICETIME_APPLIED ? sink.count : 0;
    free(sink.events);
    pricetime->destroy(engine);
    return NULL;
}
int main(int number, char **arguments)
{
    const char *error;
    pthread_t threads[ENGINES];
    uint64_t digests[ENGINES][3];
    pricetime = pricetime_start(arguments[number - 1], &error);
    if (pricetime == NULL)
        return 1;
    if (pricetime->create(256, 1) || pricetime->create(0, 0) || pricetime->create(0, (1 << 24) + 1))
        return 2;
    lines = (PricetimeCommandLine *) malloc(64 << 16);
    count = fread(lines, 64, 1 << 16, stdin);
    for (int i = 0; i < ENGINES; i++)
        pthread_create(&threads[i], NULL, drive, digests[i]);
    for (int i = 0; i < ENGINES; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < ENGINES; i++)
        printf("%016llx%016llx %llu\\n", (unsigned long long) digests[i][1], (unsigned long long) digests[i][0],
               (unsigned long long) digests[i][2]);
    free(lines);
    return 0;
}
"""


@needs_python_library
def test_engines_share_nothing_and_run_side_by_side_while_one_thread_holds_the_gil(tmp_path):
    source, data, engine = tmp_path / "threads.c", flow(5, 5000), Engine()
    events = engine.apply(np.frombuffer(data, dtype=records.COMMAND))
    source.write_text(THREADS)
    done = c_programs.run(c_programs.build(source, tmp_path / "threads", [*c_programs.C11, "-pthread"]), given=data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == f"{digest_text(engine.event_digest)} {len(events)}\n" * 4


ONE_BY_ONE = """
#include "pricetime_embed.h"
#include <stdio.h>
#include <stdlib.h>
static int write_events(PricetimeEventSink *sink)
{
    fwrite(sink->events, sizeof *sink->events, sink->count, stdout);
    sink->count = 0;
    return 0;
}
int main(int number, char **arguments)
{
    static PricetimeCommandLine lines[1 << 16];
    static PricetimeEventRecord events[4];
    PricetimeEventSink sink = {events, 4, 0, write_events, NULL};
    PricetimeAhead ahead;
    uint32_t offset = 0;
    const char *error;
    const PricetimeApi *pricetime = pricetime_start(arguments[number - 1], &error);
    if (pricetime == NULL)
        return 1;
    PricetimeEngine *engine = pricetime->create(0, 1 << 17);
    size_t count = fread(lines, 64, 1 << 16, stdin);
    pricetime->begin(&ahead, lines, count);
    for (size_t at = 0; at < count; at += lines[at].shape & 0xF) {
        int reason = pricetime->screen(&lines[at], count - at, &offset);
        if (reason) {
            fprintf(stderr, "line %zu: status %d at byte %u of the record", at, reason, offset);
            break;
        }
        if (pricetime->apply_screened(engine, &ahead, &lines[at], &sink) == PRICETIME_DIGEST_DIFFERS)
            return 2;
        write_events(&sink);        // each command's events before the next one
    }
    pricetime->destroy(engine);
    return 0;
}
"""


@needs_python_library
def test_records_given_one_by_one_give_the_events_of_all_together(tmp_path):
    source = tmp_path / "one_by_one.c"
    source.write_text(ONE_BY_ONE)
    program = c_programs.build(source, tmp_path / "one_by_one", c_programs.C11)
    data = flow(5, 5000)
    done = c_programs.run(program, given=data)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == Engine().apply(np.frombuffer(data, dtype=records.COMMAND)).tobytes()
    for record, said in REFUSED[:4]:
        assert c_programs.run(program, given=GOOD + record + GOOD).stderr.decode() == said


# ------------------------------------------------------------------------------------------------- cflags


def test_a_python_without_its_library_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(cflags, "words", lambda *names: [])
    monkeypatch.setattr(cflags.sys, "base_prefix", "/nowhere")
    with pytest.raises(UserError, match=r"^this Python has no libpython3\.\d+"):
        cflags.link_flags()


def test_the_static_library_comes_with_what_it_needs(monkeypatch, tmp_path):
    library = cflags.sysconfig.get_config_var("LDVERSION")
    (tmp_path / f"libpython{library}.a").touch()
    monkeypatch.setattr(cflags, "words", lambda *names: [str(tmp_path)] if names == ("LIBPL",) else list(names))
    monkeypatch.setattr(cflags.sys, "base_prefix", "/nowhere")
    assert cflags.link_flags() == [f"-L{tmp_path}", f"-lpython{library}", "LIBS", "SYSLIBS", "LINKFORSHARED"]
