"""Playing JSON Lines through an engine in this process, as `pricetime match` does."""

import argparse
import contextlib
import io
from collections.abc import Iterable
from pathlib import Path

import pytest

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.cli import convert
from pricetime.gateway.cli import match as match_command
from pricetime.gateway.cli.match import Player, new_engine

both_engines = pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])


def play(
    text: bytes | str | Iterable[m.Command], reference: bool = False, strict: bool = False
) -> tuple[list[m.Event], Player]:
    """The events of some JSON Lines (text or commands), and the player with its engine."""
    if not isinstance(text, (bytes, str)):
        text = json_lines.dumps(text)
    output = io.BytesIO()
    player = Player(new_engine(reference), output, strict)
    player.play(io.BytesIO(text.encode() if isinstance(text, str) else text), "test")
    return [json_lines.event(line) for line in output.getvalue().splitlines()], player


def match(commands: Iterable[m.Command], file: Path, reference: bool = False) -> list[m.Event]:
    """What `pricetime match FILE` prints for these commands, which are put into `file` first."""
    file.write_bytes(json_lines.dumps(commands))
    parser = argparse.ArgumentParser()
    match_command.add_arguments(parser)
    arguments = parser.parse_args([str(file), *(["--reference"] if reference else [])])
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())) as output,
        contextlib.redirect_stderr(io.StringIO()),
    ):
        assert match_command.run(arguments) == 0
    return [json_lines.event(line) for line in output.buffer.getvalue().splitlines()]


def converted(source: str, file: Path) -> list[m.Command]:
    """The commands that `pricetime convert` makes of a file."""
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    return list(getattr(convert, source)(parser.parse_args([source, str(file)])))
