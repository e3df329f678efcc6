"""A worker that is ended or dies takes one task with it, and no other."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path

from examined import law
from msgspec.structs import replace

from mlgate import workers
from mlgate.base import Base
from mlgate.question import Question
from mlgate.sides import WORK_TREE, Sides


def _squares() -> Callable[[int], int]:
    def work(task: int) -> int:
        if task == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == 17:
            signal.pause()
        return task * task

    return work


def test_every_task_has_one_outcome_whatever_the_number_of_jobs() -> None:
    for jobs in (1, 2, 5):
        outcomes = list(workers.run(range(10), _squares, jobs, 30.0))
        assert sorted(outcomes) == [number * number for number in range(10)]  # type: ignore[type-var]


def test_a_dead_worker_loses_its_task_alone() -> None:
    outcomes = list(workers.run(range(16), _squares, 2, 30.0))
    lost = [outcome for outcome in outcomes if isinstance(outcome, workers.Lost)]
    assert [(one.task, one.why) for one in lost] == [(13, workers.CRASHED)]
    assert sorted(o for o in outcomes if isinstance(o, int)) == [n * n for n in range(16) if n != 13]


def test_a_task_beyond_its_time_is_lost_alone() -> None:
    outcomes = list(workers.run(range(14, 20), _squares, 2, 0.5))
    lost = [outcome for outcome in outcomes if isinstance(outcome, workers.Lost)]
    assert [(one.task, one.why) for one in lost] == [(17, workers.TIMEOUT)]
    assert sorted(o for o in outcomes if isinstance(o, int)) == [n * n for n in range(14, 20) if n != 17]


def test_no_task_needs_no_worker() -> None:
    assert list(workers.run([], _squares, 4, 1.0)) == []


def test_what_a_worker_is_told_reaches_one_that_is_started_anew(tmp_path: Path) -> None:
    """Windows has no fork; how progress is shown stays with whoever shows it."""
    question = Question(str(tmp_path), ("a.py",), {}, "2026-11-23", progress=lambda done, of: None)
    sides = Sides(question, str(tmp_path), None, law(), Base(None, "no base"), {"a.py": ("M", "a.py")})
    sides.project(WORK_TREE)
    sent = pickle.loads(pickle.dumps(sides))
    assert sent.question == replace(question, progress=None)
    assert (sent.root, sent.base, sent.changes) == (sides.root, sides.base, sides.changes)
    assert sent.law.digest == sides.law.digest
