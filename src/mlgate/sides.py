"""The files of both sides of a change, examined: each side is answered from its own tree, by one law."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from mlgate import discover, whole
from mlgate.base import Base
from mlgate.cache import Cache
from mlgate.cascade import Here
from mlgate.git.repository import Git
from mlgate.law import Law, reexports
from mlgate.limits import FILE_SECONDS
from mlgate.model import Finding, Kind, Result, Source
from mlgate.question import Question
from mlgate.trees import CommitTree, WorkTree
from mlgate.whole import Whole

# What takes files apart is imported where one is: in a work tree that did not change, none is.
if TYPE_CHECKING:
    from mlgate.examine import Examiner
    from mlgate.modules import Modules
    from mlgate.project import Repository, Tree
    from mlgate.reexports import Reexports

WORK_TREE = ""
"""The side that is judged; any other side is a commit."""


class Task(Struct, frozen=True):
    """One file of one side. `data` is None for a file of the work tree: the worker reads it itself."""

    side: str
    path: str
    entry: discover.Entry | None = None
    kind: Kind = Kind.TEXT
    data: bytes | None = None


class Sides(Struct):
    question: Question
    root: str
    git: Git | None
    law: Law
    base: Base
    changes: dict[str, tuple[str, str]]
    """Path → (status, path at the base) of everything that differs from the base; empty without one."""
    _work_tree: WorkTree | None = None
    _trees: dict[str, Tree] = field(default_factory=dict)
    _projects: dict[str, Repository] = field(default_factory=dict)
    _reexports: dict[str, Reexports] = field(default_factory=dict)
    _name: list[str | None] = field(default_factory=list)
    """`owner/name` once somebody asked."""
    _ref: list[str | None] = field(default_factory=list)
    """`refs/heads/…` once somebody asked."""
    _modules: Modules | None = None
    """Shared by the sides: an equal module is parsed once."""

    def __reduce__(self) -> tuple[type[Sides], tuple[object, ...]]:
        """For a worker that is started anew, as on Windows: what was found out so far is found out there again."""
        told = replace(self.question, progress=None)
        return Sides, (told, self.root, self.git, self.law, self.base, self.changes)

    def at(self, commit: str, paths: Iterable[str]) -> list[Finding]:
        tasks: list[Task] = []
        found: list[Result] = []
        for one in discover.sources_at(self._git(), commit, paths):
            if isinstance(one, Source):
                tasks.append(Task(commit, one.path, None, one.kind, one.data))
            else:
                found.append(self.examiner(commit).problem(one.path, one.name, one.detail))
        found += self.examined(tasks)
        return [finding for result in sorted(found, key=lambda result: result.path) for finding in result.findings]

    def examined(self, tasks: Iterable[Task], *, is_whole: bool = False) -> list[Result]:
        """Results in any order; a file that cost its worker is judged as such.

        `is_whole`: the tasks are all the files of the work tree. What was found in the very same one before is kept.
        """
        waiting = list(tasks)
        if not waiting:
            return []
        place = self.question.cache if is_whole and all(task.entry is not None for task in waiting) else None
        state = None if place is None else self._state(place)
        known = None if state is None else state.load()
        if known is not None:
            return known
        results, is_sure = self._run(waiting)
        # What changed while it was looked at is neither this state nor that.
        if place is not None and state is not None and is_sure and self._state(place) == state:
            state.keep(results, self.law.detectors)
        return results

    def _state(self, place: Path) -> Whole:
        here = Here(repository=self.repository(), branch=self.branch())
        return whole.state(place, self.disk().inventory(), self.git, self.law, here)

    def _run(self, waiting: Sequence[Task]) -> tuple[list[Result], bool]:
        """Results, and whether they tell of the files alone: a time-out tells of the machine, too."""
        # Before there is a second process, which would import it again.
        import mlgate.examine  # noqa: F401
        from mlgate import workers

        # What each of them would ask git for itself. Without git it is a walk through folders, however many there are.
        self.repository()
        self.branch()
        if self.git is not None:
            self.disk().inventory()
        prepare = _Prepare(self)
        results: list[Result] = []
        is_sure = True
        debug = bool(self.question.environment.get("MLGATE_DEBUG"))
        for outcome in workers.run(waiting, prepare, self.question.jobs, FILE_SECONDS, debug):
            if isinstance(outcome, workers.Lost):
                task, is_sure = outcome.task, False
                data = task.data if task.data is not None else self.tree(task.side).read(task.path)
                results.append(self.examiner(task.side).problem(task.path, outcome.why, outcome.detail, data or b""))
            else:
                results.append(outcome)
            if self.question.progress is not None:
                self.question.progress(len(results), len(waiting))
        return results, is_sure

    def tree(self, side: str) -> Tree:
        if side not in self._trees:
            if side == WORK_TREE:
                self._trees[side] = self.disk()
            elif side == self.base.commit:
                self._trees[side] = CommitTree(self._git(), side, self.disk(), self.changes)
            else:
                self._trees[side] = CommitTree(self._git(), side)
        return self._trees[side]

    def _git(self) -> Git:
        assert self.git is not None
        return self.git

    def disk(self) -> WorkTree:
        if self._work_tree is None:
            self._work_tree = WorkTree(self.root, self.git)
        return self._work_tree

    def project(self, side: str) -> Repository:
        from mlgate.modules import Modules
        from mlgate.project import Repository

        if side not in self._projects:
            if self._modules is None:
                self._modules = Modules(self.law.vocabulary)
            self._projects[side] = Repository(self.tree(side), self._modules, self.reexports(side))
        return self._projects[side]

    def reexports(self, side: str) -> Reexports:
        if side not in self._reexports:
            tree = self.tree(side)
            self._reexports[side] = reexports(self.law, tree.read, tree.paths())
        return self._reexports[side]

    def examiner(self, side: str) -> Examiner:
        from mlgate.examine import Examiner

        cache = Cache(self.question.cache)
        here = Here(repository=self.repository(), branch=self.branch())
        return Examiner(self.law, self.project(side), self.reexports(side), cache, _day(self.question.date), here)

    def repository(self) -> str | None:
        if not self._name:
            self._name.append(self.git.repository() if self.git else None)
        return self._name[0]

    def branch(self) -> str | None:
        """What the change goes into; where nobody says, the branch at hand."""
        if self.base.branch is not None:
            return self.base.branch
        ref = self.ref()
        return ref.removeprefix("refs/heads/") if ref else None

    def ref(self) -> str | None:
        if not self._ref:
            self._ref.append(self.git.ref() if self.git else None)
        return self._ref[0]


class _Prepare:
    """What each worker sets up for itself: connections and projects do not cross processes."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides

    def __call__(self) -> Callable[[Task], Result]:
        examiners: dict[str, Examiner] = {}
        sides = self.sides

        def work(task: Task) -> Result:
            examiner = examiners.get(task.side)
            if examiner is None:
                examiner = examiners[task.side] = sides.examiner(task.side)
            if task.data is not None:
                return examiner.examine(Source(task.path, task.kind, task.data, task.side))
            assert task.entry is not None
            if sides.question.stdin is not None:
                return examiner.examine(discover.source(task.path, sides.question.stdin[1], "stdin"))
            read = next(discover.read(sides.root, [task.entry], sides.git))
            if isinstance(read, discover.Unread):
                return examiner.problem(read.path, read.name, read.detail)
            return examiner.examine(read)

        return work


def _day(date: str) -> int:
    """A number that grows with the date: good enough to tell old cache entries from new ones."""
    return int(date.replace("-", ""))
