"""`pricetime match` and `convert` as a user meets them: input, output, exit status, one clear line for a mistake."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flow import both_engines, play

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec
from pricetime.matching.records import Reason

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "auction.jsonl"
NEW = (
    '{"MsgType":"NewOrderSingle","Session":"%s","ClOrdID":%d,"Symbol":"%s","Side":"Buy",'
    '"OrdType":"Limit","Price":%s,"OrderQty":1}\n'
)
STARTED = """\
{"MsgType":"VenueStart","Run":1}
{"MsgType":"PartyDefinition","Participant":"firm"}
{"MsgType":"SessionDefinition","SessionName":"alice","Participant":"firm","Rights":["Trade","Operate"],"CancelOnDisconnect":true}
{"MsgType":"SecurityDefinition","Symbol":"BAD","TickSize":-1}
{"MsgType":"SecurityDefinition","Symbol":"ACME","TickSize":0.01,"LotSize":1}
{"MsgType":"Logon","Session":"alice","SessionName":"alice","TransactTime":1000}
{"MsgType":"TradingSessionStatus","Session":"alice","ClOrdID":1,"Symbol":"ACME","Phase":"Continuous"}
{"MsgType":"NewOrderSingle","Session":"alice","ClOrdID":2,"Symbol":"ACME","Side":"Buy","OrdType":"Limit","Price":1.01,"OrderQty":1,"TransactTime":900}
{"MsgType":"NewOrderSingle","Session":"alice","ClOrdID":2,"Symbol":"ACME","Side":"Buy","OrdType":"Limit","Price":1.01,"OrderQty":1}
{"MsgType":"Disconnect","Session":"alice","TransactTime":2000}
"""


def pricetime(*arguments, input="", cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "pricetime", *map(str, arguments)],
        input=input,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
    )


def match(tmp_path, text, *options):
    return pricetime("match", *options, input=text, cwd=tmp_path)


def events_of(result):
    return [json_lines.event(line) for line in result.stdout.splitlines()]


def test_a_file_or_standard_input_in_events_out(tmp_path):
    from_file, from_input = pricetime("match", EXAMPLE, cwd=tmp_path), match(tmp_path, EXAMPLE.read_text())
    assert from_file.returncode == from_input.returncode == 0
    assert from_file.stdout == from_input.stdout
    assert from_file.stderr == from_input.stderr
    assert from_file.stderr.startswith("sequence 16, digest ")
    trades = [event for event in events_of(from_file) if getattr(event, "exec_type", None) == "Trade"]
    assert [str(trade.last_px) for trade in trades] == ["100.5"] * len(trades)


def test_both_engines_print_the_same(tmp_path):
    fast, reference = (
        pricetime("match", EXAMPLE, cwd=tmp_path),
        pricetime("match", "--reference", EXAMPLE, cwd=tmp_path),
    )
    assert (fast.stdout, fast.stderr) == (reference.stdout, reference.stderr)


@pytest.mark.parametrize(
    "bad, error",
    [
        ("{", "line 2: not JSON"),
        ('{"MsgType":"Order"}', 'line 2: MsgType: found "Order"'),
        (NEW % ("alice", 2, "ACME", '"x"'), 'line 2: Price: found "x", expected a number'),
        (NEW % ("alice", 2, "ACME", "0.000000001"), "line 2: Price: found 1E-9, expected at most 8 decimals"),
        ('{"MsgType":"Heartbeat","Session":"alice"}', "line 2: MsgType: found Heartbeat, expected a command"),
        (
            '{"MsgType":"Clock","TransactTime":1,"Sequence":99}',
            "line 2: Sequence: found 99, expected 5, which is the next one, or none",
        ),
        (
            '{"MsgType":"KillSwitch","Participant":"alise","On":true}',
            "line 2: Participant: found 'alise', expected a participant that is defined: KillSwitch defines no name",
        ),
        ('{"MsgType":"RiskLimits","Participant":"x","MaxOpenOrders":5}', "line 2: Participant: found 'x', expected a"),
        (
            '{"MsgType":"RiskLimits","Participant":"alice","Symbol":"x","MaxOpenOrders":5}',
            "line 2: Symbol: found 'x', expected a symbol that is defined: RiskLimits defines no name, define it first",
        ),
        ('{"MsgType":"PositionAdjust","Participant":"x","Symbol":"ACME","Position":1}', "line 2: Participant: found"),
        ('{"MsgType":"PositionAdjust","Participant":"alice","Symbol":"x","Position":1}', "line 2: Symbol: found 'x'"),
        (
            '{"MsgType":"OrderMassCancelRequest","Session":"alice","ClOrdID":2,"Symbol":"x"}',
            "line 2: Symbol: found 'x', expected a symbol that is defined",
        ),
        (
            '{"MsgType":"OrderMassCancelRequest","Session":"alice","ClOrdID":2,"TargetSession":"x"}',
            "line 2: TargetSession: found 'x', expected a session that is defined",
        ),
        ('{"MsgType":"Record","Lines":"AA=="}', "line 2: Lines: found 1 bytes"),
    ],
)
def test_a_bad_line_ends_the_run_with_one_line_after_the_events_before_it(tmp_path, bad, error):
    result = match(tmp_path, NEW % ("alice", 1, "ACME", "1") + bad)
    assert result.returncode == 2
    assert len(events_of(result)) == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("pricetime match: standard input, ") and error in line


def test_a_price_off_the_tick_reaches_the_engine(tmp_path):
    definition = '{"MsgType":"SecurityDefinition","Symbol":"ACME","PriceScale":2,"TickSize":0.05,"LotSize":1}\n'
    [event] = events_of(match(tmp_path, definition + NEW % ("alice", 1, "ACME", "1.01")))
    assert (event.exec_type, event.reason) == ("Rejected", "PRICE_OFF_TICK")


def test_a_refused_definition_says_which_field_on_standard_error(tmp_path):
    limits = '{"MsgType":"RiskLimits","Participant":"firm","MaxPosition":5}\n'
    result = match(tmp_path, STARTED + limits)
    refusals = [event.reason for event in events_of(result) if isinstance(event, m.BusinessMessageReject)]
    assert (result.returncode, refusals) == (0, ["TICK_INVALID", "DUPLICATE_CL_ORD_ID", "LIMIT_INVALID"])
    tick, limit, end = result.stderr.splitlines()
    where = "standard input, line"
    assert tick == f"{where} 4: SecurityDefinition refused: TickSize: found -1, expected more than 0 (TICK_INVALID)"
    assert limit == (
        f"{where} 11: RiskLimits refused: MaxPosition: found 5, expected none, or a symbol beside it (LIMIT_INVALID)"
    )
    assert end.startswith("sequence ")


def test_a_notional_limit_of_no_instruments_currency_is_told_on_standard_error(tmp_path):
    defined = ('{"MsgType":"PartyDefinition","Participant":"firm"}\n'
               '{"MsgType":"SecurityDefinition","Symbol":"ACME","Currency":"EUR","TickSize":1,"LotSize":1}\n')
    limits = '{"MsgType":"RiskLimits","Participant":"firm"%s}\n'
    given = [
        ',"Currency":"EUR","MaxGrossNotional":7', ',"Currency":"EURO","MaxGrossNotional":7', ',"MaxOrderNotional":7',
        ',"Currency":"EURO","MaxGrossNotional":null', ',"MaxOpenOrders":7', ',"Symbol":"ACME","MaxOrderNotional":7',
    ]
    result = match(tmp_path, defined + "".join(limits % text for text in given))
    *told, end = result.stderr.splitlines()
    wanted = "expected a currency that an instrument has: 'EUR'"
    assert told == [
        f"standard input, line 4: Currency: found 'EURO', {wanted}; MaxGrossNotional holds nothing back so far",
        f"standard input, line 5: Currency: missing, {wanted}; MaxOrderNotional holds nothing back so far",
    ]
    assert (result.returncode, end.startswith("sequence ")) == (0, True)


def test_a_duplicate_is_one_reject_with_the_mark(tmp_path):
    _, event = events_of(match(tmp_path, NEW % ("alice", 5, "ACME", "1") + NEW % ("alice", 4, "ACME", "1")))
    assert (event.reason, event.mark, event.cl_ord_id) == ("DUPLICATE_CL_ORD_ID", 5, 4)


def test_strict_defines_nothing(tmp_path):
    result = match(tmp_path, NEW % ("alice", 1, "ACME", "1"), "--strict")
    assert result.returncode == 2
    assert (
        "line 1: Symbol: found 'ACME', expected a symbol that is defined (define it first, or leave out --strict)"
        in result.stderr
    )


def test_a_missing_file_is_one_line(tmp_path):
    result = pricetime("match", "none.jsonl", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "pricetime match: cannot read none.jsonl: No such file or directory\n"


def test_a_digest_that_differs_is_exit_status_1(tmp_path):
    text = NEW % ("alice", 1, "ACME", "1") + '{"MsgType":"EventDigest","Digest":"%s"}' % ("0" * 32)
    result = match(tmp_path, text)
    assert result.returncode == 1 and len(events_of(result)) == 1
    assert "line 2: " in result.stderr and "digest" in result.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    text = "".join(NEW % ("alice", number, "ACME", "1") for number in range(1, 20_000))
    file = tmp_path / "in.jsonl"
    file.write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "pricetime", "match", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), errors) == (0, b"")


@both_engines
def test_a_refused_definition_leaves_the_names_as_the_engine_has_them(reference):
    events, player = play(STARTED, reference)
    assert [event.reason for event in events if getattr(event, "reason", None)] == [
        "TICK_INVALID", "DUPLICATE_CL_ORD_ID", "SESSION_DISCONNECTED",
    ]
    assert player.codec.directory.instruments.by_name.keys() == {"ACME"}
    assert player.engine.instrument_id("ACME") == 1


def journaled(records):
    """What a venue's log of these records holds: numbered, the venue's time, nothing that the door turned away.

    The engine after them, the log's bytes, and the events.
    """
    engine, log, told = new_engine(False), [], []
    for record in records:
        record, before = record.copy(), engine.sequence
        events = engine.apply(record)
        if engine.sequence == before + 1:
            record["sequence"][0], record["time"][0], record["checksum"][0] = engine.sequence, engine.time, 0x1234
            log.append(record.tobytes())
            told.append(events)
    return engine, b"".join(log), np.concatenate(told)


def printed_log(engine, log, events):
    """The log as text, with the digest that a writer would journal at its end."""
    low, high = engine.event_digest
    digest = {"MsgType": "EventDigest", "Digest": f"{high:016x}{low:016x}", "Sequence": engine.sequence + 1}
    return json_lines.dumps(Codec().decode(log, events)).decode() + json.dumps(digest) + "\n"


@both_engines
def test_what_log_prints_is_taken_as_it_is(reference):
    codec = Codec()
    lines = [json_lines.command(line) for line in STARTED.splitlines() if "BAD" not in line]
    engine, log, told = journaled([codec.encode(line) for line in lines])
    printed = printed_log(engine, log, told)
    assert '"MsgType":"Record"' not in printed
    events, player = play(printed, reference)
    assert events == Codec(player.codec.directory).events(told)
    assert (player.engine.sequence, player.engine.event_digest) == (engine.sequence + 1, engine.event_digest)
    assert player.engine.time == engine.time == 2000


@both_engines
def test_a_log_with_refused_definitions_and_what_uses_them_is_taken_as_it_is(reference):
    """A client that believed in a refused definition: the codec here does, too."""
    codec = Codec()
    lines = [json_lines.command(line) for line in STARTED.splitlines()]
    refused = next(number for number, line in enumerate(lines) if getattr(line, "symbol", None) == "BAD")
    logon = next(number for number, line in enumerate(lines) if isinstance(line, m.Logon))
    early = json_lines.command(NEW % ("alice", 1, "BAD", "1"))
    lines = [*lines[:refused], lines[logon], lines[refused], early]
    engine, log, told = journaled([codec.encode(line) for line in lines])
    assert Reason.UNKNOWN_INSTRUMENT in told["reason"]
    events, player = play(printed_log(engine, log, told), reference)
    assert [event.sequence for event in events] == told["sequence"].tolist()
    assert player.engine.event_digest == engine.event_digest


SSE = """\
seq,time,phase,action,order_id,side,price_x10000,qty,kind
10,09:15:00.030,P,N,88,S,519000,100,LIMIT
20,09:30:00.100,C,N,99,B,519000,100,MARKETABLE
"""


def test_convert_sse_takes_plain_and_gz_and_match_takes_it_strictly(tmp_path):
    (tmp_path / "1.SH.input.csv").write_text(SSE)
    (tmp_path / "2.SH.input.csv.gz").write_bytes(gzip.compress(SSE.encode()))
    plain = pricetime("convert", "sse", "1.SH.input.csv", cwd=tmp_path)
    packed = pricetime("convert", "sse", "2.SH.input.csv.gz", "--symbol", "1.SH", cwd=tmp_path)
    assert plain.returncode == 0 and plain.stdout == packed.stdout
    events = events_of(match(tmp_path, plain.stdout, "--strict"))
    trades = [(event.cl_ord_id, str(event.last_px)) for event in events if getattr(event, "exec_type", None) == "Trade"]
    assert trades == [(10, "51.9"), (20, "51.9")]


@pytest.mark.parametrize(
    "text, error",
    [
        ("seq,time\n", "line 1: found 'seq,time', expected seq,time,phase"),
        (SSE + "30,09:30:00.200,C,C,77,B,1,1,LIMIT\n", "line 4: found '30,"),
        (SSE + "30,soon,C,N,77,B,1,1,LIMIT\n", "line 4: found '30,soon"),
    ],
)
def test_convert_names_the_line_that_is_wrong(tmp_path, text, error):
    (tmp_path / "in.csv").write_text(text)
    result = pricetime("convert", "sse", "in.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(f"pricetime convert: in.csv, {error}") and result.stderr.count("\n") == 1


def test_convert_lobster_needs_its_orderbook_file(tmp_path):
    (tmp_path / "A_message.csv").write_text("1.0,1,1,1,1,1\n")
    result = pricetime("convert", "lobster", "A_message.csv", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (
        2, "pricetime convert: cannot read A_orderbook.csv: No such file or directory\n",
    )
