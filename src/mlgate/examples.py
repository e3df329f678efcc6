"""The examples of rules, judged in this process: a catalogue is its own test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlgate import discover, governing, newness
from mlgate.cache import Cache
from mlgate.cascade import ANYWHERE, Bundle, Here
from mlgate.examine import Examiner
from mlgate.extract import problem_fact
from mlgate.law import Law, derive, reexports
from mlgate.match import Circumstances, KeyPath, trials
from mlgate.model import Example, Finding, Problem, Rule
from mlgate.modules import Modules
from mlgate.project import Repository
from mlgate.trees import Memory


def examine_example(example: Example, bundle: Bundle, here: Here = ANYWHERE) -> list[Finding]:
    """The findings of a rule's example, judged in this process; with a base, those that are new."""
    law = _law_of(bundle)
    if example.unread:
        examiner = Examiner(law, Repository(Memory({})), reexports(law, lambda path: None), Cache(None), 0, here)
        return list(examiner.problem("example", example.unread, "an example").findings)
    head = _of_files(example.files, law, here)
    examiner = _examiner(example.files, law, here)
    for path, data, changes in governing.of_files(example.base, example.files):
        head += examiner.stated(path, data, changes)
    if not example.base:
        return head
    statuses = newness.statuses(head, _of_files(example.base, law, here), {})
    return [finding for finding, status in zip(head, statuses, strict=True) if status == "new"]


def example_trials(example: Example, rule: Rule, bundle: Bundle) -> Iterator[tuple[KeyPath, bool]]:
    """What each part of `rule` says of the facts of an example: see `match.trials`."""
    law = _law_of(bundle)
    if example.unread:
        fact = problem_fact(Problem(example.unread, "an example"))
        yield from trials(rule, fact, Circumstances(_defaults, lambda _: None))
        return
    examiner = _examiner(example.files, law, ANYWHERE)
    for path, text in sorted(example.files.items()):
        facts, circumstances = examiner.seen(discover.source(path, _encoded(text), "example"))
        yield from (tried for fact in facts for tried in trials(rule, fact, circumstances))
    for _, data, changes in governing.of_files(example.base, example.files):
        lines = data.count(b"\n") + 1
        for change in changes:
            yield from trials(rule, change.fact(lines), Circumstances(_defaults, lambda _: None))


def _defaults(rule: Rule) -> Mapping[str, object]:
    return {name: parameter.default for name, parameter in rule.params.items()}


def _law_of(bundle: Bundle) -> Law:
    """A catalogue is tried a thousand times: the laws of the latest bundles are kept."""
    for known, law in _LAWS:
        if known is bundle:
            return law
    law = derive(bundle, (), None)
    _LAWS.append((bundle, law))
    del _LAWS[:-4]
    return law


_LAWS: list[tuple[Bundle, Law]] = []


def _of_files(files: Mapping[str, str], law: Law, here: Here) -> list[Finding]:
    examiner = _examiner(files, law, here)
    return [
        finding
        for path, text in sorted(files.items())
        for finding in examiner.examine(discover.source(path, _encoded(text), "example")).findings
    ]


def _examiner(files: Mapping[str, str], law: Law, here: Here) -> Examiner:
    tree = {path: _encoded(text) for path, text in files.items()}
    known = reexports(law, tree.get)
    return Examiner(law, Repository(Memory(tree), Modules(law.vocabulary), known), known, Cache(None), 0, here)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
