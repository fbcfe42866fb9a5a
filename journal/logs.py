"""What a venue and the processes beside it say of themselves: a line an event, as text or as JSON, on standard error
(results on standard output).

Owns the shape of the lines; never called by the hot thread. Over the standard library's logging, below the logger
`pricetime`: a program that embeds a venue adds a handler there, and does not call begin().

    begin("json")                                   # once in a process
    log = Log("snapshots")
    log.say("failed", "no room on the disk", level=ERROR, file=path)

    text    snapshots: no room on the disk
    json    {"ts":"2026-01-02T03:04:05.678901Z","level":"error","component":"snapshots","event":"failed","message":"no
            room on the disk","file":"..."}
"""

import argparse
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

Format = Literal["text", "json"]
FORMATS: tuple[str, ...] = get_args(Format)
INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR
ROOT = logging.getLogger("pricetime")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class TextFormatter(logging.Formatter):
    """As a person reads it: the line, with the component before it where it is not the venue's own."""

    def format(self, record: logging.LogRecord) -> str:
        component = getattr(record, "component", "")
        return f"{component}: {record.getMessage()}" if component and component != "venue" else record.getMessage()


class JsonFormatter(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": record.levelname.lower(),
            "component": getattr(record, "component", record.name),
            "event": getattr(record, "event", "message"),
            "message": record.getMessage(),
        } | getattr(record, "fields", {})
        return _encode(line).decode()


class StreamHandler(logging.Handler):
    """On standard output (results) or standard error (all else), whatever these are now. Where that is gone nothing is
    said, and nobody stumbles over it."""

    def __init__(self, results: bool) -> None:
        super().__init__()
        self._results = results

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "result", False) == self._results:
            with suppress(OSError, ValueError):
                print(self.format(record), file=sys.stdout if self._results else sys.stderr, flush=True)


def begin(form: str = "text") -> None:
    """Say everything in this form from now on."""
    for old in [held for held in ROOT.handlers if isinstance(held, StreamHandler)]:
        ROOT.removeHandler(old)
    for results in (True, False):
        handler = StreamHandler(results)
        handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
        ROOT.addHandler(handler)
    ROOT.setLevel(INFO)
    ROOT.propagate = False


def form_now() -> str:
    """The form that was begun last in this process."""
    forms = [held.formatter for held in ROOT.handlers if isinstance(held, StreamHandler)]
    return "json" if forms and isinstance(forms[-1], JsonFormatter) else "text"


def add_argument(parser: argparse.ArgumentParser) -> None:
    """--log-format, the same everywhere."""
    parser.add_argument("--log-format", choices=FORMATS, default="text",
                        help="what is said of the run: lines of text (the default) or JSON, one object a line")


class Log:
    """One component's. Fields are plain values; what JSON lacks is said as its text."""

    def __init__(self, component: str) -> None:
        self.component = component
        self._logger = ROOT.getChild(component.replace(" ", "_"))

    def say(self, event: str, line: str, *, level: int = INFO, **fields: Any) -> None:
        """One event: `event` is its kind, `line` what a person reads."""
        self._log(level, event, line, False, fields)

    def result(self, event: str, line: str, **fields: Any) -> None:
        """What a program was started for: on standard output."""
        self._log(INFO, event, line, True, fields)

    def _log(self, level: int, event: str, line: str, result: bool, fields: dict[str, Any]) -> None:
        extra = {"component": self.component, "event": event, "fields": fields, "result": result}
        self._logger.log(level, "%s", line, extra=extra)
