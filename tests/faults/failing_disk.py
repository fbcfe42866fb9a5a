"""A venue whose disk fails it under a client's load: full for a while, or broken for good. Nothing is acknowledged that
is not in the log; what is refused is not in it; a venue on a full disk goes on by itself when there is room again; a
broken one ends with one line, and the next start has all that was acknowledged."""

import contextlib
import errno
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faults import disk
from faults.kills import write_toml
from faults.trader import MESSAGE_ORDERS, Trader
from faults.venues import PATIENCE_SECONDS, Venues

from pricetime.gateway.client import Client

WINDOW = 4 * MESSAGE_ORDERS      # orders under way


@dataclass
class Case:
    """`after` calls go well, then `times` fail."""

    call: str
    error: int
    after: int = 0
    times: int = disk.FOR_EVER

    def __str__(self) -> str:
        times = "" if self.times == disk.FOR_EVER else f" {self.times} times"
        return f"{self.call} {errno.errorcode[self.error]} after {self.after}{times}"


FILLS_UP = (Case("fallocate", errno.ENOSPC), Case("pwrite", errno.ENOSPC, after=2), Case("create", errno.EMFILE),
            Case("fallocate", errno.EDQUOT, after=1))
BREAKS = (Case("fdatasync", errno.EIO), Case("fdatasync", errno.EIO, after=1), Case("fdatasync", errno.EINTR, after=1),
          Case("fsync", errno.EIO), Case("msync", errno.EIO), Case("rename", errno.EIO), Case("fallocate", errno.EIO))
AT_THE_START = (Case("fallocate", errno.ENOSPC), Case("msync", errno.EIO), Case("fdatasync", errno.EIO),
                Case("fsync", errno.EIO), Case("rename", errno.EIO))
PASSES = (Case("fallocate", errno.EINTR, times=5), Case("pwrite", errno.EINTR, times=50))


class Failing:
    """A venue over the simulated disk, and its trader."""

    def __init__(self, library: Path, folder: Path, durability: str, seed: int = 1) -> None:
        self.directory = folder / "venue"
        write_toml(self.directory, durability)
        self.faults = disk.Faults(folder / "faults")
        self.trader = Trader(random.Random(seed))
        self.venues = Venues(self.directory, self.faults.environment(library, self.directory / "log"))

    @contextlib.contextmanager
    def trading(self) -> Iterator[Client]:
        """A start, and a client of it."""
        self.venues.start()
        with contextlib.closing(self.trader.connect(self.venues.endpoint())) as client:
            yield client

    def goes_on(self) -> None:
        """The disk is whole again: the next start trades, and has all that was acknowledged."""
        self.faults.heal()
        with self.trading() as client:
            self.more(client)
        self.stop()

    def fail(self, case: Case) -> None:
        self.faults.fail(case.call, case.error, after=case.after, times=case.times)

    def flood(self, client: Client, until: Callable[[], bool], window: int = WINDOW) -> None:
        """Orders until something has come to pass, `window` of them under way."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not until():
            assert time.monotonic() < end, f"not within {PATIENCE_SECONDS} s"
            before = len(self.trader.acknowledged) + len(self.trader.refused)
            self.trader.flood(client, window)
            while len(self.trader.acknowledged) + len(self.trader.refused) < before + window:
                if not self.trader.take(client, 100) and until():
                    return
                assert time.monotonic() < end, f"no answers for {PATIENCE_SECONDS} s"

    def ended(self) -> bool:
        return Path(f"/proc/{self.venues.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def stop(self) -> None:
        """A clean stop, and the log held against the books."""
        self.venues.signal(signal.SIGTERM)
        status, said = self.venues.wait(), self.venues.errors.read_text()
        assert status == 0, said
        engine, _ = self.trader.hold_against(self.directory)
        assert self.venues.out.read_text().split("digest ")[1].strip() == engine.digest().hex()

    def more(self, client: Client, count: int = WINDOW) -> None:
        """So many more acknowledged orders."""
        enough = len(self.trader.acknowledged) + count
        self.flood(client, lambda: len(self.trader.acknowledged) >= enough)


def fills_up(failing: Failing, case: Case) -> None:
    """Orders are refused while the disk is full, and taken when it has room again."""
    venues, trader = failing.venues, failing.trader
    with failing.trading() as client:
        failing.more(client)
        failing.fail(case)
        failing.flood(client, lambda: bool(trader.refused), window=MESSAGE_ORDERS)
        full, refused = len(trader.acknowledged), len(trader.refused)
        failing.flood(client, lambda: len(trader.refused) >= refused + MESSAGE_ORDERS, window=MESSAGE_ORDERS)
        assert len(trader.acknowledged) == full, "acknowledged on a full disk"
        failing.faults.heal()
        failing.more(client)
        time.sleep(0.6)         # `serve` looks for what it has to tell twice a second
    failing.stop()
    assert f"refused as LOG_FULL: {os.strerror(case.error)}; make room" in venues.errors.read_text()


def breaks(failing: Failing, case: Case) -> None:
    """The venue ends by itself with one line; the next one has all that was acknowledged."""
    venues = failing.venues
    with failing.trading() as client:
        failing.more(client)
        failing.fail(case)
        failing.flood(client, failing.ended)
        failing.trader.take(client, 50)
    status, said = venues.wait(), venues.errors.read_text().splitlines()
    lines = [line for line in said if not line.startswith(("ACME: ", "defined ", "without CURVE"))]
    assert status == 2 and len(lines) == 1, f"ended with {status}: {lines}"
    # At level `power` it is the commit that fails first, or the next segment.
    assert re.search(f"(the log takes no command after [0-9]+|the disk failed): {os.strerror(case.error)}; stopped: .*"
                     "see to the disk, then start again", lines[0]), lines
    failing.goes_on()


def has_no_room_for_a_sync(failing: Failing) -> None:
    """A sync that fails for want of room is lasting: the venue ends, and does not ask for room for ever."""
    venues = failing.venues
    with failing.trading() as client:
        failing.more(client)
        failing.fail(Case("fdatasync", errno.ENOSPC, after=1))      # the next segment is made; the full one is synced
        failing.flood(client, failing.ended)
        failing.trader.take(client, 50)
    assert venues.wait() == 2
    assert venues.errors.read_text().rstrip().endswith("see to the disk, then start again")
    failing.goes_on()


def passes(failing: Failing, case: Case) -> None:
    """Nobody notices."""
    with failing.trading() as client:
        failing.fail(case)
        before = failing.faults.calls(case.call)
        failing.flood(client, lambda: failing.faults.calls(case.call) >= before + case.times + 1)
    failing.stop()
    assert not failing.trader.refused


def refuses_to_start(failing: Failing, case: Case) -> None:
    """No first segment: one line, and nothing is left that would disturb the next start."""
    venues = failing.venues
    failing.fail(case)
    venues.start()
    status, said = venues.wait(), venues.errors.read_text()
    assert status == 2 and said.count("\n") == 1, f"ended with {status}: {said}"
    assert os.strerror(case.error).lower() in said.lower(), said
    failing.goes_on()


def any_case(dice: random.Random) -> tuple[Callable[[Failing, Case], None], Case]:
    """What happens, and to which call."""
    play = dice.choice((fills_up, breaks, passes, refuses_to_start))
    if play is fills_up:
        call, error = dice.choice(("fallocate", "pwrite", "create")), dice.choice((errno.ENOSPC, errno.EDQUOT))
        return play, Case(call, error, after=dice.randrange(5))
    if play is passes:
        return play, Case(dice.choice(("fallocate", "pwrite")), errno.EINTR, times=dice.randint(1, 100))
    calls = ("fdatasync", "fsync", "msync", "rename", "fallocate", "create")
    after = dice.randrange(6) if play is breaks else 0
    return play, Case(dice.choice(calls), dice.choice((errno.EIO, errno.EROFS)), after=after)
