"""What only the log can answer, in threads of their own: asked here, answered through a callback on the desk's thread.

Two threads, which read beside the desk (the engine and the scan run without the GIL): one for reports, which remembers
where it was, one for commands. Of one session one question at a time.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pricetime.gateway.desk.history import History

QUESTIONS_MAX = 64          # asked and not answered
Found = TypeVar("Found")
Done = Callable[[], None]


class Past:
    """bell: a descriptor that is readable when answered() has something to do. executor: makes a thread that has a
    name."""

    def __init__(self, directory: Path, executor: Callable[[int, str], Executor] = ThreadPoolExecutor) -> None:
        self.history = History(directory)
        self._reports = executor(1, "reports")
        self._commands = executor(1, "commands")
        self._asking: set[int] = set()
        self._done: deque[Done] = deque()
        self.bell, self._ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def is_asked(self, session: int) -> bool:
        """Whether a question of this session is under way, or there are too many of others."""
        return session in self._asking or len(self._asking) >= QUESTIONS_MAX

    def ask_reports(self, session: int, question: Callable[[], Found],
                    then: Callable[[Found | Exception], None]) -> None:
        """Ask the thread that has `history`. then(what it returned or raised) is called by answered()."""
        self._ask(self._reports, session, question, then)

    def ask_commands(self, session: int, question: Callable[[], Found],
                     then: Callable[[Found | Exception], None]) -> None:
        """Ask the other thread."""
        self._ask(self._commands, session, question, then)

    def _ask(self, pool: Executor, session: int, question: Callable[[], Found],
             then: Callable[[Found | Exception], None]) -> None:
        self._asking.add(session)

        def hand_over(future: Future[Found]) -> None:
            error = future.exception()
            result = future.result() if error is None else error

            def done() -> None:
                self._asking.discard(session)
                if isinstance(result, BaseException) and not isinstance(result, Exception):
                    raise result
                then(result)

            self._done.append(done)
            with suppress(BlockingIOError):     # full of rings: heard all the same
                os.write(self._ring, b"!")

        pool.submit(question).add_done_callback(hand_over)

    def answered(self) -> bool:
        """Hand over what was found; whether anything was."""
        with suppress(BlockingIOError):
            os.read(self.bell, 4096)
        some = bool(self._done)
        while self._done:
            self._done.popleft()()
        return some

    def close(self) -> None:
        """End the threads, when they have answered."""
        self._reports.shutdown(cancel_futures=True)
        self._commands.shutdown(cancel_futures=True)
        os.close(self.bell)
        os.close(self._ring)
