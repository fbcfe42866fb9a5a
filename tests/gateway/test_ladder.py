"""The demo's ladder: fits the terminal, whatever its size."""

import io
import re

import commands as c
import pytest

from pricetime.gateway.demo import ladder
from pricetime.gateway.demo.ladder import Ladder, layout_for
from pricetime.matching.engine import Engine


class Terminal(io.StringIO):
    """Remembers what was drawn on it."""

    def isatty(self) -> bool:
        return True


def drawn(columns: int, rows: int, monkeypatch) -> list[str]:
    """The lines of one drawing of four full books, without colours."""
    out = Terminal()
    drawer = Ladder("nowhere", out)
    drawer.engine = engine = Engine()
    c.apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1))
    c.apply(engine, *(c.define_instrument(id, f"I{id}", c.terms_line(price_scale=2)) for id in range(1, 5)))
    number = 0
    for instrument in range(1, 5):
        for distance in range(1, 21):
            number += 2
            c.apply(engine, c.new(1, number, instrument, c.BUY, 10**6 * distance, 10_000 - distance),
                    c.new(1, number + 1, instrument, c.SELL, 10**6 * distance, 10_000 + distance))
    monkeypatch.setattr(drawer, "room", lambda: (columns, rows))
    drawer.draw()
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", out.getvalue()).split("\n")


@pytest.mark.parametrize(("columns", "rows"), [(200, 60), (100, 40), (80, 24), (72, 12), (60, 24), (40, 10), (30, 8)])
def test_no_line_wraps_and_nothing_scrolls(columns, rows, monkeypatch):
    lines = drawn(columns, rows, monkeypatch)
    assert len(lines) <= rows and max(map(len, lines)) <= columns
    assert any("100.01" in line for line in lines) and any("99.99" in line for line in lines)


def test_a_usual_terminal_shows_four_books():
    assert layout_for(80, 24) == ladder.Layout(beside=2, below=2, width=38, levels=4)


def test_a_dumb_terminal_and_a_file_are_not_drawn_on(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not ladder.can_draw(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert ladder.can_draw(Terminal()) and not ladder.can_draw(io.StringIO())
