"""Worker processes that may be ended: a file that takes too long or kills its worker takes no other file with it."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct, field

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

TIMEOUT = "timeout"
CRASHED = "crashed"

_CHUNK = 32
"""Most tasks sent at once: one message for many small files, few enough that another worker can take the rest."""


MAX_FRAMES = 4_000
"""Deepest Python stack: a name is followed through expressions and modules, 40 steps in each of a few modules."""
_MANY_OBJECTS = 700_000
"""Containers made and not freed since the last look for circles; a syntax tree of 1 MB has about as many."""


class Lost(Struct, Generic[Task], frozen=True):
    """A task whose worker was ended (`timeout`) or died (`crashed`)."""

    task: Task
    why: str
    detail: str


class _Worker(Struct, Generic[Task]):
    process: BaseProcess
    connection: Connection
    since: float
    waiting: deque[Task] = field(default_factory=deque)
    """What it was sent and has not answered."""
    share: deque[Task] = field(default_factory=deque)
    """What it will be sent."""


class _Serve(Struct, Generic[Task, Outcome], frozen=True):
    """What runs in a worker."""

    prepare: Callable[[], Callable[[Task], Outcome]]
    debug: bool

    def __call__(self, connection: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it ends us.
        if not self.debug:
            # The descriptor itself: extension modules write to it, too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.setrecursionlimit(max(MAX_FRAMES, sys.getrecursionlimit()))
        # What a file leaves is taken apart when it is done: to look for circles among a million nodes costs a third
        # of the time. The collector runs between messages instead.
        gc.disable()
        work = self.prepare()
        while True:
            try:
                tasks: list[Task] = connection.recv()
            except (EOFError, OSError):
                return
            for task in tasks:
                connection.send(work(task))
            if gc.get_count()[0] > _MANY_OBJECTS:
                gc.collect()


def run(
    tasks: Sequence[Task],
    prepare: Callable[[], Callable[[Task], Outcome]],
    jobs: int,
    seconds: float,
    debug: bool = False,
) -> Iterator[Outcome | Lost[Task]]:
    """Outcomes in the order in which they come. `prepare` is called once in each worker.

    What `work` or `prepare` raises ends the worker and costs the task. `debug` shows what workers write to standard
    error: their tracebacks hold what they read.
    """
    context = _context()
    serve = _Serve(prepare, debug)
    workers: list[_Worker[Task]] = []
    try:
        count = max(1, min(jobs, len(tasks)))
        # Neighbours go to one worker: they import the same modules, which each worker reads for itself.
        ends = [len(tasks) * number // count for number in range(count + 1)]
        for start, end in pairwise(ends):
            workers.append(_start(context, serve))
            workers[-1].share.extend(tasks[start:end])
        for worker in workers:
            _feed(worker, workers)
        while any(worker.waiting for worker in workers):
            yield from _step(workers, context, serve, seconds)
    finally:
        for worker in workers:
            _end(worker)


def _step(
    workers: list[_Worker[Task]],
    context: BaseContext,
    serve: _Serve[Task, Outcome],
    seconds: float,
) -> Iterator[Outcome | Lost[Task]]:
    busy = [worker for worker in workers if worker.waiting]
    deadline = min(worker.since for worker in busy) + seconds
    ready = set(wait([worker.connection for worker in busy], max(0.0, deadline - time.monotonic())))
    for worker in busy:
        if worker.connection in ready:
            try:
                outcome: Outcome = worker.connection.recv()
            except (EOFError, OSError):
                worker.process.join(1.0)
                detail = f"its reader ended with exit code {worker.process.exitcode}"
                yield _lost(worker, CRASHED, detail)
                _replace(worker, context, serve)
            else:
                worker.waiting.popleft()
                worker.since = time.monotonic()
                yield outcome
        elif time.monotonic() - worker.since >= seconds:
            yield _lost(worker, TIMEOUT, f"reading it took more than {seconds:.0f} seconds")
            _replace(worker, context, serve)
        if not worker.waiting:
            _feed(worker, workers)


def _context() -> BaseContext:
    methods = multiprocessing.get_all_start_methods()
    # NOTE: fork costs 5 ms where spawn imports everything again (200 ms); this process has started no thread.
    return multiprocessing.get_context("fork" if "fork" in methods else "spawn")


def _start(context: BaseContext, serve: _Serve[Task, Outcome]) -> _Worker[Task]:
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)  # type: ignore[attr-defined]
    with _away_from_what_is_judged(context):
        process.start()
    theirs.close()
    return _Worker(process, ours, time.monotonic())


@contextlib.contextmanager
def _away_from_what_is_judged(context: BaseContext) -> Iterator[None]:
    """A Python that is started anew looks for its modules in the current folder first: here it finds its own there."""
    if context.get_start_method() == "fork":
        yield
        return
    here = Path.cwd()
    os.chdir(Path(os.__file__).parent)
    try:
        yield
    finally:
        os.chdir(here)


def _feed(worker: _Worker[Task], workers: Sequence[_Worker[Task]]) -> None:
    """More of its own share; where that is done, from the far end of the largest one."""
    tasks: list[Task] = []
    if worker.share:
        count = max(1, min(_CHUNK, len(worker.share) // 2))
        tasks = [worker.share.popleft() for _ in range(count)]
    else:
        largest = max((one.share for one in workers), key=len)
        count = min(_CHUNK, (len(largest) + 1) // 2)
        tasks = [largest.pop() for _ in range(count)]
    if not tasks:
        return
    worker.waiting.extend(tasks)
    worker.since = time.monotonic()
    with contextlib.suppress(OSError):  # It died: the next wait() finds its end of the pipe closed and says so.
        worker.connection.send(tasks)


def _lost(worker: _Worker[Task], why: str, detail: str) -> Lost[Task]:
    """The task at hand is lost; what stood behind it goes back."""
    task = worker.waiting.popleft()
    worker.share.extendleft(reversed(worker.waiting))
    worker.waiting.clear()
    return Lost(task, why, detail)


def _replace(worker: _Worker[Task], context: BaseContext, serve: _Serve[Task, Outcome]) -> None:
    _end(worker)
    fresh = _start(context, serve)
    worker.process, worker.connection, worker.since = fresh.process, fresh.connection, fresh.since


def _end(worker: _Worker[Task]) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()
