"""`mlgate check`: the gate."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console
from mlgate.cli.console import EXIT_CODES

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    check = verbs.add_parser(
        "check",
        parents=[common],
        help="judge files: the gate",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    check.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files and folders; none: the repository, in a hook what is staged; -: standard input",
    )
    check.add_argument(
        "--base",
        metavar="REF",
        help="judge what is new against this commit, or against an earlier report (REPORT.json); auto: CI's merge base,"
        " in a push the branch it will go into, in a commit HEAD",
    )
    check.add_argument(
        "--only",
        metavar="GLOB",
        action="append",
        default=[],
        help="only rules whose id fits, e.g. 'secret/*'; may be repeated",
    )
    check.add_argument(
        "--format",
        metavar="F[=FILE]",
        action="append",
        default=[],
        help="text, json, sarif, github or markdown; may be repeated, each with its file",
    )
    check.add_argument("--as-of", metavar="DATE", help="judge as on this day, YYYY-MM-DD (default: today, UTC)")
    check.add_argument("--jobs", metavar="N", type=_jobs, help="worker processes (default: the CPUs that may be used)")
    check.add_argument("--no-cache", action="store_true", help="neither read nor write the cache of facts")
    check.add_argument(
        "--exit-zero",
        action="store_true",
        help="exit 0 even where something blocks; never hides that mlgate could not judge",
    )
    check.add_argument("--all", action="store_true", help="show every decision and each of its places, however many")
    check.add_argument("--stdin-filename", metavar="PATH", help="what `-` is called")
    check.set_defaults(run=run)


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 1 to 256")
    return int(text)


def run(options: argparse.Namespace) -> int:
    from mlgate import report, scan
    from mlgate.question import Question

    formats = console.formats(options.format)
    environment = dict(os.environ)
    stdin = console.stdin(options)
    question = Question(
        folder=str(console.here()),
        paths=() if stdin else tuple(options.paths),
        environment=environment,
        date=console.date(options.as_of),
        base=options.base,
        policy=options.policy,
        only=tuple(options.only),
        jobs=options.jobs or console.cpus(),
        cache=console.cache(wanted=not options.no_cache),
        bundles=console.cache(),
        repository=options.repo,
        stdin=stdin,
        progress=console.progress(environment, options),
    )
    judged = scan.check(question)
    blocks = any(decision.level.name == "BLOCK" for decision in judged.decisions)
    for name, file in formats:
        if file is not None:
            console.write_file(Path(file), report.render(name, judged, report.Options(width=0, quiet=False, all=True)))
    for name, file in formats:
        if file is None:
            quiet = options.quiet or bool(environment.get("PRE_COMMIT"))
            looks = report.Options(
                width=shutil.get_terminal_size((80, 24)).columns or 80,
                colour=console.colour(options.color, environment),
                quiet=quiet,
                verbose=options.verbose,
                all=options.all,
                ascii=not console.can_encode(sys.stdout, "·…“"),
            )
            console.write(report.render(name, judged, looks))
    return console.BLOCKS if blocks and not options.exit_zero else console.NOTHING_BLOCKS
