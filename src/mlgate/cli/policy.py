"""`mlgate policy`: what looks after policies."""

from __future__ import annotations

import argparse
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
    test.add_argument(
        "--changed", action="store_true", help="the arguments are changed files: test each policy that one belongs to"
    )
    test.set_defaults(run=_test)


def _test(options: argparse.Namespace) -> int:
    from mlgate.verbs import policy_test

    root = console.root(options)
    if options.changed:
        return policy_test.run_changed(options.source, root, console.write)
    sources = options.source or [options.policy]
    return max(policy_test.run(source, root, console.write) for source in sources)
