"""The yardstick of what takes commands at given times: memcpy with CRC32C and the bare book, stretch by stretch."""

import numpy as np

from pricetime.bench.drive_pipeline import BarePipeline
from pricetime.bench.flows import Flow


class BareSide:
    """The same of the bare book with memcpy and CRC32C: what machine and clock alone make of it."""

    def __init__(self, flow: Flow) -> None:
        assert flow.bare_fill is not None and flow.bare is not None, "of one instrument"
        self.made = BarePipeline(flow.bare_fill, int(max(flow.bare_fill["id"].max(), flow.bare["id"].max())))
        self.lines, self.bare, self.at = flow.lines, flow.bare, 0

    def latencies(self, rate: int, count: int, warm: int) -> np.ndarray:
        """Nanoseconds of each command, after `warm` that are not counted."""
        part = slice(self.at, self.at + count + warm)
        self.at = part.stop
        return self.made.run(self.lines[part], self.bare[part], 1_000_000_000 // rate)[warm:]
