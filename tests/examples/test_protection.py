"""examples/protection.jsonl, for teachers: an iceberg, a hidden order, self-match prevention, a stop, the collar, a
VolatilityCall that time ends, a mass cancel. What each line shows, event by event, on both engines."""

import io
from pathlib import Path

import pytest

from pricetime.gateway import json_lines
from pricetime.gateway.cli.match import Player, new_engine

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "protection.jsonl"
SHOWN = """
Sell 30 at 100.10, 10 of them shown, behind it 5 displayed and 8 hidden: the buyer of 38 meets them in this order
  alice New
  bob New
  carol New
  dave New
  alice Trade 10 at 100.1
  dave Trade 10 at 100.1
  bob Trade 5 at 100.1
  dave Trade 5 at 100.1
  alice Trade 10 at 100.1
  dave Trade 10 at 100.1
  alice Trade 10 at 100.1
  dave Trade 10 at 100.1
  carol Trade 3 at 100.1
  dave Trade 3 at 100.1
alice's sell meets her own buy first: it is cancelled, and she trades with bob
  alice New
  bob New
  alice New
  alice Canceled SELF_MATCH
  bob Trade 4 at 99.4
  alice Trade 4 at 99.4
A trade at 99.30 elects carol's stop; dave's order is worked off first
  carol New
  carol New
  bob New
  dave New
  bob Trade 6 at 99.4
  dave Trade 6 at 99.4
  carol Trade 2 at 99.3
  dave Trade 2 at 99.3
  carol Triggered
  carol Trade 1 at 99.3
  carol Trade 1 at 99.3
  bob Trade 5 at 99.2
  carol Trade 5 at 99.2
104.50 is more than 5 above the last price
  dave Rejected PRICE_COLLAR
97.00 is more than 2 below the last price: no trade, but a call of a minute and its uncross
  dave New
  bob Trade 1 at 99.2
  dave Trade 1 at 99.2
  alice New
  the venue VolatilityCall VOLATILITY_INTERRUPTION
  the venue Continuous CALL_ENDED
  alice Trade 4 at 97
  dave Trade 4 at 97
What alice has left, all at once
  alice Canceled MASS_CANCELED
  alice OrderMassCancelReport of 1
"""


def shown(event):
    """An event in a few words."""
    words = [event.session or "the venue"]
    if hasattr(event, "exec_type"):
        words.append(event.exec_type)
    elif hasattr(event, "phase"):
        words.append(event.phase)
    else:
        words.append(f"OrderMassCancelReport of {event.total_affected_orders}")
    if event.reason:
        words.append(event.reason)
    if getattr(event, "last_qty", None):
        words.append(f"{event.last_qty} at {event.last_px}")
    return " ".join(words)


@pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])
def test_the_example_shows_what_it_says(reference):
    output = io.BytesIO()
    with EXAMPLE.open("rb") as file:
        Player(new_engine(reference), output).play(file, EXAMPLE.name)
    events = [json_lines.event(line) for line in output.getvalue().splitlines()]
    assert [shown(event) for event in events] == [
        line.strip() for line in SHOWN.splitlines() if line.startswith("  ")
    ]
