"""Latencies as a histogram: what a run's samples say at each percentile, and the files that other HDR tools read.

A Curve keeps each latency to three significant figures, as HdrHistogram does, so that millions of samples are a few
thousand numbers. Owns the percentiles and the files; how samples are taken is the suites'. The files want the package
hdrhistogram, nothing else does.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pricetime.matching.errors import UserError

SUB_BUCKETS = 2048              # three significant figures: HdrHistogram's own number
LOWEST, HIGHEST, FIGURES = 1, 3_600_000_000_000, 3      # nanoseconds: up to an hour
SCALE = 1000.0                  # .hgrm files are in microseconds
WORST = 100                     # the percentile that is the worst of all


def room(count: int) -> np.ndarray:
    """An int64 array for so many latencies, none taken yet. Its pages are there: the first store to one that the system
    has still to give would be counted as the venue's."""
    return np.full(count, -1, np.int64)


@dataclass(frozen=True)
class Curve:
    """Latencies in nanoseconds, all repeats of a figure together: `values` ascending, how often each in `counts`.

    group: curves of one plot; label: what it is called there; yardstick: it is what others stand beside.
    """

    name: str
    group: str
    label: str
    values: np.ndarray
    counts: np.ndarray
    yardstick: bool = False

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def at(self, percentile: float) -> int:
        """The least latency that so many percent of all do not exceed."""
        return at_percentile(self.values, self.counts, percentile)


def curve(name: str, group: str, label: str, samples: Iterable[np.ndarray], yardstick: bool = False) -> Curve:
    """Of the samples of all repeats."""
    values, counts = np.unique(rounded(np.concatenate(list(samples))), return_counts=True)
    return Curve(name, group, label, values, counts, yardstick)


def rounded(latencies: np.ndarray) -> np.ndarray:
    """To three significant figures: the highest value that falls into the same bucket of an HdrHistogram."""
    values = np.maximum(latencies.astype(np.int64), LOWEST)
    exponent = np.frexp(values.astype(np.float64))[1]               # number of bits
    shift = np.maximum(exponent - (SUB_BUCKETS.bit_length() - 1), 0).astype(np.int64)
    return np.where(shift > 0, ((values >> shift) + 1 << shift) - 1, values)


def at_percentile(values: np.ndarray, counts: np.ndarray, percentile: float) -> int:
    """HdrHistogram's meaning: the least value at or below which so many percent of the samples lie."""
    total = int(counts.sum())
    wanted = min(max(math.ceil(total * percentile / 100 - 1e-9), 1), total)
    return int(values[np.searchsorted(np.cumsum(counts), wanted)])


def percentile_of(latencies: np.ndarray, percentile: float) -> int:
    """The same of raw samples."""
    ordered = np.sort(latencies)
    return int(ordered[min(max(math.ceil(len(ordered) * percentile / 100 - 1e-9), 1), len(ordered)) - 1])


def percentile_name(percentile: float) -> str:
    """`p50`, `p99.9`; the worst is `max`."""
    return "max" if percentile == WORST else f"p{percentile:g}"


# ------------------------------------------------------------------------------------------ files of other tools

def check_hdr() -> Any:
    """The module of the package hdrhistogram, before anything is measured in vain."""
    try:
        import hdrh.histogram
        import hdrh.log
    except ImportError:
        raise UserError("--hdr: the package hdrhistogram is not installed; pip install 'pricetime[bench]'") from None
    return hdrh


def histogram(taken: Curve) -> Any:
    """As hdrhistogram has it."""
    found = check_hdr().histogram.HdrHistogram(LOWEST, HIGHEST, FIGURES)
    for value, count in zip(taken.values.tolist(), taken.counts.tolist(), strict=True):
        found.record_value(value, count)
    return found


def write_hdr(directory: Path, curves: Sequence[Curve], began_ms: int, ended_ms: int) -> list[Path]:
    """NAME.hgrm (percentiles in microseconds) and NAME.hlog (the histogram in nanoseconds, one interval) for each
    curve; `/` in a name becomes `-`."""
    hdrh = check_hdr()
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for taken in curves:
            stem = taken.name.replace("/", "-")
            found = histogram(taken)
            found.set_start_time_stamp(began_ms)
            found.set_end_time_stamp(ended_ms)
            with (directory / f"{stem}.hgrm").open("wb") as file:
                found.output_percentile_distribution(file, SCALE)
            with (directory / f"{stem}.hlog").open("w", encoding="utf-8") as log:
                writer = hdrh.log.HistogramLogWriter(log)
                writer.output_comment(f"[pricetime bench: {taken.name}, nanoseconds]")
                writer.output_log_format_version()
                writer.output_legend()
                writer.output_interval_histogram(found)
            written += [directory / f"{stem}.hgrm", directory / f"{stem}.hlog"]
    except OSError as error:
        raise UserError(f"--hdr {directory}: {error.strerror}; name a directory that can be written") from error
    return written
