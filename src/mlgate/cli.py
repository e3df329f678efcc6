"""The command line: arguments to verbs, reports to streams, outcomes to exit codes."""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mlgate import __version__
from mlgate.errors import MlgateError

NOTHING_BLOCKS = 0
BLOCKS = 1
CANNOT_JUDGE = 2
INTERRUPTED = 130

_EXIT_CODES = """\
exit codes:  0 nothing blocks · 1 something blocks · 2 mlgate could not judge · 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. A finding outranks nothing but an error; the format never changes the code."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser().parse_args(argv)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except MlgateError as error:
        _say(f"mlgate: {error}\n")
        return CANNOT_JUDGE
    except KeyboardInterrupt:
        _say("mlgate: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has seen enough. Nothing was judged to the end: that is not a pass.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CANNOT_JUDGE
    except Exception as error:
        what = f"internal error: {type(error).__name__} in {_where(error)}"
        _say(f"mlgate: {what}; nothing was judged. Please report it.\n")
        if os.environ.get("MLGATE_DEBUG"):
            raise
        return CANNOT_JUDGE


def _where(error: BaseException) -> str:
    """Module and line, without any value: an exception's text may hold what was scanned."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _say(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "backslashreplace").decode())


# --- arguments


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-q", "--quiet", action="store_true", help="say nothing unless something blocks")
    common.add_argument("-v", "--verbose", action="store_true", help="unfold warnings, and say who decided what")
    common.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="(default: auto)")
    common.add_argument("--repo", metavar="DIR", help="root of the repository (default: the nearest .git upwards)")
    common.add_argument(
        "--policy", metavar="SRC", help="policy file or folder (default: the repository's, else the shipped one)"
    )
    parser = argparse.ArgumentParser(
        prog="mlgate",
        description="Policy as code for machine-learning repositories.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mlgate {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _check_parser(verbs, common)
    explain = verbs.add_parser(
        "explain", parents=[common], help="why a rule exists, and what to do", allow_abbrev=False
    )
    explain.add_argument("what", metavar="RULE", help="id of a rule, e.g. unsafe-load/torch-load")
    explain.set_defaults(run=_explain)
    rules = verbs.add_parser("rules", parents=[common], help="the catalogue, a line each", allow_abbrev=False)
    rules.set_defaults(run=_rules)
    _policy_parser(verbs, common)
    return parser


def _check_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    check = verbs.add_parser(
        "check",
        parents=[common],
        help="judge files: the gate",
        epilog=_EXIT_CODES,
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
        "--base", metavar="REF", help="judge what is new against this commit; auto: CI's merge base, in a commit HEAD"
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
        help="text, json, sarif or github; may be repeated, each with its file",
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
    check.set_defaults(run=_check)


def _policy_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
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
    test.set_defaults(run=_policy_test)


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 1 to 256")
    return int(text)


# --- verbs


def _check(options: argparse.Namespace) -> int:
    from mlgate import cache_folder, report, scan

    formats = _formats(options.format)
    environment = dict(os.environ)
    place = None if options.no_cache else cache_folder.find(environment, make=True)
    stdin = _stdin(options)
    question = scan.Question(
        folder=str(Path.cwd()),
        paths=() if stdin else tuple(options.paths),
        environment=environment,
        date=_date(options.as_of),
        base=options.base,
        policy=options.policy,
        only=tuple(options.only),
        jobs=options.jobs or _cpus(),
        cache=Path(place) if place else None,
        repository=options.repo,
        stdin=stdin,
        progress=_progress(environment, options, formats),
    )
    judged = scan.check(question)
    blocks = any(decision.level.name == "BLOCK" for decision in judged.decisions)
    for name, file in formats:
        if file is not None:
            _write(Path(file), report.render(name, judged, report.Options(width=0, quiet=False, all=True)))
    for name, file in formats:
        if file is None:
            quiet = options.quiet or bool(environment.get("PRE_COMMIT"))
            looks = report.Options(
                width=shutil.get_terminal_size((80, 24)).columns or 80,
                colour=_colour(options.color, environment),
                quiet=quiet,
                verbose=options.verbose,
                all=options.all,
                ascii=not _can_encode(sys.stdout, "·…“"),
            )
            _print(report.render(name, judged, looks))
    return BLOCKS if blocks and not options.exit_zero else NOTHING_BLOCKS


def _explain(options: argparse.Namespace) -> int:
    from mlgate import explain
    from mlgate.policy import load_bundle

    bundle = load_bundle(options.policy, _root(options))
    _print(explain.explain(options.what, bundle, _looks(options)))
    return NOTHING_BLOCKS


def _rules(options: argparse.Namespace) -> int:
    from mlgate import explain
    from mlgate.policy import load_bundle

    _print(explain.rules(load_bundle(options.policy, _root(options)), _looks(options)))
    return NOTHING_BLOCKS


def _policy_test(options: argparse.Namespace) -> int:
    from mlgate import policy_test

    root = _root(options)
    if options.changed:
        return policy_test.run_changed(options.source, root, _print)
    sources = options.source or [options.policy]
    return max(policy_test.run(source, root, _print) for source in sources)


# --- what the machine is asked, here and nowhere below


def _formats(given: Sequence[str]) -> list[tuple[str, str | None]]:
    """(format, file) pairs, one without file for stdout. Raises MlgateError for an unknown format or two on stdout."""
    from mlgate import report

    formats: list[tuple[str, str | None]] = []
    for one in given or ["text"]:
        name, separator, file = one.partition("=")
        if name not in report.FORMATS:
            raise MlgateError(f"--format {name}: no such format; take one of {', '.join(report.FORMATS)}")
        if separator and not file:
            raise MlgateError(
                f"--format {one}: no file after '='; write {name}=FILE, or {name} alone for standard output"
            )
        formats.append((name, file or None))
    if sum(file is None for _, file in formats) > 1:
        raise MlgateError(
            "--format: only one report can go to standard output; give the others a file, e.g. sarif=mlgate.sarif"
        )
    return formats


def _stdin(options: argparse.Namespace) -> tuple[str, bytes] | None:
    if "-" not in options.paths:
        if options.stdin_filename:
            raise MlgateError("--stdin-filename: names what `-` reads; add - as the path")
        return None
    if options.paths != ["-"]:
        raise MlgateError("-: standard input is judged alone; leave the other paths out")
    if not options.stdin_filename:
        raise MlgateError("-: say what it is called, e.g. --stdin-filename notebook.ipynb")
    return options.stdin_filename, sys.stdin.buffer.read()


def _date(given: str | None) -> str:
    if given is None:
        return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    try:
        return datetime.date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise MlgateError(f"--as-of {given}: not a date; write YYYY-MM-DD") from error


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _root(options: argparse.Namespace) -> Path:
    from mlgate.git import find_root

    return Path(options.repo or find_root(str(Path.cwd())) or Path.cwd())


def _looks(options: argparse.Namespace) -> report.Options:  # type: ignore[name-defined]  # noqa: F821
    from mlgate import report

    return report.Options(
        width=shutil.get_terminal_size((80, 24)).columns or 80,
        colour=_colour(options.color, os.environ),
        quiet=options.quiet,
        verbose=options.verbose,
        ascii=not _can_encode(sys.stdout, "·…“"),
    )


def _colour(choice: str, environment: Mapping[str, str]) -> bool:
    """`--color` first, then NO_COLOR and FORCE_COLOR, then whether a terminal is there. Source: no-color.org."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and environment.get("TERM") != "dumb"


def _can_encode(stream: object, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print(text: str) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    buffer.write(text.encode(encoding, "backslashreplace"))
    buffer.flush()


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a report that was cut short must not look like a short report."""
    target = Path(os.path.realpath(file))
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    # A device or a pipe is written to; a file put in its place would take /dev/stdout from the machine.
    is_device = target.exists() and not target.is_file()
    try:
        (target if is_device else beside).write_text(text, encoding="utf-8", newline="\n")
        if not is_device:
            beside.replace(target)
    except OSError as error:
        if not is_device:
            beside.unlink(missing_ok=True)
        raise MlgateError(
            f"{file}: the report cannot be written: {error.strerror}; check folder and permissions"
        ) from error


def _progress(
    environment: Mapping[str, str], options: argparse.Namespace, formats: Sequence[tuple[str, str | None]]
) -> Callable[[int, int], None] | None:
    """A counter on a terminal, nothing in a pipe or a hook."""
    if options.quiet or environment.get("PRE_COMMIT") or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        if total < 50:
            return
        if done == total:
            sys.stderr.write("\r\x1b[K")
        elif done % 20 == 0:
            sys.stderr.write(f"\r\x1b[K{done} of {total} files")
        sys.stderr.flush()

    return show
