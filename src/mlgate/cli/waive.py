"""`mlgate waive`: ask that a finding is accepted."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    waive = verbs.add_parser(
        "waive", parents=[common], help="ask that a finding is accepted, for a while", allow_abbrev=False
    )
    waive.add_argument("target", metavar="PATH|FINGERPRINT", help="a file, whose findings are offered, or one finding")
    waive.add_argument(
        "--type",
        choices=("false-positive", "mitigated", "accepted-risk", "emergency"),
        default="",
        help="a false alarm, made safe elsewhere, a risk that is taken, or urgent",
    )
    waive.add_argument("--reason", default="", help="one sentence that a stranger understands")
    waive.add_argument("--owner", default="", help="who removes it again (default: the file's owner by CODEOWNERS)")
    waive.add_argument(
        "--until", metavar="DATE", default="", help="last day, YYYY-MM-DD (default: what the policy admits)"
    )
    waive.add_argument("--ticket", default="", help="where it is tracked")
    waive.add_argument("--as-of", metavar="DATE", help="as on this day, YYYY-MM-DD (default: today, UTC)")
    waive.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    from mlgate import scan
    from mlgate.question import Question
    from mlgate.verbs import waive

    today = console.date(options.as_of)
    given = waive.Given(
        target=options.target,
        type=options.type,
        reason=options.reason,
        owner=options.owner,
        until=console.date(options.until) if options.until else "",
        ticket=options.ticket,
    )
    is_finding = re.fullmatch(r"\d+:[0-9a-f]+", options.target) is not None
    question = Question(
        folder=str(console.here()),
        paths=() if is_finding else (options.target,),
        environment=dict(os.environ),
        date=today,
        policy=options.policy,
        jobs=console.cpus(),
        cache=console.cache(),
        repository=options.repo,
    )
    report, bundle, root = scan.check_with_law(question)
    ask = _ask if sys.stdin.isatty() else None
    proposal = waive.propose(given, report, bundle, Path(root), today, ask)
    file = Path(root) / waive.FILE
    file.parent.mkdir(exist_ok=True)
    console.write_file(file, proposal.text)
    console.write(proposal.said)
    return console.NOTHING_BLOCKS


def _ask(question: str) -> str:
    console.write(question)
    return sys.stdin.readline().strip()
