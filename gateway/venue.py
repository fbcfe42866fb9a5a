"""A venue: its log, its engine, its sockets and the thread that runs the loop over them. Starting and stopping is all
that is here.

Start: configuration, sockets bound, the state of the newest good snapshot and the log behind it, the configuration
rehearsed on that, then the log locked and recovered, VenueStart, then what venue.toml says and the state does not, all
journaled as session 0; then the processes beside it. Stop, in reverse: the loop answers what waits, the last
digest, the log closed.
"""

import importlib.util
import os
import secrets
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import zmq
from msgspec.structs import asdict

from pricetime.gateway import messages as m
from pricetime.gateway.authenticator import Door
from pricetime.gateway.change_notes import Before, definition_name, definition_note, key_note
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import FILE_NAME, Config, drop_copy_endpoints_of, endpoints_of, load
from pricetime.gateway.decoder import PHASE_NAMES
from pricetime.gateway.definitions import differences, unnamed
from pricetime.gateway.desk.process import DeskProcess
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.process import DropCopyProcess
from pricetime.gateway.exporter import ExporterProcess, check_prometheus
from pricetime.gateway.field_checks import shown
from pricetime.gateway.internal import SECRET
from pricetime.gateway.keyring import (
    Keyring,
    check_public_keys,
    key_differences,
    keyring_of,
    save,
    unnamed_keys,
)
from pricetime.gateway.log_storage import LogStorage
from pricetime.gateway.loop import Loop
from pricetime.gateway.rehearsal import rehearse
from pricetime.gateway.schedule import phase_commands
from pricetime.gateway.security import KEYS_FOLDER, VENUE_NAME, keep_venue_pair, venue_pair
from pricetime.gateway.sockets import PrivateEndpoint, bound_router
from pricetime.gateway.stat_page import STAT_NAME, StatPage
from pricetime.gateway.steward import STEWARD_ENDPOINT, Charge, Steward, say
from pricetime.gateway.times import utc
from pricetime.gateway.zmq_transport import ZmqTransport
from pricetime.journal import snapshot
from pricetime.journal.companion import Companion
from pricetime.journal.directory import LOG_FOLDER, lock
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import Reader
from pricetime.journal.recovery import recover
from pricetime.journal.replay import replay
from pricetime.journal.restoration import restore
from pricetime.journal.snapshotter import Policy, SnapshotProcess
from pricetime.journal.writer import Writer
from pricetime.matching import records
from pricetime.matching.engine import Engine, scatter_ids, touch
from pricetime.matching.errors import UserError


class Venue:
    """A venue on a directory that has a venue.toml, or on a directory and a configuration. It runs from start() to
    stop().

    notes: lines for the operator: what recovery cut, what was defined. run: number of this start. endpoints: as bound;
    curve_endpoints: those of them with CURVE. door: who is let in there; None: there are none. keys: what the log says
    of keys; None where venue.toml has no use for any. desk: what keeps the desk there, once started. codec: knows the
    names of all that is defined. engine and loop: not to be touched while the loop runs. believe_clock: the operator's
    word for a clock that is further ahead of the log than venue.toml allows. UserError: an occupied port, a bad
    configuration, a locked, damaged or unwritable log, such a clock.
    """

    def __init__(self, source: str | Path, config: Config | None = None, *, believe_clock: bool = False) -> None:
        path = Path(source)
        if config is not None and not isinstance(config, Config):
            raise UserError(f"config: found {shown(config)}, expected what pricetime.gateway.config.convert() gives")
        file = path / FILE_NAME if path.is_dir() else path
        self.config = load(file) if config is None else config
        self.directory = path if path.is_dir() or config is not None else path.parent
        self.notes: list[str] = []
        self.engine = new_engine()
        self._believe_clock = believe_clock
        self._name = str(file) if config is None else FILE_NAME
        self.codec = Codec()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._writer: Writer | None = None
        self._snapshots: SnapshotProcess | None = None
        self.desk: DeskProcess | None = None
        self._private: PrivateEndpoint | None = None
        self.keys: Keyring | None = None
        self.door: Door | None = None
        self._secret = secrets.token_bytes(SECRET)
        self._steward: Steward | None = None
        self._beside: list[Companion] = []
        self._stat: StatPage | None = None
        self._context = zmq.Context()
        self._router: zmq.Socket[bytes] | None = None
        try:
            self._open()
        except BaseException:
            self._close()
            raise

    def _open(self) -> None:
        venue = self.config.venue
        listed = endpoints_of(self.config)
        curve = [place for place, endpoint in enumerate(listed) if endpoint.curve]
        with_curve = curve or any(endpoint.curve for endpoint in drop_copy_endpoints_of(self.config))
        self._pair = venue_pair(self.directory) if with_curve else None
        self.door = Door(say) if curve else None
        self._refuse_locked()       # first: to bind an ipc endpoint takes it away from the venue that has it
        try:
            self._private = PrivateEndpoint()
            self._router, self.endpoints = bound_router(
                self._context, [endpoint.address for endpoint in listed], curve, self._pair[1] if self._pair else b"",
                own=[STEWARD_ENDPOINT, self._private.address],
            )
        except UserError:
            self._refuse_locked()   # who writes this log has the port, too: that says more
            raise
        self.curve_endpoints = [self.endpoints[place] for place in curve]
        self._refuse_snapshots_alone()
        if self.config.log.pack_after:
            check_packing()
        if self.config.exporter:
            check_prometheus()
        rehearsed = self._rehearse()
        if rehearsed is None:
            self._mend()
        self._refuse_clock()
        log = self.config.log
        self._writer = Writer(self.directory, segment_bytes=log.segment_mib << 20, durability=log.durability)
        self._replay(self._writer.recovered.last_sequence)
        self.notes[:0] = self._writer.recovered.notes
        self._recall_keys()
        if rehearsed != self.engine.sequence:       # it was cut since, or could not be read before
            rehearse(self.config, self.engine, self._name)
        self._stat = self._stat_page()
        if self.door is not None:
            self.door.refusals.show_on(self._stat)
        self.loop = Loop(
            self.engine,
            ZmqTransport(self._router, b"" if self.door is None else self.door.prefix.encode()),
            LogStorage(self._writer, self._stat),
            stat=self._stat,
            clock=venue.clock,
            clock_ahead_seconds=venue.clock_ahead_seconds,
            digest_every=venue.digest_every,
            max_connections=venue.max_connections,
            heartbeat_timeout_ms=venue.heartbeat_timeout_ms,
            messages_per_second=self.config.limits.messages_per_second,
            orders_per_second=self.config.limits.orders_per_second,
            before_logon_per_second=self.config.limits.before_logon_per_second,
            secret=self._secret,
            keys=None if self.door is None else self.door.table,
            local=len(curve) < len(listed),
        )
        self._start_run()
        self._stat.begin(self.run)
        self._define()
        touch(self.engine)

    def _stat_page(self) -> StatPage:
        """Where the hot thread counts. A venue without the file runs as well."""
        try:
            return StatPage(self.directory)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self.notes.append(f"{self.directory / STAT_NAME}: {why}: `pricetime stat` will not see this run")
            return StatPage()

    def _refuse_locked(self) -> None:
        """UserError with the process that writes this log, where there is one. Nothing is written."""
        folder = self.directory / LOG_FOLDER
        if folder.is_dir():
            os.close(lock(folder))

    def _refuse_clock(self) -> None:
        """UserError where the machine's clock is too far ahead of the log: what it stamps cannot be taken back."""
        bound, now = self.config.venue.clock_ahead_seconds, time.time_ns()
        if (self._believe_clock or not bound or self.config.venue.clock != "machine" or not self.engine.time
                or now - self.engine.time <= bound * 1_000_000_000):
            return
        raise UserError(f"the machine's clock says {utc(now)}, the log ends at {utc(self.engine.time)}: expected at "
                        f"most clock_ahead_seconds = {bound} between them; set the clock, or, where it is right, "
                        "begin once with --believe-clock")

    def _refuse_snapshots_alone(self) -> None:
        """UserError where the log is gone and snapshots of it are not: nobody wants that venue to begin anew."""
        found, folder = snapshot.paths(self.directory), self.directory / LOG_FOLDER
        if found and not (folder.is_dir() and any(folder.iterdir())):
            raise UserError(f"{found[0]}: a snapshot, but {folder} has no segment; restore the log, or, for a new one, "
                            f"move {found[0].parent} away")

    def _rehearse(self) -> int | None:
        """A configuration that the engine would refuse leaves nothing on the disk: no folder, segment or command.

        The command up to which the log was read for it; None where it could not be read before it is recovered."""
        if (self.directory / LOG_FOLDER).exists():
            try:
                self._restore(SEQUENCE_MAX)
            except UserError:   # locked, damaged, of another version: the writer says what it is, and what to do
                self.engine = new_engine()
                self.notes.clear()
                return None
        rehearse(self.config, self.engine, self._name)
        if self.engine.sequence and self.config.key:
            self._read_keys()
        return self.engine.sequence

    def _mend(self) -> None:
        """The log could not be read as it was: it is recovered, and its state there, before a segment is begun."""
        recovered = recover(self.directory)
        self._replay(recovered.last_sequence)
        self.notes[:0] = recovered.notes

    def _replay(self, last_sequence: int) -> None:
        """What the log has and the engine has not, up to a command: the writer may have cut what a reader saw."""
        if self.engine.sequence > last_sequence:
            self.engine = new_engine()
            self.notes.clear()
        if not self.engine.sequence and last_sequence:
            self._restore(last_sequence)
        elif self.engine.sequence < last_sequence:
            self._apply(Reader(self.directory, from_sequence=self.engine.sequence + 1, until_sequence=last_sequence))

    def _restore(self, last_sequence: int) -> None:
        """The state up to a command: of the newest good snapshot, and of the log behind it."""
        restored = restore(self.directory, new_engine, until_sequence=last_sequence)
        self.engine = restored.engine
        self.notes += restored.notes
        if restored.snapshot is not None:
            self.notes.append(f"loaded {restored.snapshot.path}, behind command {restored.snapshot.sequence}")
        self._apply(restored.reader)

    def _apply(self, reader: Reader) -> None:
        """Commands that the log has."""
        replayed = replay(reader, self.engine)
        if replayed.commands:
            self.notes.append(f"replayed {replayed.commands} commands in {replayed.seconds:.2f} s")

    @property
    def run(self) -> int:
        """Number of this start of the venue."""
        return self.engine.run

    @property
    def public_key(self) -> bytes | None:
        """What clients of its endpoints with CURVE know this venue by (Z85); None where it has none."""
        return None if self._pair is None else self._pair[0]

    @property
    def running(self) -> bool:
        """Whether the loop runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def snapshot_process(self) -> SnapshotProcess | None:
        """The process that makes snapshots by the policy of venue.toml, once started; None: none is wanted."""
        return self._snapshots

    @property
    def beside(self) -> list[Companion]:
        """The exporter and the drop copy that run beside it, once started, where venue.toml wants them."""
        return self._beside

    def _start_run(self) -> None:
        """VenueStart: every session is disconnected. The pool of orders is sized by the first one only."""
        capacity = 0 if self.engine.run else self.config.venue.order_capacity
        self._journal(
            m.VenueStart(run=self.engine.run + 1, rules_version=records.RULES_VERSION, order_capacity=capacity)
        )

    def _define(self) -> None:
        """Journal what the configuration says and the state does not."""
        self.codec.directory.load(self.engine)
        before = Before(self.engine)
        for definition in differences(self.config, self.engine):
            note = definition_note(definition, before)
            self._journal(definition)
            self.notes.append(note)
        self.notes += unnamed(self.config, self.engine)
        if plain := [endpoint for endpoint in self.endpoints if endpoint not in self.curve_endpoints]:
            self.notes.append(f"without CURVE, so for this machine only: {' '.join(plain)}")
        self._define_keys()
        self._open_day()

    def _recall_keys(self) -> None:
        """The keys that the log gave, where anybody may come in by one; the venue's own pair, where it is new."""
        if self._pair is not None and self._pair[2]:
            keep_venue_pair(self.directory, *self._pair[:2])
            self.notes.append(f"made {self.directory / KEYS_FOLDER / VENUE_NAME}.secret: this venue's own key")
        if self._pair is not None or self.config.key:
            self._read_keys()

    def _read_keys(self) -> None:
        """The keys as of the engine's last command; UserError where [[key]] cannot be carried out on them."""
        if self.keys is None or self.keys.sequence != self.engine.sequence:
            self.keys = keyring_of(self.directory, self.engine.sequence)
        check_public_keys(self.config, self.keys, self._name)

    def _define_keys(self) -> None:
        """Journal what [[key]] says and the log does not, and let in whom both say."""
        if self.keys is None:
            return
        sessions = {name: session.id for name, session in self.codec.directory.sessions.by_name.items()}
        names, known = {id: name for name, id in sessions.items()}, set(self.keys.keys)
        for definition in key_differences(self.config, self.keys, sessions):
            name = definition.key_name or ""
            before = self.keys.keys.get(name) if name in known else None    # one that is new is so for all its sessions
            self._journal(definition)
            record = self.codec.encode(definition).copy()
            record["sequence"][0] = self.engine.sequence
            self.keys.take(record.tobytes())
            self.notes.append(key_note(definition, before, self.keys.keys.get(name), names))
        self.notes += [*unnamed_keys(self.config, self.keys), *self.keys.take_notes()]
        save(self.keys, self.directory)
        self.loop.keep_keys({name: key.public for name, key in self.keys.keys.items()})
        if self._pair is not None:
            self.notes.append(f"public key of this venue: {self._pair[0].decode()} (keys/{VENUE_NAME}.public)")
        if self.door is not None:
            self.door.admit(self.keys)

    def _open_day(self) -> None:
        """Journal the phases that stand by the schedule, where instruments are in others."""
        self._scheduled = max(time.time_ns(), self.engine.time)     # a clock that is behind the log may be set right
        for command, note in phase_commands(self.config.schedule, self.engine.instruments, self._scheduled):
            self._journal(command)
            self.notes.append(note)
        self._instruments = self.engine.instruments

    def _journal(self, command: m.Command) -> None:
        try:
            self.loop.journal(self.codec.encode(command))
        except UserError as error:
            raise UserError(f"{definition_name(command)}: {error}; mend it in {FILE_NAME}") from None
        except RuntimeError as error:
            raise UserError(f"{definition_name(command)}: refused: {error}; mend it in {FILE_NAME}") from None
        except OSError as error:
            raise UserError(f"{self.directory}: cannot write the log: {error.strerror}; make room") from None

    def start(self) -> Self:
        """Run the loop in a thread of its own, without the GIL, and the processes beside it that venue.toml wants."""
        if self._thread is not None:
            raise RuntimeError("a venue runs once")
        log = self.config.log
        policy = Policy(**asdict(self.config.snapshot), pack_after=log.pack_after, prune=log.prune)
        if policy.wanted:
            self._snapshots = SnapshotProcess(self.directory, policy)
        if self.config.exporter:
            self._beside.append(ExporterProcess(self.directory, self.config.exporter.listen))
        if self.config.drop_copy:
            wanted, listed = self.config.drop_copy, drop_copy_endpoints_of(self.config)
            self._beside.append(DropCopyProcess(
                self.directory, [entry.address for entry in listed if not entry.curve],
                [entry.address for entry in listed if entry.curve],
                Bounds(events=wanted.events, connections=wanted.connections, replays=wanted.replays)))
        self._start_desk()
        if self.door is not None and self._router is not None:
            self.door.open(self._context, self._router, self.curve_endpoints)
        self._thread = threading.Thread(target=self._run, name="venue", daemon=True)
        self._thread.start()
        if self.keys is not None or self.config.schedule.entries:
            symbols = {int(row["id"]): row["name"].decode() for row in self._instruments}
            phases: dict[int, str] = {int(row["id"]): PHASE_NAMES[int(row["phase"])] for row in self._instruments}
            charge = Charge(
                self.loop, self.directory, self.config.schedule, symbols, phases, self._scheduled, self.keys, self.door
            )
            self._steward = Steward(self._context, STEWARD_ENDPOINT, self._secret, charge)
            self._steward.start()
        return self

    def _start_desk(self) -> None:
        """The process that answers what takes time, now or when it is first asked."""
        if self._private is not None:
            wanted = None if self.config.desk.start == "always" else lambda: self.loop.desk_wanted
            self.desk = DeskProcess(
                self.directory, self._private.address, self._secret, self.config.desk.reports, wanted
            )  # fmt: skip

    def _run(self) -> None:
        try:
            self.loop.run()
        except BaseException as error:  # noqa: BLE001  handed to whoever stops the venue
            self._failure = error

    def wait(self, seconds: float) -> bool:
        """Wait until the loop has ended, at most so long; whether it has."""
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.running

    def stop(self) -> None:
        """Answer what waits, close the log, the sockets and all. Raises what had ended the loop, if anything had."""
        if self._steward is not None:
            self._steward.end()
        if self._thread is not None:
            self.loop.stop()
            self._thread.join()
        failure, self._failure = self._failure, None
        try:
            if failure is None and self._writer is not None:
                self.loop.journal_digest()
            self._close(broken=failure is not None)
        finally:
            if failure is not None:
                raise failure

    def _close(self, broken: bool = False) -> None:
        if self.desk is not None:
            self.desk.end()
        if self.door is not None:
            self.door.close()
        writer, self._writer = self._writer, None
        router, self._router = self._router, None
        if router is not None:
            router.close()
        self._context.term()
        if self._private is not None:
            self._private.remove()
        try:
            if writer is not None and broken:
                writer.abandon()  # a log is closed cleanly only by a venue whose invariants hold
            elif writer is not None:
                writer.close()
        finally:
            if self._snapshots is not None:
                self._snapshots.end()
            for companion in self._beside:
                companion.end()
            if self._stat is not None:
                self._stat.end(None if broken else self.engine.sequence)

    def __del__(self) -> None:
        """Nobody stopped it, and it never ran: the context would wait for its socket for ever. The log has no mark of a
        clean end then."""
        if (router := getattr(self, "_router", None)) is not None:
            router.close(linger=0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def check_packing() -> None:
    """UserError where segments are to be packed and cannot be."""
    if importlib.util.find_spec("zstandard") is None:
        raise UserError("[log] pack_after: this Python has no zstandard; pip install 'pricetime[pack]', or leave the "
                        "key out")


def new_engine() -> Engine:
    """An engine whose tables no client can foresee."""
    engine = Engine()
    scatter_ids(engine, secrets.randbits(64))
    return engine
