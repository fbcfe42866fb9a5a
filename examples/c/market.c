// A market in C: defines an instrument and two traders, trades, with an iceberg and a stop, and prints what happened;
// then times a million orders.
//
//     make && ./market            (make says how it is built; docs/c.md explains)
//
// ./market PYTHON takes the Python that has pricetime installed; without it, the python3 of the PATH.
#include "pricetime_embed.h"    // first: Python.h wants to be

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALICE = 1, BOB = 2, ACME = 1, BLOCK = 1000, BLOCKS = 1000, DEPTH = 5 };

static const PricetimeApi *pricetime;

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "market: %s\n", what);
        exit(1);
    }
}

// ------------------------------------------------------------------------------------------------- commands

static PricetimeCommandLine command(uint8_t type, unsigned lines)
{
    PricetimeCommandLine line;
    memset(&line, 0, sizeof line);                  // what is not said must be 0
    line.type = type;
    line.shape = (uint8_t) (PRICETIME_RECORD_VERSION << 4 | lines);
    return line;
}

static PricetimeCommandLine limit_order(uint32_t session, int64_t cl_ord_id, int side, int64_t price, int64_t quantity)
{
    PricetimeCommandLine line = command(PRICETIME_NEW_ORDER_SINGLE, 1);
    line.session = session;
    line.cl_ord_id = cl_ord_id;
    line.instrument = ACME;
    line.attributes = (uint16_t) (side << PRICETIME_SIDE_SHIFT | PRICETIME_LIMIT << PRICETIME_ORD_TYPE_SHIFT
                                  | PRICETIME_HAS_PRICE | PRICETIME_HAS_QUANTITY);
    line.price = price;
    line.quantity = quantity;
    return line;
}

// Orders of two lines: what the first has no room for stands in an ADVANCED_LINE, each field with its presence bit.
static size_t two_lines(PricetimeCommandLine *lines, PricetimeAdvancedLine advanced)
{
    lines[0].shape = PRICETIME_RECORD_VERSION << 4 | 2;
    advanced.type = PRICETIME_ADVANCED_LINE;
    memcpy(&lines[1], &advanced, sizeof advanced);
    return 2;
}

static size_t iceberg(PricetimeCommandLine *lines, PricetimeCommandLine order, int64_t shown)
{
    PricetimeAdvancedLine advanced;
    memset(&advanced, 0, sizeof advanced);
    advanced.presence = PRICETIME_HAS_DISPLAY_QUANTITY;
    advanced.display_quantity = shown;              // 0 hides all of it, where the instrument allows that
    lines[0] = order;
    return two_lines(lines, advanced);
}

static size_t stop(PricetimeCommandLine *lines, PricetimeCommandLine order, int64_t stop_price)
{
    PricetimeAdvancedLine advanced;
    memset(&advanced, 0, sizeof advanced);
    advanced.presence = PRICETIME_HAS_STOP_PRICE;
    advanced.stop_price = stop_price;
    lines[0] = order;
    lines[0].price = 0;                             // a Stop has none; a StopLimit (STOP_LIMIT) keeps its own
    lines[0].attributes &= (uint16_t) ~(PRICETIME_ORD_TYPE_MASK << PRICETIME_ORD_TYPE_SHIFT | PRICETIME_HAS_PRICE);
    lines[0].attributes |= PRICETIME_STOP << PRICETIME_ORD_TYPE_SHIFT;
    return two_lines(lines, advanced);
}

// The line that names what a definition defines.
static void write_name(PricetimeCommandLine *where, const char *name)
{
    PricetimeNameLine line;
    memset(&line, 0, sizeof line);
    line.type = PRICETIME_NAME_LINE;
    memcpy(line.name, name, strlen(name));          // at most NAME_BYTES; zero-padded, not terminated
    memcpy(where, &line, sizeof line);
}

static size_t define_trader(PricetimeCommandLine *lines, uint32_t id, const char *name)
{
    lines[0] = command(PRICETIME_PARTY_DEFINITION, 2);
    lines[0].target = id;
    write_name(&lines[1], name);
    lines[2] = command(PRICETIME_SESSION_DEFINITION, 2);
    lines[2].target = id;
    lines[2].quantity = id;                         // the participant whose session it is
    lines[2].attributes = PRICETIME_RIGHT_TRADE;
    write_name(&lines[3], name);
    return 4;
}

static size_t define_instrument(PricetimeCommandLine *lines, uint32_t id, const char *symbol)
{
    PricetimeInstrumentTermsLine terms;
    memset(&terms, 0, sizeof terms);
    terms.type = PRICETIME_INSTRUMENT_TERMS_LINE;
    terms.price_scale = 2;                          // prices are in cents
    terms.tick_size = 1;
    terms.lot_size = 1;
    lines[0] = command(PRICETIME_SECURITY_DEFINITION, 3);
    lines[0].instrument = id;
    write_name(&lines[1], symbol);
    memcpy(&lines[2], &terms, sizeof terms);
    return 3;
}

// -------------------------------------------------------------------------------------------------- events

static int print_events(PricetimeEventSink *sink)
{
    for (size_t i = 0; i < sink->count; i++) {
        const PricetimeEventRecord *event = &sink->events[i];
        if (event->type == PRICETIME_TRADE)
            printf("trade %" PRIu64 ": session %u %s %" PRId64 " at %" PRId64 "\n", event->trd_match_id, event->session,
                   (event->attributes & PRICETIME_SIDE_MASK) == PRICETIME_BUY ? "buys" : "sells", event->last_qty,
                   event->last_px);
        else if (event->type == PRICETIME_TRIGGERED)
            printf("order %" PRId64 " of session %u: triggered\n", event->cl_ord_id, event->session);
        else if (event->reason != PRICETIME_NONE)
            printf("order %" PRId64 " of session %u: reason %u\n", event->cl_ord_id, event->session, event->reason);
    }
    sink->count = 0;
    return 0;
}

static int count_trades(PricetimeEventSink *sink)
{
    uint64_t *trades = (uint64_t *) sink->context;
    for (size_t i = 0; i < sink->count; i++)        // a trade is two events, one for each side
        *trades += sink->events[i].type == PRICETIME_TRADE && sink->events[i].status_flags >> 4 & PRICETIME_AGGRESSOR;
    sink->count = 0;
    return 0;
}

// Apply lines that are ours, so that all of them must be records.
static void apply(PricetimeEngine *engine, const PricetimeCommandLine *lines, size_t count, PricetimeEventSink *sink)
{
    PricetimeLinesApplied done = pricetime->apply(engine, lines, count, sink);
    if (done.status != PRICETIME_APPLIED)
        fprintf(stderr, "market: line %zu: reason %d at byte %u\n", done.lines, done.status, done.offset);
    require(done.status == PRICETIME_APPLIED, "the engine did not take every record");
    sink->drain(sink);                              // what is left after the last command
}

static void print_best(const char *side, const PricetimeDepthLevel *level)
{
    printf("best %s %" PRId64 ": %" PRId64 " in %" PRId64 " order(s)\n", side, level->price, level->quantity,
           level->orders);
}

static void print_book(const PricetimeEngine *engine)
{
    PricetimeBestPrices best;
    PricetimeDepthLevel levels[DEPTH];
    pricetime->best_prices(engine, ACME, &best);
    if (best.has_bid)
        print_best("bid", &best.bid);
    if (best.has_ask)
        print_best("ask", &best.ask);
    for (int side = PRICETIME_BUY; side <= PRICETIME_SELL; side++) {
        size_t count = pricetime->depth(engine, ACME, side, DEPTH, levels);
        printf("%s:", side == PRICETIME_BUY ? "bids" : "asks");
        for (size_t i = 0; i < count; i++)
            printf(" %" PRId64 "@%" PRId64, levels[i].quantity, levels[i].price);
        printf("\n");
    }
}

// ----------------------------------------------------------------------------------------------- a million

static uint64_t nanoseconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

// Buys and sells in turn at one of eight prices: some rest, some meet what rests; about three trades for four orders.
static void time_a_million(PricetimeEngine *engine, PricetimeEventSink *sink)
{
    static PricetimeCommandLine lines[BLOCK];
    uint64_t random = 1, trades = 0, busy = 0;
    int64_t cl_ord_id = 1000;
    sink->drain = count_trades;
    sink->context = &trades;
    for (int block = 0; block < BLOCKS; block++) {
        for (int i = 0; i < BLOCK; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            int64_t price = 10000 + (int64_t) (random >> 61), quantity = 1 + (int64_t) (random >> 33 & 7);
            lines[i] = limit_order(BOB, ++cl_ord_id, i % 2 ? PRICETIME_SELL : PRICETIME_BUY, price, quantity);
        }
        uint64_t start = nanoseconds();
        apply(engine, lines, BLOCK, sink);
        busy += nanoseconds() - start;
    }
    printf("%d orders, %" PRIu64 " trades, %.1f ns an order\n",
           BLOCK * BLOCKS, trades, (double) busy / (BLOCK * BLOCKS));
}

int main(int count, char **arguments)
{
    const char *error;
    pricetime = pricetime_start(count > 1 ? arguments[1] : NULL, &error);
    require(pricetime != NULL, error);
    PricetimeEngine *engine = pricetime->create(0, 1 << 20);
    require(engine != NULL, "no memory for the engine");

    static PricetimeEventRecord events[256];
    PricetimeEventSink sink = {events, 256, 0, print_events, NULL};
    PricetimeCommandLine lines[16];
    size_t used = define_trader(lines, ALICE, "alice");
    used += define_trader(lines + used, BOB, "bob");
    used += define_instrument(lines + used, ACME, "ACME");
    apply(engine, lines, used, &sink);

    lines[0] = limit_order(ALICE, 1, PRICETIME_SELL, 10025, 10);
    lines[1] = limit_order(ALICE, 2, PRICETIME_SELL, 10050, 5);
    lines[2] = limit_order(BOB, 1, PRICETIME_BUY, 10030, 4);        // takes 4 of the 10 at 100.25
    lines[3] = limit_order(BOB, 2, PRICETIME_BUY, 10000, 7);
    apply(engine, lines, 4, &sink);
    print_book(engine);

    used = iceberg(lines, limit_order(ALICE, 3, PRICETIME_SELL, 10040, 20), 5);         // 20, of which 5 are shown
    used += stop(lines + used, limit_order(BOB, 3, PRICETIME_BUY, 0, 3), 10040);        // waits for a trade at 100.40
    lines[used++] = limit_order(BOB, 4, PRICETIME_BUY, 10040, 13);                      // makes one: the stop follows
    apply(engine, lines, used, &sink);
    print_book(engine);

    time_a_million(engine, &sink);
    uint64_t digest[2];
    pricetime->event_digest(engine, digest);
    printf("sequence %" PRIu64 ", event digest %016" PRIx64 "%016" PRIx64 "\n",
           pricetime->sequence(engine), digest[1], digest[0]);
    pricetime->destroy(engine);
    return 0;
}
