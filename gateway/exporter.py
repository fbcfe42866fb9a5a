"""A venue's counters for Prometheus, over HTTP, in a process of its own: `pricetime exporter`, or beside a venue where
venue.toml has an [exporter].

    venue's hot thread ──► DIR/stat ──► exporter ◄──HTTP── Prometheus

Reads the page at each scrape and keeps nothing. Owns the names of the metrics; docs/operating.md lists them.
"""

import argparse
import importlib.util
import ipaddress
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pricetime.gateway.stat_page import BOUNDS
from pricetime.gateway.stats import COUNTER_HELP, DURATION_HELP, Durations, Reading, StatReader
from pricetime.journal import companion, logs
from pricetime.journal.companion import Companion
from pricetime.matching.errors import UserError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

LISTEN = "127.0.0.1:9464"
PORT_MAX = 65_535
# Every second of the 32 steps of an octave would be 448 series a histogram: two an octave, from 64 ns to 17 s.
BUCKETS = range(64, len(BOUNDS), 16)
LOG = logs.Log("exporter")


def parse_listen(text: str, name: str) -> tuple[str, int]:
    """Address and port. UserError."""
    host, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        good = port.isascii() and port.isdigit() and int(port) <= PORT_MAX
    except ValueError:
        good = False
    if not good:
        raise UserError(f"{name}: found {text!r}, expected ADDRESS:PORT, such as {LISTEN} or [::1]:9464")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Collector:
    """What prometheus_client asks at each scrape."""

    def __init__(self, reader: StatReader) -> None:
        self._reader = reader

    def collect(self) -> Iterable[Any]:
        """Every metric of the page as it is now; where there is none, `pricetime_up` 0 alone."""
        from prometheus_client import metrics_core as core

        try:
            reading = self._reader.read()
        except UserError:
            yield core.GaugeMetricFamily("pricetime_up", "1 while the venue's thread moves", 0.0)
            return
        up = float(reading.state == "runs")
        yield core.GaugeMetricFamily("pricetime_up", "1 while the venue's thread moves", up)
        yield from positions(core, reading)
        for name, value in reading.counters.items():
            what = f"{COUNTER_HELP.get(name, name)}, since the start"
            yield core.CounterMetricFamily(f"pricetime_{name}", what, value)
        refused = core.CounterMetricFamily("pricetime_refused_by_reason", "records refused, by reason, since the start",
                                           labels=["reason"])
        for reason, value in reading.refused.items():
            refused.add_metric([reason], value)
        yield refused
        handshakes = core.CounterMetricFamily("pricetime_handshakes_refused",
                                              "handshakes refused at endpoints with CURVE, by reason, since the start",
                                              labels=["reason"])
        for reason, value in reading.handshakes.items():
            handshakes.add_metric([reason], value)
        yield handshakes
        for name, durations in reading.durations.items():
            yield core.HistogramMetricFamily(f"pricetime_{name}_seconds", DURATION_HELP[name],
                                             buckets=buckets_of(durations), sum_value=durations.sum / 1e9)


def positions(core: Any, reading: Reading) -> Iterable[Any]:
    """Gauges: which run, and how far it is."""
    yield core.GaugeMetricFamily("pricetime_run", "number of this start of the venue", reading.run)
    yield core.GaugeMetricFamily("pricetime_start_time_seconds", "when it was started, UTC", reading.started / 1e9)
    yield core.GaugeMetricFamily("pricetime_appended_sequence", "the last command appended", reading.appended)
    yield core.GaugeMetricFamily("pricetime_committed_sequence", "the last command committed", reading.committed)
    yield core.GaugeMetricFamily("pricetime_connections", "connections that are logged on", reading.connections)


def buckets_of(durations: Durations) -> list[tuple[str, float]]:
    """Cumulated counts at bounds that are exact here, the last one +Inf."""
    cumulated = np.concatenate(([0], np.cumsum(durations.counts)))
    bounds = [(f"{int(BOUNDS[bucket]) / 1e9:.9g}", float(cumulated[bucket])) for bucket in BUCKETS]
    return [*bounds, ("+Inf", float(cumulated[-1]))]


def serve(directory: str | os.PathLike[str], listen: str) -> "tuple[WSGIServer, threading.Thread, str]":
    """Answer scrapes in a thread, from now on; the server, its thread and its URL. UserError."""
    host, port = parse_listen(listen, "--listen")
    check_prometheus()
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(StatReader(directory)))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise UserError(f"cannot listen on {listen}: {(error.strerror or str(error)).lower()}; stop the program that "
                        "has it, or choose another port") from None
    shown = f"[{host}]" if ":" in host else host
    return server, thread, f"http://{shown}:{server.server_port}/metrics"


def check_prometheus() -> None:
    """UserError where this Python has no prometheus_client."""
    if importlib.util.find_spec("prometheus_client") is None:
        raise UserError("this Python has no prometheus-client; pip install 'pricetime[prometheus]'")


# -------------------------------------------------------------------------------------------- beside a venue


class ExporterProcess(Companion):
    """The venue's side of an exporter that runs beside it."""

    def __init__(self, directory: str | os.PathLike[str], listen: str) -> None:
        super().__init__("exporter", __name__, [str(Path(directory).absolute()), "--listen", listen],
                         without="nothing is exported")


def main(arguments: list[str] | None = None) -> int:
    """The process. Never comes back while the venue runs, but where it cannot listen."""
    parser = argparse.ArgumentParser(prog="pricetime.gateway.exporter")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--listen", default=LISTEN)
    given = companion.begin(parser, arguments)
    try:
        _, thread, url = serve(given.directory, given.listen)
    except UserError as error:
        LOG.say("failed", str(error), level=logs.ERROR)
        return 1
    LOG.say("listening", f"metrics on {url}", url=url)
    thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
