"""Turn published order flow into JSON Lines commands on standard output, for `match`, `demo --flow` and `bench --flow`.

sse      a day of the Shanghai Stock Exchange: SECURITY.input.csv, plain or .gz
lobster  a LOBSTER message file, its orderbook file beside it (…message.csv, …orderbook.csv), plain or .gz

docs/convert.md has the columns of both.
"""

import argparse
import gzip
import itertools
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TextIO, TypeVar

from pricetime.gateway import convert_lobster, convert_sse, json_lines
from pricetime.gateway import messages as m
from pricetime.matching.errors import UserError

BLOCK_MESSAGES = 4096

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", choices=("sse", "lobster"))
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--date", type=date.fromisoformat, help="the day, YYYY-MM-DD (default: that of the published samples)"
    )
    parser.add_argument("--symbol", help="the instrument's name (default: what the file's name begins with)")
    parser.add_argument(
        "--utc-offset", type=int, default=convert_lobster.UTC_OFFSET_HOURS, metavar="HOURS",
        help="lobster: the exchange's clock against UTC (default: %(default)s, New York in summer)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Commands on standard output. UserError naming file and line where the input is not what it should be."""
    convert = sse if arguments.source == "sse" else lobster
    for block in blocks(convert(arguments)):
        sys.stdout.buffer.write(json_lines.dumps(block))
    sys.stdout.buffer.flush()
    return 0


def sse(arguments: argparse.Namespace) -> Iterator[m.Command]:
    symbol = arguments.symbol or arguments.file.name.split(".input")[0]
    converter = convert_sse.Converter(symbol, arguments.date or convert_sse.DATE)
    with open_text(arguments.file) as file:
        yield from named(arguments.file, converter.messages(file))


def lobster(arguments: argparse.Namespace) -> Iterator[m.Command]:
    file, symbol = arguments.file, arguments.symbol or arguments.file.name.split("_")[0]
    if "message" not in file.name:
        raise UserError(f"{file}: expected a LOBSTER message file, its name with 'message' in it")
    if not -24 < arguments.utc_offset < 24:
        raise UserError(f"--utc-offset {arguments.utc_offset}: expected hours, -23 to 23")
    book_file = file.with_name(file.name.replace("message", "orderbook"))
    with open_text(book_file) as book:
        first_book = next(named(book_file, book), "")
    converter = convert_lobster.Converter(symbol, arguments.date or convert_lobster.DATE, arguments.utc_offset)
    with open_text(file) as lines:
        yield from named(file, converter.messages(lines, first_book))


def open_text(path: Path) -> TextIO:
    """A file as text, unpacked where its name ends in .gz."""
    try:
        return gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def named(path: Path, items: Iterable[T]) -> Iterator[T]:
    """The messages or lines, errors with the file's name."""
    try:
        yield from items
    except (UserError, UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise UserError(f"{path}, {error}") from None


def blocks(messages: Iterable[m.Command]) -> Iterator[list[m.Command]]:
    """The messages in lists of bounded length."""
    messages = iter(messages)
    while block := list(itertools.islice(messages, BLOCK_MESSAGES)):
        yield block
