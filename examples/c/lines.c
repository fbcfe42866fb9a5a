// A filter: COMMAND lines on standard input, EVENT records on standard output, as bytes; on standard error the outcome.
//
//     python -c 'import sys, numpy; sys.stdout.buffer.write(commands.tobytes())' | ./lines > events
//
// Exit status 1 where a record cannot be taken; what stood before it was applied. numpy.fromfile(FILE, EVENT) reads it.
// ./lines PYTHON takes the Python that has pricetime installed; without it, the python3 of the PATH.
#include "pricetime_embed.h"    // first: Python.h wants to be

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 1024 };

static int fail(const char *what)
{
    fprintf(stderr, "lines: %s\n", what);
    return 2;
}

// The sink's context is the file. Where it cannot be written main says so at the end: -1 here would end the process.
static int write_events(PricetimeEventSink *sink)
{
    fwrite(sink->events, sizeof *sink->events, sink->count, (FILE *) sink->context);
    sink->count = 0;
    return 0;
}

int main(int count, char **arguments)
{
    static PricetimeCommandLine lines[ROOM];
    static PricetimeEventRecord events[ROOM];
    PricetimeEventSink sink = {events, ROOM, 0, write_events, stdout};
    PricetimeLinesApplied done = {0, 0, PRICETIME_APPLIED, 0};
    size_t held = 0, read = 0;                      // bytes
    size_t commands = 0, first = 0;                 // number of the line that lines[0] is
    const char *error;
    const PricetimeApi *pricetime = pricetime_start(count > 1 ? arguments[1] : NULL, &error);
    if (pricetime == NULL)
        return fail(error);
    PricetimeEngine *engine = pricetime->create(0, 1 << 17);
    if (engine == NULL)
        return fail("no memory for the engine");

    do {
        read = fread((char *) lines + held, 1, sizeof lines - held, stdin);
        held += read;
        done = pricetime->apply(engine, lines, held / sizeof *lines, &sink);
        commands += done.records;
        first += done.lines;
        held -= done.lines * sizeof *lines;
        memmove(lines, &lines[done.lines], held);
        // A record whose further lines are still to come is BAD_LINE_COUNT until they are there.
    } while (read != 0 && (done.status == PRICETIME_APPLIED || done.status == PRICETIME_BAD_LINE_COUNT));
    write_events(&sink);

    uint64_t digest[2];
    pricetime->event_digest(engine, digest);
    fprintf(stderr, "%zu records, sequence %" PRIu64 ", time %" PRId64 ", event digest %016" PRIx64 "%016" PRIx64 "\n",
            commands, pricetime->sequence(engine), pricetime->time(engine), digest[1], digest[0]);
    if (done.status != PRICETIME_APPLIED)
        fprintf(stderr, "line %zu: status %d at byte %u of the record\n", first, done.status, done.offset);
    pricetime->destroy(engine);
    if (done.status == PRICETIME_APPLIED && held != 0)
        return fail("the input does not end with a whole line");
    if (ferror(stdin) || fflush(stdout) != 0 || ferror(stdout))
        return fail("input or output failed");
    return done.status == PRICETIME_APPLIED ? 0 : 1;
}
