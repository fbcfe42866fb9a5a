"""The two engines against each other, seed after seed until stopped: `make soak`, or `python -m differential.soak`.

After every command: events, states, check() of both engines, and the model (queues in order, no book crossed,
quantities conserved, positions of zero in all). The plain engine's check() and the model's look at the whole are four
fifths of the time: with --thorough-every 20 they come with every twentieth command. The first difference ends it: the
seed and the shortest failing stream are printed, one command a line, as `--replay FILE` reads it.
"""

import argparse
import sys
import time
from pathlib import Path

from differential.generator import Generator
from differential.pair import Pair
from differential.shrink import Stream, as_text, failure, from_text, shrunk


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--first", type=int, default=int(time.time()), help="first seed (default: the time)")
    parser.add_argument("--seeds", type=int, default=0, help="how many (default: until stopped)")
    parser.add_argument("--commands", type=int, default=1500, help="of each seed (default: %(default)s)")
    parser.add_argument("--thorough-every", type=int, default=1, metavar="N",
                        help="check the plain engine, and the whole by the model, at each N-th command (default: each)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a stream that was printed, and nothing else")
    parser.add_argument("--capacity", type=int, default=131072, help="of the engines of --replay")
    return parser.parse_args(words)


def soak(first: int, seeds: int, commands: int, pair_of: type[Pair] = Pair, thorough_every: int = 1) -> int:
    """Exit status: 0 where all seeds pass or it is stopped, 1 at the first that fails."""
    begun, done, seed = time.monotonic(), 0, first
    try:
        while not seeds or seed < first + seeds:
            generator = Generator(seed)
            pair = pair_of(generator.order_capacity, shard=seed % 256, origin=f"seed {seed}")
            stream: Stream = []
            for record in generator.stream(commands):
                stream.append(record)
                count, what = failure([record], pair, thorough=len(stream) % thorough_every == 0)
                if count:
                    report(seed, generator, stream, what, pair_of)
                    return 1
                generator.observe(pair.events)
            done, seed = done + len(stream), seed + 1
            progress(f"{seed - first} seeds, {done:,} commands, {done / (time.monotonic() - begun):,.0f} a second; "
                     f"last: {generator.profile.name}, {len(generator.live)} live orders")
    except KeyboardInterrupt:
        pass
    print(f"\nno difference: seeds {first} to {seed - 1}, {done:,} commands")
    return 0


def report(seed: int, generator: Generator, stream: Stream, what: str, pair_of: type[Pair]) -> None:
    """The failure as it came, then the shortest stream that still fails."""
    def fails(shorter: Stream) -> str:
        return failure(shorter, pair_of(generator.order_capacity, shard=seed % 256, origin="shrunk"))[1]

    print(f"\nseed {seed} ({generator.profile.name}, capacity {generator.order_capacity}) fails at command "
          f"{len(stream)}: {what}\nmaking it shorter ...", file=sys.stderr, flush=True)
    shortest = shrunk(stream, fails)
    print(f"# seed {seed}: {len(shortest)} of {len(stream)} commands; "
          f"replay with --replay FILE --capacity {generator.order_capacity}")
    print(*(f"# {line}" for line in fails(shortest).splitlines()), sep="\n")
    print(*as_text(shortest), sep="\n", flush=True)


def progress(line: str) -> None:
    """One line, written over where that is seen."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)
    else:
        print(line, flush=True)


def main(words: list[str] | None = None) -> int:
    given = arguments(words)
    if given.replay is None:
        return soak(given.first, given.seeds, given.commands, thorough_every=max(given.thorough_every, 1))
    count, what = failure(from_text(given.replay.read_text().splitlines()), Pair(given.capacity, origin="replay"))
    print(f"fails at command {count}: {what}" if count else "no difference")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
