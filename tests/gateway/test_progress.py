"""What long work says of itself at a terminal, and that it says nothing elsewhere."""

import io

import pytest

from pricetime.gateway.cli import progress
from pricetime.journal.replay import Replayed


@pytest.mark.parametrize(("commands", "expected", "line"), [
    (250, 1000, " 25%  250 commands, 3 trades, 125 commands/s, 6 s left"),
    (1000, 1000, "100%  1,000 commands, 3 trades, 500 commands/s, 0 s left"),
    (1001, 1000, "1,001 commands, 3 trades, 500 commands/s"),
    (250, 0, "250 commands, 3 trades, 125 commands/s"),
    (0, 1000, "0 commands, 3 trades, 0 commands/s"),
])
def test_the_share_of_the_whole_and_the_time_left(commands, expected, line):
    assert progress.told(Replayed(commands, 2 * commands, 3, 2.0), expected) == line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_it_is_for_terminals_and_leaves_an_empty_line(monkeypatch, stream):
    shown = stream()
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(progress.sys, "stderr", shown)
    with progress.ReplayProgress(1000) as said:
        said(Replayed(500, 0, 0, 1.0))
    expected = "\r\x1b[K 50%  500 commands, 0 trades, 500 commands/s, 1 s left \r\x1b[K" if stream is Terminal else ""
    assert shown.getvalue() == expected
