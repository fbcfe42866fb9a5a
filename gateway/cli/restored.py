"""The state at a place of a log, from the nearest good snapshot on, as commands have it: what was passed over is said
on standard error, and how far a long replay is."""

import sys

from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.cli.progress import ReplayProgress
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import EVER
from pricetime.journal.replay import OnBlock, replay
from pricetime.journal.restoration import Restored, restore
from pricetime.matching.interface import EitherEngine


def restored(directory: str, *, reference: bool = False, until_sequence: int = SEQUENCE_MAX,
             until_time: int = EVER) -> Restored[EitherEngine]:
    """`restore` into an engine of the kind that was asked for; its notes on standard error."""
    found = restore(directory, lambda: new_engine(reference), until_sequence=until_sequence, until_time=until_time)
    for note in found.notes:
        print(note, file=sys.stderr)
    return found


def replayed(begun: Restored[EitherEngine], last: int, on_block: OnBlock | None = None) -> EitherEngine:
    """The engine once its reader has come to its end, command `last` as far as that is known (0: it is not)."""
    with ReplayProgress(last - begun.engine.sequence) as progress:
        replay(begun.reader, begun.engine, on_block=on_block, on_progress=progress)
    return begun.engine
