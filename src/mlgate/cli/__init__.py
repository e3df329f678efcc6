"""The command line: arguments to verbs, outcomes to exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mlgate import __version__
from mlgate.cli import check, doctor, explain, init, policy, rules, stats, waive
from mlgate.cli.console import CANNOT_JUDGE, EXIT_CODES, INTERRUPTED
from mlgate.errors import MlgateError

VERBS = (check, explain, rules, waive, policy, stats, init, doctor)
"""In the order of the help. Each adds its own arguments and says how it is run."""


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
        "--policy",
        metavar="SRC",
        help="root policy: file, folder or URL@COMMIT (default: the repository's, else the shipped one)",
    )
    parser = argparse.ArgumentParser(
        prog="mlgate",
        description="Policy as code for machine-learning repositories.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mlgate {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add(verbs, common)
    return parser
