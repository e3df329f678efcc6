"""The gate: everything that a run looks at, on both sides, and the report that comes of it."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mlgate import (
    authority,
    base,
    codeowners,
    decide,
    discover,
    globs,
    governing,
    kept,
    newness,
    passed_through,
    waiving,
)
from mlgate.cache import Cache
from mlgate.cascade import Bundle, Here, in_force
from mlgate.errors import MlgateError
from mlgate.git.processes import find_root, is_committing
from mlgate.git.repository import Git
from mlgate.governance import Change, enforcement, policies
from mlgate.kinds import kind_of_name
from mlgate.law import Law, derive, reexports
from mlgate.model import (
    Asset,
    AssetCount,
    Finding,
    Kind,
    Level,
    Report,
    Run,
    Source,
    Summary,
    WaiverCount,
)
from mlgate.policy import Loaded, Pins
from mlgate.question import Question
from mlgate.screen_key import screen_key
from mlgate.sides import WORK_TREE, Sides, Task
from mlgate.trees import Memory
from mlgate.versions import is_dependency_file

if TYPE_CHECKING:
    from mlgate.project import Repository

Thing = TypeVar("Thing")


def check(question: Question) -> Report:
    """Raises MlgateError for what keeps mlgate from judging: exit code 2."""
    return check_with_law(question)[0]


def check_with_law(question: Question) -> tuple[Report, Bundle, str]:
    """The report, what judged, and the root of the repository."""
    root = _root(question)
    git = Git(root, question.environment) if find_root(root) == root else None
    chosen = base.choose(question.base, question.environment, git, _committing(root, git, question.environment))
    changes = git.changes(chosen.commit) if git is not None and chosen.commit is not None else {}
    judge = _authority(question, root, git, chosen, changes)
    law = derive(judge.bundle, question.only, question.cache)
    # What judges is what is on disk and pinned: the screen that `quick` will ask for, by the same words.
    if question.cache is not None and not question.only and judge.proposal is None and judge.loaded.is_settled:
        _keep_screen(root, question.policy or "", law, question.cache)
    sides = Sides(question, root, git, law, chosen, changes)
    return _Check(sides, judge).report(), judge.bundle, root


def findings_under(question: Question, loaded: Loaded) -> tuple[Finding, ...]:
    """Everything that the rules and parameters of `loaded` find in the work tree, whatever policy is there."""
    root = _root(question)
    git = Git(root, question.environment) if find_root(root) == root else None
    law = derive(loaded.bundle, question.only, question.cache)
    sides = Sides(question, root, git, law, base.Base(None, ""), {})
    return _Check(sides, authority.Authority(loaded.bundle, loaded)).findings()


def findings_of_commit(question: Question, commit: str) -> tuple[Finding, ...]:
    """Everything that today's policy finds in the files of a commit; the cache knows every content by itself."""
    root = _root(question)
    git = Git(root, question.environment)
    judge = authority.on_disk(question.policy, Path(root), _pins(question))
    law = derive(judge.bundle, question.only, question.cache)
    return tuple(Sides(question, root, git, law, base.Base(None, ""), {}).at(commit, git.tree(commit)))


def _authority(
    question: Question, root: str, git: Git | None, chosen: base.Base, changes: Mapping[str, tuple[str, str]]
) -> authority.Authority:
    pins = _pins(question)
    if git is None or chosen.commit is None:
        return authority.on_disk(question.policy, Path(root), pins)
    changed = {path for new, (_, old) in changes.items() for path in (new, old)}
    return authority.of_change(question.policy, Path(root), pins, git, chosen, changed)


def _pins(question: Question) -> Pins:
    return Pins(question.bundles or question.cache, question.environment, documents=question.cache)


def _keep_screen(root: str, policy: str, law: Law, place: Path) -> None:
    """For `quick`, under the name by which it will ask."""
    key = screen_key(root, policy)
    if key is None:
        return
    file = place / f"screen-{key}.json"
    if not file.exists():
        kept.keep(file, law.screen)


def _root(question: Question) -> str:
    if question.repository is not None:
        root = Path(question.folder, question.repository).resolve()
        if not root.is_dir():
            raise MlgateError(f"--repo {question.repository}: no such folder; name the root of the repository")
        return str(root)
    here = find_root(question.folder) or os.path.realpath(question.folder)
    places = [os.path.realpath(Path(question.folder, path)) for path in question.paths]
    if not places or question.stdin is not None or any(_is_below(place, here) for place in places):
        return here
    # Somebody looks at another repository from where they stand: theirs is the one that is named.
    first = places[0] if Path(places[0]).is_dir() else str(Path(places[0]).parent)
    there = find_root(first) or first
    return there if all(_is_below(place, there) for place in places) else here


def _is_below(place: str, root: str) -> bool:
    return place == root or place.startswith(root.rstrip(os.sep) + os.sep)


def _committing(root: str, git: Git | None, environment: Mapping[str, str]) -> bool:
    return git is not None and is_committing(root, environment)


class _Check(Struct):
    sides: Sides
    judge: authority.Authority

    @property
    def question(self) -> Question:
        return self.sides.question

    @property
    def root(self) -> str:
        return self.sides.root

    @property
    def git(self) -> Git | None:
        return self.sides.git

    @property
    def law(self) -> Law:
        return self.sides.law

    @property
    def base(self) -> base.Base:
        return self.sides.base

    @property
    def changes(self) -> Mapping[str, tuple[str, str]]:
        return self.sides.changes

    def findings(self) -> tuple[Finding, ...]:
        """Of everything that is looked at, before anything is decided."""
        inventory = self._inventory()
        results = self.sides.examined(self._tasks(inventory), is_whole=inventory.is_whole)
        return tuple(finding for result in sorted(results, key=lambda one: one.path) for finding in result.findings)

    def report(self) -> Report:
        inventory = self._inventory()
        results = self.sides.examined(self._tasks(inventory), is_whole=inventory.is_whole)
        if self.changes:
            wider = self._whose_answers_differ(inventory)
            results += self.sides.examined(Task(WORK_TREE, entry.path, entry) for entry in wider)
        results.sort(key=lambda result: result.path)
        findings = [finding for result in results for finding in result.findings]
        statuses = self._statuses(findings, frozenset(result.path for result in results))
        Cache(self.question.cache).trim()
        passed = self._passed_through(findings)
        findings += passed
        statuses += (decide.NEW,) * len(passed)
        run = self._run()
        context = self._context(run, frozenset(result.path for result in results))
        waivers = waiving.counts(self.law.bundle, findings, decide.here(context), context.elsewhere)
        governed = self._governed(waivers)
        findings += [finding for finding, _ in governed]
        statuses += tuple(status for _, status in governed)
        decisions = decide.decide(findings, statuses, self.law.bundle, context)
        return Report(
            run=run,
            policies=in_force(self.law.bundle, run.repository, context.branch),
            rules=self.law.rules,
            decisions=decisions,
            assets=_counted(asset for result in results for asset in result.assets),
            summary=Summary(
                files=len(results),
                cells=sum(result.cells for result in results),
                skipped=sum(result.unread for result in results),
            ),
            waivers=waivers,
        )

    def _passed_through(self, findings: Sequence[Finding]) -> list[Finding]:
        """Secrets that commits of the change added and took out again."""
        base, head = self.base.commit, self.git.head() if self.git else None
        if self.git is None or base is None or head is None or base == head or not self.law.vocabulary.secrets:
            return []
        found = passed_through.blobs(self.git, base, head)
        if not found:
            return []
        from mlgate.examine import Examiner
        from mlgate.project import Repository

        rules = {id_: rule for id_, rule in self.law.rules.items() if id_.startswith(passed_through.SECRETS)}
        # What a file says of its project decides nothing about a secret: no other file is asked for.
        here = Here(repository=self.sides.repository(), branch=self.sides.branch())
        examiner = Examiner(
            replace(self.law, rules=rules),
            Repository(Memory({})),
            reexports(self.law, lambda path: None),
            Cache(None),
            0,
            here,
        )
        known = {(one.rule, one.canonical) for one in (*findings, *self.sides.at(base, {blob.path for blob in found}))}

        def examine(sources: Iterable[Source]) -> Iterator[Finding]:
            for source in sources:
                yield from examiner.examine(source).findings

        return list(passed_through.findings(self.git, found, examine, known))

    # -- the checks themselves

    def _governed(self, waivers: Sequence[WaiverCount]) -> list[tuple[Finding, str]]:
        """Findings on policies, waivers and enforcement, each with its status."""
        changes: dict[Change, str] = {}
        if self.base.commit is not None:
            changes = dict.fromkeys(self._changes_to_checks(), decide.NEW)
        own = self.judge.loaded.files
        told = policies.stale(waivers, frozenset(own), policies.home_of(own), is_whole=self._is_whole())
        for change, count in told:
            changes[change] = decide.EXISTING if self._was_stale(count) else decide.NEW
        if not changes:
            return []
        examiner = self.sides.examiner(WORK_TREE)
        base = self.sides.tree(self.base.commit).read if self.base.commit is not None else lambda path: None
        found = []
        for status in (decide.NEW, decide.EXISTING):
            chosen = [change for change, its in changes.items() if its == status]
            for path, data, inside in governing.by_file(chosen, self.sides.tree(WORK_TREE).read, base):
                found += [(finding, status) for finding in examiner.stated(path, data, inside)]
        return found

    def _changes_to_checks(self) -> list[Change]:
        proposal = self.judge.proposal
        touched = {path for new, (_, old) in self.changes.items() for path in (new, old)}
        base, head = self.sides.tree(_some(self.base.commit)).read, self.sides.tree(WORK_TREE).read
        found = list(enforcement.changes(touched, base, head))
        if proposal is not None:
            released = self._released(proposal.after.bundle)
            found += governing.of_policies(proposal.before, proposal.after, self.question.date, released)
        return found

    def _released(self, bundle: Bundle) -> str:
        """How many findings of the repository as it is the policy of the head would let go, as a sentence."""
        if self.base.is_proposal or not self._is_whole():
            return ""
        law = derive(bundle, self.question.only, self.question.cache)
        other = replace(self.sides, law=law, _trees={}, _projects={}, _modules=None, _reexports={})
        tasks = [Task(WORK_TREE, entry.path, entry) for entry in self._inventory().entries]
        context = self._context(self._run(), frozenset())
        now, then = (
            _levels([one for result in sides.examined(tasks) for one in result.findings], sides.law.bundle, context)
            for sides in (self.sides, other)
        )
        counts = Counter(level for name, level in now.items() if then.get(name, Level.OFF) < level)
        said = [f"{counts[level]} {level.name.lower()}" for level in (Level.BLOCK, Level.WARN) if counts[level]]
        return f"It would release {' and '.join(said)}." if said else "It releases nothing that is here today."

    def _was_stale(self, count: WaiverCount) -> bool:
        """Whether nothing in this change made the waiver stale: it was there, and time or others did it."""
        if self.base.commit is None:
            return False
        touched = {old for _, old in self.changes.values()} | set(self.changes)
        waiver = count.waiver
        if any(globs.matches(path, waiver.paths) for path in touched) or (waiver.fingerprints and touched):
            return count.state in ("expired", "grace", "invalid")
        return True

    def _is_whole(self) -> bool:
        """Whether everything is looked at, so that something can be said of the repository as a whole."""
        question = self.question
        if question.stdin is not None or question.only or self._is_hook():
            return False
        return not question.paths or any(map(self._is_root, question.paths))

    def _is_root(self, path: str) -> bool:
        return os.path.realpath(Path(self.question.folder, path)) == os.path.realpath(self.root)

    def _context(self, run: Run, examined: frozenset[str]) -> decide.Context:
        return decide.Context(
            repository=run.repository,
            branch=self.sides.branch(),
            date=self.question.date,
            base=self.base.commit,
            is_proposal=self.base.is_proposal,
            owners=self._owners(),
            elsewhere=self._elsewhere(examined),
        )

    def _owners(self) -> dict[str, tuple[str, ...]]:
        """Who owns each file that differs from the base, as the base's CODEOWNERS says: the head's may say anything."""
        if self.base.commit is None or self.base.is_proposal:
            return {}
        tree = self.sides.tree(self.base.law or self.base.commit)
        owners = codeowners.load(tree.read)
        return {path: owners.owners(path) for pair in self.changes.items() for path in (pair[0], pair[1][1])}

    def _elsewhere(self, examined: frozenset[str]) -> dict[str, int]:
        """Findings that path waivers name in files that nobody asked about: they count towards the limits."""
        bundle = self.law.bundle
        repository = self.sides.repository()
        patterns = [pattern for waiver in bundle.waivers for pattern in waiver.paths]
        if not patterns:
            return {}
        paths = [
            path
            for path in self.sides.tree(WORK_TREE).paths()
            if path not in examined and globs.matches(path, patterns)
        ]
        entries = {entry.path: entry for entry in self.sides.disk().inventory().entries}
        results = self.sides.examined(Task(WORK_TREE, path, entries[path]) for path in paths if path in entries)
        findings = [finding for result in results for finding in result.findings]
        return {
            waiver.id: sum(waiving.names(waiver, finding, bundle, repository) for finding in findings)
            for waiver in bundle.waivers
        }

    # -- what is looked at

    def _inventory(self) -> discover.Inventory:
        question = self.question
        if question.stdin is not None:
            path = discover.place(self.root, question.stdin[0], question.folder)
            return discover.Inventory(self.root, (discover.Entry(path, kind_of_name(path) or Kind.TEXT),))
        if question.paths or self.git is None:
            if all(map(self._is_root, question.paths)):
                inventory = self.sides.disk().inventory()
            else:
                inventory = discover.discover(self.root, question.paths, self.git, question.folder)
            if not inventory.entries:
                # In CI a wrong folder must not look like a clean one.
                asked = ", ".join(question.paths) or self.root
                raise MlgateError(f"{asked}: no file to look at; is it the right folder, and is it checked out?")
            return inventory
        if self._is_hook():
            # A hook without files: what is staged, deletions included; in a push what the branch changes.
            changed = self.git.staged() if self.base.commit in (None, self.git.head()) else self.changes
            staged = [path for path, (status, _) in changed.items() if status != "D"]
            nothing = discover.Inventory(self.root, ())
            return discover.discover(self.root, staged, self.git, self.root) if staged else nothing
        return self.sides.disk().inventory()

    def _is_hook(self) -> bool:
        return bool(self.question.environment.get("PRE_COMMIT")) or _committing(
            self.root, self.git, self.question.environment
        )

    def _tasks(self, inventory: discover.Inventory) -> list[Task]:
        """What is read from disk; under a hook of git itself, what is read from the index: that is what is committed.

        pre-commit puts away what is not staged, so under it the disk holds the same.
        """
        bare = (
            self.git is not None
            and not self.question.paths
            and _committing(self.root, self.git, self.question.environment)
        )
        if not bare or self.question.environment.get("PRE_COMMIT"):
            return [Task(WORK_TREE, entry.path, entry) for entry in inventory.entries]
        git = _some(self.git)
        index = git.tracked()
        known = [entry for entry in inventory.entries if entry.path in index and entry.problem is None]
        staged = discover.read_blobs(git, [(entry.path, *index[entry.path]) for entry in known], discover.INDEX)
        tasks = [Task(WORK_TREE, one.path, None, one.kind, one.data) for one in staged if isinstance(one, Source)]
        read = {task.path for task in tasks}
        return tasks + [Task(WORK_TREE, entry.path, entry) for entry in inventory.entries if entry.path not in read]

    def _whose_answers_differ(self, inventory: discover.Inventory) -> list[discover.Entry]:
        """Files that nobody touched and that may be judged differently: their project says something else now."""
        assert self.base.commit is not None
        pairs = [(path, was) for path, (_, was) in self.changes.items()]
        versions_moved = any(is_dependency_file(path) for pair in pairs for path in pair)
        words = [] if versions_moved else self._modules_changed(pairs)
        if not versions_moved and not words:
            return []
        known = {entry.path for entry in inventory.entries}
        tree = self.sides.tree(WORK_TREE)
        asked = re.compile(rb"(?<!\w)(?:" + b"|".join(map(re.escape, words)) + rb")(?!\w)")
        return [
            entry
            for entry in self.sides.disk().inventory().entries
            # What git does not track is no part of the change.
            if entry.path not in known
            and entry.object_id is not None
            and entry.kind in (Kind.PYTHON, Kind.NOTEBOOK, Kind.TEXT, Kind.MARKDOWN)
            and (data := tree.read(entry.path)) is not None
            and (versions_moved or asked.search(data))
        ]

    def _modules_changed(self, pairs: Sequence[tuple[str, str]]) -> list[bytes]:
        """What files that import a module whose exports changed must hold: its name."""
        head, old = self.sides.project(WORK_TREE), self.sides.project(_some(self.base.commit))
        names = {
            _name_of(path) for path, was in pairs if path.endswith(".py") and _exports(head, path) != _exports(old, was)
        } - {b""}
        if not names:
            return []
        # Modules that hand on what they import change with it.
        tree = self.sides.tree(WORK_TREE)
        modules = {path: tree.read(path) or b"" for path in tree.paths() if path.endswith(".py")}
        waiting = set(names)
        while waiting:
            mentioned = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(waiting))) + rb")\b")
            found = {_name_of(path) for path, data in modules.items() if mentioned.search(data) and b"import" in data}
            waiting = found - names - {b""}
            names |= waiting
        return sorted(names)

    # -- new or existing

    def _statuses(self, findings: Sequence[Finding], examined: frozenset[str]) -> tuple[str, ...]:
        if self.base.earlier is not None:
            # A report holds digests of what was found, so what is found now is compared by them.
            now = [replace(finding, canonical=finding.subject_digest) for finding in findings]
            renamed = self.law.bundle.renamed
            then = [replace(finding, rule=renamed.get(finding.rule, finding.rule)) for finding in self.base.earlier]
            return newness.statuses(now, then, {})
        if self.base.commit is None:
            return ("new",) * len(findings)
        was = {path: old for path, (_, old) in self.changes.items()}
        wanted = {was.get(finding.location.path, finding.location.path) for finding in findings}
        # What may have moved here is gone from where it was. A changed file that was not looked at may still hold it.
        wanted |= {
            old for path, (status, old) in self.changes.items() if status == "D" or (status != "A" and path in examined)
        }
        renames = {old: path for path, (status, old) in self.changes.items() if status == "R"}
        sides = [self.sides.at(commit, wanted) for commit in (self.base.commit, *self.base.merged)]
        known = newness.union(sides) if len(sides) > 1 else sides[0]
        unknown = newness.to_look_up(findings, known)
        elsewhere = self._used_elsewhere(unknown, wanted) if unknown else frozenset()
        return newness.statuses(findings, known, renames, elsewhere)

    def _used_elsewhere(self, uses: frozenset[newness.Use], seen: set[str]) -> frozenset[newness.Use]:
        """Of unpinned assets, those that the base uses unpinned in a file that was not read yet."""
        assert self.git is not None and self.base.commit is not None
        paths = self.git.grep(self.base.commit, {asset for _, asset in uses}) - seen
        return newness.unpinned(self.sides.at(self.base.commit, paths)) & uses

    # -- the run

    def _run(self) -> Run:
        git = self.git
        return Run(
            repository=self.sides.repository(),
            commit=git.head() if git else None,
            ref=self.sides.ref(),
            base=self.base.commit,
            base_note=self.base.note,
            date=self.question.date,
            only=self.question.only,
            branch=self.sides.branch(),
            notes=tuple(filter(None, (self.judge.note, self._left_out()))),
        )

    def _left_out(self) -> str:
        """What was not concluded, where somebody may take it for concluded."""
        if not self.law.bundle.waivers or self._is_whole():
            return ""
        return "Whether every waiver is still needed was not looked at: that takes the whole repository."


def _levels(findings: Sequence[Finding], bundle: Bundle, context: decide.Context) -> dict[str, Level]:
    """Level by fingerprint, of findings that are judged as new and without waivers."""
    decisions = decide.decide(findings, ["new"] * len(findings), replace(bundle, waivers=()), context)
    return {decision.finding.fingerprint: decision.level for decision in decisions}


def _some(thing: Thing | None) -> Thing:
    assert thing is not None
    return thing


def _name_of(path: str) -> bytes:
    """The name under which the module at `path` is imported."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    name = posixpath.basename(posixpath.dirname(path)) if stem == "__init__" else stem
    return name.encode("utf-8", "surrogateescape")


def _exports(project: Repository, path: str) -> Mapping[str, object]:
    """What the module at `path` holds for others, as its neighbour sees it."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    return project.module("." if stem == "__init__" else f".{stem}", path)


def _counted(assets: Iterable[Asset]) -> tuple[AssetCount, ...]:
    references: Counter[tuple[str, str, str]] = Counter()
    pinned: Counter[tuple[str, str, str]] = Counter()
    for asset in assets:
        key = (asset.type, asset.source, asset.id)
        references[key] += 1
        pinned[key] += asset.pinned
    return tuple(AssetCount(*key, references[key], pinned[key]) for key in sorted(references))
