"""`mlgate stats`: numbers over many reports, or over the history of a checkout."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console
from mlgate.errors import MlgateError

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs
    from mlgate.model import Finding
    from mlgate.verbs.stats.history import History


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    stats = verbs.add_parser(
        "stats", parents=[common], help="what many reports say of rules, waivers and pins", allow_abbrev=False
    )
    stats.add_argument(
        "places", nargs="*", metavar="PATH", help="JSON reports and folders of them; with --history checkouts"
    )
    stats.add_argument("--format", metavar="F[=FILE]", default="text", help="text, json or html (default: text)")
    stats.add_argument("--expect", metavar="FILE", help="repositories that should report, owner/name a line")
    stats.add_argument(
        "--stale-days", metavar="N", type=int, default=14, help="a report that is older counts as none (default: 14)"
    )
    stats.add_argument("--as-of", metavar="DATE", help="on this day, YYYY-MM-DD (default: today, UTC)")
    stats.add_argument(
        "--history", action="store_true", help="since when each finding is there, over first-parent commits"
    )
    stats.add_argument("--every", metavar="DAYS", type=int, default=7, help="one commit for so many days (default: 7)")
    stats.add_argument("--most", metavar="N", type=int, default=26, help="at most so many commits (default: 26)")
    stats.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    name, separator, file = options.format.partition("=")
    if name not in ("text", "json", "html") or (separator and not file):
        raise MlgateError(f"--format {options.format}: take text, json or html, or one with its file: html=stats.html")
    printed = _history(options, name) if options.history else _reports(options, name)
    if file:
        console.write_file(Path(file), printed)
    else:
        console.write(printed)
    return console.NOTHING_BLOCKS


def _reports(options: argparse.Namespace, name: str) -> str:
    from mlgate.verbs.stats import count, page, reports, text

    if not options.places:
        raise MlgateError("no report is named; `mlgate stats FOLDER` reads every *.json in it")
    snapshots = reports.read(map(Path, options.places))
    found = count.statistics(snapshots, _expected(options.expect), console.date(options.as_of), options.stale_days)
    if name == "html":
        return page.page(found)
    return text.as_json(found) if name == "json" else text.text(found, console.looks(options))


def _expected(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MlgateError(f"{file}: cannot be read: {error}") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _history(options: argparse.Namespace, name: str) -> str:
    from mlgate.verbs.stats import page, text

    found = {place: _of_checkout(options, place) for place in options.places or ["."]}
    if name == "html":
        return page.history_page(found)
    return text.history_json(found) if name == "json" else text.history_text(found, console.looks(options))


def _of_checkout(options: argparse.Namespace, place: str) -> History:
    from mlgate import scan
    from mlgate.git.processes import find_root
    from mlgate.git.repository import Git
    from mlgate.question import Question
    from mlgate.verbs.stats.history import history, sampled

    root = find_root(place)
    if root is None:
        raise MlgateError(f"{place}: no git repository; --history reads commits")
    environment = dict(os.environ)
    commits = sampled(Git(root, environment).first_parents(), options.every, options.most)
    if not commits:
        raise MlgateError(f"{place}: no commit yet")
    question = Question(
        folder=root,
        paths=(),
        environment=environment,
        date=console.date(options.as_of),
        policy=options.policy,
        jobs=console.cpus(),
        cache=console.cache(),
        repository=root,
    )

    def examine(commit: str) -> tuple[Finding, ...]:
        return scan.findings_of_commit(question, commit)

    return history(commits, examine, console.progress(environment, options, "commits", least=2))
