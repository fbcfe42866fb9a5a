"""docs/json-lines.md as data: its sections, and the examples in them."""

from pathlib import Path

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "json-lines.md").read_text()


def sections():
    """(kind, MsgType, text) of each section of the page."""
    commands, events = PAGE.split("\n## Events\n")
    for kind, part in (("command", commands), ("event", events)):
        for text in part.split("\n### ")[1:]:
            yield kind, text.split()[0], text


def examples(kind=None):
    return [
        (section_kind, tag, line)
        for section_kind, tag, text in sections()
        for line in text.split("```")[1].splitlines()[1:]
        if kind in (None, section_kind)
    ]
