"""`mlgate policy test`: a policy's documents, its rules' examples and its own tests, tried."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from mlgate.cascade import ANYWHERE, Bundle
from mlgate.errors import MlgateError, PolicyError
from mlgate.match import KeyPath
from mlgate.model import Example, Rule
from mlgate.policy import FOLDERS, Loaded, Pins, is_policy_file, load
from mlgate.policy.documents import mapping, of_kind
from mlgate.policy.sources import InMemory
from mlgate.verbs.policy_test import lint
from mlgate.verbs.policy_test.cases import Examine, cases, failure
from mlgate.verbs.policy_test.coverage import gaps
from mlgate.verbs.policy_test.examples import GAP, claims, forms, notebook, verdict
from mlgate.yaml_strict import Document

__all__ = ["Bench", "Outcome", "examined", "forms", "notebook", "printed", "run", "run_changed", "sources_of"]


class Bench(Struct, frozen=True):
    """What examples are tried with."""

    examine: Examine
    trials: Callable[[Example, Rule, Bundle], Iterator[tuple[KeyPath, bool]]] | None = None
    """None: whether examples try every part of a rule is not asked."""


class Outcome(Struct, frozen=True):
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    rules: int
    examples: int
    tests: int
    untried: tuple[str, ...] = ()
    """Parts of shipped rules that their examples try in one direction only: our debt, and nobody else's failure."""


def run(
    source: str | Path | None = None,
    root: Path | None = None,
    write: Callable[[str], object] | None = None,
    pins: Pins | None = None,
    *,
    strict: bool = False,
    mutate: bool = False,
    verbose: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Test one policy source and write what came out: 0 all holds, 1 something fails, 2 it cannot be read.

    `strict`: a note fails too. `mutate`: each level, date, bound and predicate is changed, and something must notice.
    """
    write = write or sys.stdout.write
    try:
        tested = loaded(source, root, pins)
        outcome = examined(tested, bench())
    except PolicyError as error:
        write(f"{error}\n")
        return 2
    write(printed(outcome, verbose=verbose))
    if outcome.failures:
        return 1
    if mutate and not _mutated(tested, write, progress):
        return 1
    return 1 if strict and outcome.notes else 0


def _mutated(tested: Loaded, write: Callable[[str], object], progress: Callable[[int, int], None] | None) -> bool:
    """Whether every change is noticed. Raises MlgateError for what builds on another place."""
    from mlgate.verbs.policy_test.mutants import survivors

    if tested.pins or not tested.is_settled:
        raise MlgateError(
            "--mutants: this builds on a policy elsewhere; change that one where it stands, with its own tests"
        )

    left, tried = survivors(tested, bench().examine, progress)
    write("".join(f"SURVIVES {one}\n" for one in left))
    write(f"{_counted(tried, 'mutant')}: {f'{len(left)} survive; each wants a test' if left else 'none survives'}\n")
    return not left


def bench() -> Bench:
    """The real one."""
    from mlgate.examples import examine_example, example_trials

    return Bench(examine_example, example_trials)


def loaded(source: str | Path | None, root: Path | None, pins: Pins | None) -> Loaded:
    """The policy to test: the one that is named, without what the repository at `root` adds to it; else that one."""
    return load(source, root, pins, files=None if source is None else InMemory({}, ""))


def run_changed(
    paths: Sequence[str],
    root: Path | None = None,
    write: Callable[[str], object] | None = None,
    pins: Pins | None = None,
) -> int:
    """Test every policy that one of the changed files belongs to; the worst exit code. For the pre-commit hook."""
    root = Path.cwd() if root is None else root
    return max((run(source, root, write, pins) for source in sources_of(paths, root)), default=0)


def sources_of(paths: Sequence[str], root: Path) -> tuple[Path | None, ...]:
    """The policy sources that the files are part of; None stands for the repository's own policy.

    A file in a folder with rules/, policies/, teams/ or waivers/ is part of that bundle; another one stands alone.
    Files that are no policy documents are left out.
    """
    found: dict[Path | None, None] = {}
    for name in paths:
        path = root / name
        parts = Path(name).parts
        if parts and parts[0] in (".mlgate", ".mlgate.yaml"):
            found[None] = None
        elif path.is_file() and is_policy_file(path):
            folder = path.parent.parent if path.parent.name in FOLDERS else path.parent
            bundled = any(next((folder / name).glob("*.yaml"), None) for name in FOLDERS if name)
            found[folder if bundled else path] = None
    return tuple(found)


def examined(loaded: Loaded, bench: Bench) -> Outcome:
    """Everything that a loaded policy claims of itself, tried."""
    bundle = loaded.bundle
    failures = [*loaded.slips, *lint.policy_failures(loaded.documents, bundle), *lint.waiver_failures(bundle)]
    notes = [*loaded.advice, *lint.policy_notes(loaded.documents, bundle)]
    own = of_kind(loaded.documents, "Rule")
    untried: list[str] = []
    examples = 0
    for document in own:
        rule = bundle.rules[str(mapping(document.data)["id"])]
        for path, kind, label, example in claims(rule):
            examples += 1
            said = [
                document.problem(path, f"{label}: {what}")
                for what in verdict(rule.id, kind, bench.examine(example, bundle, ANYWHERE))
            ]
            # A miss that mlgate learnt to see is no fault of the policy: an upgrade turns nobody red.
            (notes if kind == GAP else failures).extend(said)
        failures += lint.rule_failures(document, rule)
        (untried if _is_shipped(document) else failures).extend(_untried(document, rule, bench, bundle))
        notes += lint.rule_notes(document, rule, bundle)
    tests = list(cases(loaded.documents))
    for document, path, test in tests:
        if wrong := failure(test, document, bundle, bench.examine):
            failures.append(document.problem(path, wrong))
    return Outcome(tuple(failures), tuple(notes), len(own), examples, len(tests), tuple(untried))


def printed(outcome: Outcome, *, verbose: bool = False) -> str:
    """What the verb prints: notes, failures, and a line that counts."""
    lines = [f"note: {note}" for note in outcome.notes]
    if verbose:
        lines += [f"untried: {one}" for one in outcome.untried]
    elif outcome.untried:
        lines.append(
            f"note: {len(outcome.untried)} parts of shipped rules are tried in one direction only; -v lists them"
        )
    lines += [f"FAIL {failure}" for failure in outcome.failures]
    counts = [
        _counted(outcome.rules, "rule"),
        _counted(outcome.examples, "example"),
        _counted(outcome.tests, "test"),
    ]
    verdict = _counted(len(outcome.failures), "failure") if outcome.failures else "all hold"
    lines.append(f"{', '.join(counts)}: {verdict}")
    return "\n".join(lines) + "\n"


def _untried(document: Document, rule: Rule, bench: Bench, bundle: Bundle) -> Iterator[str]:
    """Parts of the rule that its examples do not try in both directions."""
    trials = bench.trials
    if trials is None:
        return
    examples = [form for one in (*rule.bad, *rule.good) for _, form in forms(one)]
    for path, what in gaps(rule, examples, lambda example, rule: trials(example, rule, bundle)):
        yield document.problem(path, what)


def _is_shipped(document: Document) -> bool:
    return document.path.startswith("mlgate/policies/")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
