"""`mlgate policy`: what looks after policies."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb and of its actions."""
    policy = verbs.add_parser("policy", help="look after policies", allow_abbrev=False)
    actions = policy.add_subparsers(metavar="ACTION", required=True)
    test = actions.add_parser(
        "test", parents=[common], help="schema, examples and tests of a policy", allow_abbrev=False
    )
    test.add_argument(
        "source",
        nargs="*",
        metavar="SRC",
        help="policy files or folders (default: the repository's, else the shipped one)",
    )
    test.add_argument("--strict", action="store_true", help="notes fail too, such as a known miss that is found by now")
    test.add_argument(
        "--mutants",
        action="store_true",
        help="change one level, date, bound or predicate at a time: a test must notice each",
    )
    test.add_argument(
        "--changed", action="store_true", help="the arguments are changed files: test each policy that one belongs to"
    )
    test.set_defaults(run=_test)
    show = actions.add_parser(
        "show", parents=[common], help="what holds here, and which line says so", allow_abbrev=False
    )
    show.add_argument("path", nargs="?", default="", metavar="PATH", help="a file of the repository (default: any)")
    show.add_argument("--as-of", metavar="DATE", help="on this day, YYYY-MM-DD (default: today, UTC)")
    show.set_defaults(run=_show)
    diff = actions.add_parser(
        "diff",
        parents=[common],
        help="what another policy would newly block, warn about or release",
        allow_abbrev=False,
    )
    diff.add_argument("old", metavar="OLD", help="a policy: file, folder, URL@COMMIT, or a commit of this repository")
    diff.add_argument("new", metavar="NEW", help="another one")
    diff.add_argument(
        "targets", nargs="*", metavar="PATH", help="checkouts, or JSON reports without any checkout (default: this one)"
    )
    diff.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="(default: text)")
    diff.add_argument("--as-of", metavar="DATE", help="judge as on this day, YYYY-MM-DD (default: today, UTC)")
    diff.set_defaults(run=_diff)


def _show(options: argparse.Namespace) -> int:
    from mlgate.cascade import Here
    from mlgate.discover import place
    from mlgate.git.processes import find_root
    from mlgate.git.repository import Git
    from mlgate.policy import load
    from mlgate.verbs import policy_show

    root = console.root(options).resolve()
    git = Git(str(root)) if find_root(str(root)) == str(root) else None
    ref = git.ref() if git else None
    here = Here(
        date=console.date(options.as_of),
        path=place(str(root), options.path, str(console.here())) if options.path else "",
        repository=git.repository() if git else None,
        branch=ref.removeprefix("refs/heads/") if ref else None,
    )
    console.write(policy_show.show(load(options.policy, root, console.pins()), here, console.looks(options)))
    return console.NOTHING_BLOCKS


def _diff(options: argparse.Namespace) -> int:
    from mlgate import scan
    from mlgate.decide import Context
    from mlgate.model import Finding
    from mlgate.policy import Loaded
    from mlgate.question import Question
    from mlgate.verbs import policy_diff

    environment = dict(os.environ)
    date = console.date(options.as_of)
    pins = console.pins()
    targets = [str(Path(target)) for target in options.targets]
    show = console.progress(environment, options, "repositories", least=2)
    done = 0

    def examine(root: Path, loaded: Loaded) -> tuple[Finding, ...]:
        nonlocal done
        question = Question(
            folder=str(root),
            paths=(),
            environment=environment,
            date=date,
            jobs=console.cpus(),
            cache=console.cache(),
            repository=str(root),
        )
        found = scan.findings_under(question, loaded)
        done += 1
        if show is not None:
            show(done // 2, len(targets))
        return found

    old, new = (policy_diff.side(spec, console.here(), environment, pins) for spec in (options.old, options.new))
    found = policy_diff.difference(old, new, targets, Context(date=date), examine)
    console.write(policy_diff.FORMATS[options.format](found))
    return console.NOTHING_BLOCKS


def _test(options: argparse.Namespace) -> int:
    from mlgate.verbs import policy_test

    root = console.root(options)
    if options.changed:
        return policy_test.run_changed(options.source, root, console.write, console.pins())
    sources = options.source or [options.policy]
    progress = console.progress(dict(os.environ), options, "mutants", least=5)
    return max(
        policy_test.run(
            source,
            root,
            console.write,
            console.pins(),
            strict=options.strict,
            mutate=options.mutants,
            verbose=options.verbose,
            progress=progress,
        )
        for source in sources
    )
