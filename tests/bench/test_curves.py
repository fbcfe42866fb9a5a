"""Percentiles mean what HdrHistogram means by them, and its tools read the files."""

from pathlib import Path

import numpy as np
import pytest

from pricetime.bench import curves
from pricetime.matching.errors import UserError

hdrh = pytest.importorskip("hdrh.histogram")
PERCENTILES = (0.01, 1, 25, 50, 90, 99, 99.9, 99.99, 100)


def samples(seed: int = 1, count: int = 20_000) -> np.ndarray:
    random = np.random.Generator(np.random.PCG64(seed))
    return np.exp(random.normal(9, 1.5, count)).astype(np.int64) + 1


def taken(*parts: np.ndarray) -> curves.Curve:
    return curves.curve("gateway/open/10000", "open", "10,000/s", parts or (samples(),))


def test_percentiles_are_hdrhistograms_own() -> None:
    own, theirs = taken(), hdrh.HdrHistogram(curves.LOWEST, curves.HIGHEST, curves.FIGURES)
    for value in samples().tolist():
        theirs.record_value(value)
    assert [own.at(p) for p in PERCENTILES] == [theirs.get_value_at_percentile(p) for p in PERCENTILES]


def test_a_value_is_kept_to_three_significant_figures() -> None:
    values = np.unique(samples())
    kept = curves.rounded(values)
    assert (kept >= values).all()
    assert ((kept - values) / values < 0.001).all()
    small = np.arange(1, 2_000)
    assert (curves.rounded(small) == small).all()


def test_a_curve_has_the_samples_of_all_repeats() -> None:
    parts = samples(1, 500), samples(2, 700)
    assert taken(*parts).total == 1_200


@pytest.mark.parametrize(("percentile", "expected"), [(1, 1), (50, 50), (99, 99), (99.1, 100), (100, 100)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percentile: float, expected: int) -> None:
    assert curves.percentile_of(np.arange(100, 0, -1), percentile) == expected


def test_files_are_read_back_by_hdrhistogram(tmp_path: Path) -> None:
    from hdrh.log import HistogramLogReader

    own = taken()
    written = curves.write_hdr(tmp_path / "hdr", [own], 1_700_000_000_000, 1_700_000_060_000)
    assert [path.name for path in written] == ["gateway-open-10000.hgrm", "gateway-open-10000.hlog"]
    empty = hdrh.HdrHistogram(curves.LOWEST, curves.HIGHEST, curves.FIGURES)
    read = HistogramLogReader(str(written[1]), empty).get_next_interval_histogram()
    assert read.get_total_count() == own.total
    assert [read.get_value_at_percentile(p) for p in PERCENTILES] == [own.at(p) for p in PERCENTILES]


def test_the_percentile_file_is_in_microseconds_and_ends_with_the_worst(tmp_path: Path) -> None:
    own = taken()
    written = curves.write_hdr(tmp_path, [own], 0, 1)
    lines = written[0].read_text().splitlines()
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    rows = [line.split() for line in lines[2:] if line and not line.startswith("#")]
    assert float(rows[-1][0]) == pytest.approx(own.at(100) / 1000, abs=0.001)
    assert int(rows[-1][2]) == own.total


def test_without_hdrhistogram_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "hdrh.histogram", None)
    with pytest.raises(UserError, match=r"pip install 'pricetime\[bench\]'"):
        curves.check_hdr()
